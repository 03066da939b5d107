"""What a provider itself reported, by HTTP status or in words, as one of our errors. Pure."""

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from chat_app.errors import (
    ContentFiltered,
    ContextTooLong,
    HoldfastError,
    ImagesRefused,
    ProviderAuthFailed,
    ProviderBadResponse,
    ProviderModelNotFound,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
)
from chat_app.providers.redact import shown

MAX_RETRY_AFTER_S = 24 * 60 * 60

_STATUSES: dict[int, type[HoldfastError]] = {
    401: ProviderAuthFailed,
    402: ProviderAuthFailed,
    403: ProviderAuthFailed,
    404: ProviderModelNotFound,
    408: ProviderTimeout,
    409: ProviderUnavailable,
    413: ContextTooLong,
    429: ProviderRateLimited,
    504: ProviderTimeout,
    522: ProviderTimeout,
    524: ProviderTimeout,
}

# Looked for in an error's code, type and status, in this order: the exact before the general.
_CODES: tuple[tuple[str, type[HoldfastError]], ...] = (
    ("context_length", ContextTooLong),
    ("string_above_max_length", ContextTooLong),
    ("content_filter", ContentFiltered),
    ("content_policy", ContentFiltered),
    ("rate_limit", ProviderRateLimited),
    ("insufficient_quota", ProviderRateLimited),
    ("resource_exhausted", ProviderRateLimited),
    ("too_many_requests", ProviderRateLimited),
    ("api_key", ProviderAuthFailed),
    ("authentication", ProviderAuthFailed),
    ("permission", ProviderAuthFailed),
    ("unauthorized", ProviderAuthFailed),
    ("not_found", ProviderModelNotFound),
    ("timeout", ProviderTimeout),
    ("overloaded", ProviderUnavailable),
    ("server_error", ProviderUnavailable),
    ("unavailable", ProviderUnavailable),
    ("invalid_request", ProviderBadResponse),
)

# Many servers have no code for these two, so their sentences are all there is.
_WORDINGS: tuple[tuple[str, type[HoldfastError]], ...] = (
    ("maximum context length", ContextTooLong),
    ("context length", ContextTooLong),
    ("context window", ContextTooLong),
    ("context size", ContextTooLong),
    ("too many tokens", ContextTooLong),
    ("prompt is too long", ContextTooLong),
    ("content filter", ContentFiltered),
    ("content management policy", ContentFiltered),
)

# A model without eyes has no code of its own, and each server its own sentence and status. Servers
# that take no parts at all complain of the content's type.
_ABOUT_THE_QUESTION = frozenset({400, 404, 415, 422, 500, 501})
_SURE = (ContextTooLong, ContentFiltered)
_ABOUT_IMAGES = re.compile(
    r"image|multi-?modal|support\w* vision|vision (?:input|support|capab)"
    r"|content.{0,40}string|string.{0,40}content",
    re.IGNORECASE,
)


def by_status(
    status: int,
    headers: Mapping[str, str],
    body: object,
    api_key: str | None,
    has_images: bool = False,
) -> HoldfastError:
    """The error that an answer with this HTTP status stands for."""
    cls = _STATUSES.get(status)
    if cls is None and status == 400:
        cls = _by_words(body)
    if has_images and status in _ABOUT_THE_QUESTION and cls not in _SURE:
        cls = ImagesRefused if _ABOUT_IMAGES.search(str(body)) else cls
    if cls is None:
        cls = ProviderUnavailable if status >= 500 else ProviderBadResponse
    if cls is ProviderRateLimited:
        return _error(cls, body, api_key, retry_after=retry_after_s(headers))
    return _error(cls, body if body and not isinstance(body, str) else f"HTTP {status}", api_key)


def in_answer(error: object, api_key: str | None, has_images: bool = False) -> HoldfastError:
    """The error for an `{"error": …}` that came inside an answer."""
    status = _status_in(error)
    if status:
        return by_status(status, {}, error, api_key, has_images)
    cls = _by_words(error) or ProviderUnavailable
    if cls is ProviderRateLimited:
        return _error(cls, error, api_key, retry_after=None)
    return _error(cls, error, api_key)


def retry_after_s(headers: Mapping[str, str]) -> int | None:
    """Whole seconds of a Retry-After (RFC 9110 §10.2.3: seconds or a date), None without one."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value) if value[:1].isdigit() else _seconds_until(value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(seconds):
        return None
    return min(MAX_RETRY_AFTER_S, max(0, math.ceil(seconds)))


def _seconds_until(date: str) -> float:
    moment = parsedate_to_datetime(date)
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - time.time()


def _status_in(error: object) -> int:
    """OpenRouter, Gemini and vLLM give the HTTP status as the code; 0 where there is none."""
    code = error.get("code") if isinstance(error, dict) else None
    digits = code if isinstance(code, (int, str)) else ""
    digits = str(digits)[:4]
    return int(digits) if digits.isascii() and digits.isdigit() and 400 <= int(digits) < 600 else 0


def _by_words(error: object) -> type[HoldfastError] | None:
    fields = error if isinstance(error, dict) else {"message": error}
    code = " ".join(str(fields.get(name)) for name in ("code", "type", "status")).lower()
    for word, cls in _CODES:
        # invalid_request is OpenAI's type for every 400: the sentence may still say more.
        if word in code and cls is not ProviderBadResponse:
            return cls
    sentence = str(fields.get("message")).lower()
    for word, cls in _WORDINGS:
        if word in sentence:
            return cls
    return ProviderBadResponse if "invalid_request" in code else None


def _error(
    cls: type[HoldfastError], body: object, api_key: str | None, **fields: Any
) -> HoldfastError:
    # What a provider says about a key often quotes the key, in part and in other spellings.
    said = "" if cls is ProviderAuthFailed else shown(_message(body), api_key)
    return cls(f"{cls.sentence} It said: {said}" if said else None, **fields)


def _message(body: object) -> object:
    return body.get("message") if isinstance(body, dict) else body
