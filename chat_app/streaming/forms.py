"""Whether a person's answer fits the form that a tool server wants filled in. Pure.

MCP keeps such forms plain: one object of strings, numbers, yes or no, and choices
(https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#requested-schema).
"""

from typing import Any

from chat_app.errors import InvalidRequest

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
}


def check(schema: dict[str, Any], content: dict[str, Any]) -> None:
    """Raises `InvalidRequest` naming the first field that is missing or wrong."""
    fields = schema.get("properties")
    fields = fields if isinstance(fields, dict) else {}
    required = schema.get("required")
    for name in required if isinstance(required, list) else ():
        if name not in content:
            raise InvalidRequest("The form wants this field.", field=f"content.{name}")
    for name, value in content.items():
        if name not in fields:
            raise InvalidRequest("The form has no such field.", field=f"content.{name}")
        if not _fits(fields[name] if isinstance(fields[name], dict) else {}, value):
            raise InvalidRequest("The form wants something else here.", field=f"content.{name}")


def _fits(field: dict[str, Any], value: Any) -> bool:
    kinds = TYPES.get(str(field.get("type")))
    if kinds is not None and not isinstance(value, kinds):
        return False
    if isinstance(value, bool) and kinds is not None and bool not in kinds:
        return False
    if isinstance(value, list):
        items = field.get("items")
        return all(_fits(items if isinstance(items, dict) else {}, item) for item in value)
    choices = _choices(field)
    return (choices is None or value in choices) and _is_within(field, value)


def _choices(field: dict[str, Any]) -> list[Any] | None:
    if isinstance(field.get("enum"), list):
        return list(field["enum"])
    titled = field.get("oneOf") or field.get("anyOf")
    if isinstance(titled, list):
        return [choice.get("const") for choice in titled if isinstance(choice, dict)]
    return None


def _is_within(field: dict[str, Any], value: Any) -> bool:
    size = len(value) if isinstance(value, str) else value
    least, most = ("minLength", "maxLength") if isinstance(value, str) else ("minimum", "maximum")
    if not isinstance(size, int | float):
        return True
    low, high = field.get(least), field.get(most)
    return not (isinstance(low, int | float) and size < low) and not (
        isinstance(high, int | float) and size > high
    )
