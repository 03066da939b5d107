"""What Flask and its extensions raise, as errors of ours."""

import secrets

import structlog
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WrongMethod

from chat_app.errors import (
    CsrfFailed,
    HoldfastError,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    RateLimited,
)

BY_STATUS: dict[int, type[HoldfastError]] = {
    404: NotFound,
    413: PayloadTooLarge,
}

log = structlog.get_logger()


def as_ours(raised: Exception) -> HoldfastError:
    """The error a client is told; what nobody foresaw is logged under its incident id."""
    if isinstance(raised, HoldfastError):
        if raised.http_status >= 500:
            log.warning(
                "refused", error_code=raised.error_code, cause=repr(raised.__cause__ or raised)
            )
        return raised
    if isinstance(raised, CSRFError):
        return CsrfFailed()
    if isinstance(raised, RateLimitExceeded):
        return RateLimited(retry_after=raised.limit.limit.get_expiry())
    if isinstance(raised, WrongMethod):
        return MethodNotAllowed(allowed=sorted(raised.valid_methods or ()))
    if isinstance(raised, HTTPException) and raised.code is not None and raised.code < 500:
        return BY_STATUS.get(raised.code, InvalidRequest)()
    incident = secrets.token_hex(6)
    log.error("internal_error", incident=incident, exc_info=raised)
    return InternalError(incident=incident)
