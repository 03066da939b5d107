"""How bodies and queries come in: as checked values, or as a refusal that names the field."""

from typing import Any, TypeVar

import orjson
from flask import request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from chat_app.errors import InvalidRequest, PayloadTooLarge

Model = TypeVar("Model", bound=BaseModel)


def body(model: type[Model]) -> Model:
    """The JSON body as `model`; an empty one is an empty object. Raises `InvalidRequest`,
    `PayloadTooLarge`.
    """
    raw = request.get_data()
    if len(raw) == request.max_content_length:
        # Werkzeug stops reading a chunked body there and does not say that there was more.
        raise PayloadTooLarge
    return checked(model, document(raw, "body") if raw else {})


def document(raw: str | bytes, what: str) -> dict[str, Any]:
    """The JSON object that `what` is. Raises `InvalidRequest`."""
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"The {what} is not JSON in UTF-8.") from error
    if not isinstance(data, dict):
        raise InvalidRequest(f"The {what} must be a JSON object.")
    return data


def query(model: type[Model]) -> Model:
    """The query as `model`; names it does not know are left alone, and those without a value,
    as a form sends what was not filled in. Raises `InvalidRequest`.
    """
    known = {name: request.args.get(name) for name in model.model_fields}
    known = {name: value for name, value in known.items() if value}
    return checked(model, known, strict=False)


def checked(model: type[Model], data: dict[str, Any], strict: bool = True) -> Model:
    """`data` as `model`. Raises `InvalidRequest` that names the field."""
    try:
        return model.model_validate(data, strict=strict)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False)[0]) from error


def _refusal(detail: ErrorDetails) -> InvalidRequest:
    field = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return InvalidRequest(f"There is no field {field!r} here."[:200], field=field[:100])
    return InvalidRequest(f"{field}: {detail['msg']}."[:300], field=field[:100])
