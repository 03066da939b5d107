"""How bodies and queries come in: as checked values, or as a refusal that names the field."""

from typing import Any, TypeVar

import orjson
from flask import request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from chat_app.errors import InvalidRequest

Model = TypeVar("Model", bound=BaseModel)


def body(model: type[Model]) -> Model:
    """The JSON body as `model`; an empty one is an empty object. Raises `InvalidRequest`."""
    raw = request.get_data()
    try:
        data = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError as error:
        raise InvalidRequest("The body is not JSON in UTF-8.") from error
    if not isinstance(data, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return _checked(model, data, strict=True)


def query(model: type[Model]) -> Model:
    """The query as `model`; names it does not know are left alone. Raises `InvalidRequest`."""
    known = {name: value for name, value in request.args.items() if name in model.model_fields}
    return _checked(model, known, strict=False)


def _checked(model: type[Model], data: dict[str, Any], strict: bool) -> Model:
    try:
        return model.model_validate(data, strict=strict)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False)[0]) from error


def _refusal(detail: ErrorDetails) -> InvalidRequest:
    field = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return InvalidRequest(f"There is no field {field!r} here."[:200], field=field[:100])
    return InvalidRequest(f"{field}: {detail['msg']}."[:300], field=field[:100])
