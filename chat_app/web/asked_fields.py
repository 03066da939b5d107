"""The fields of a form that a tool server wants filled in (MCP elicitation). Pure.

https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation: a flat object of
strings, numbers, booleans and choices. Every name, label and value in it is the server's.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from chat_app.errors import InvalidRequest

MAX_FIELDS = 50
MAX_OPTIONS = 500
INPUT_TYPES = {"email": "email", "uri": "url", "date": "date", "date-time": "datetime-local"}
# In the form our own fields have other names.
PREFIX = "field."


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class AskedField:
    """`kind` is `text`, `number`, `integer`, `boolean`, `choice` or `choices`.

    `limits` are attributes of the input: `min`, `max`, `minlength`, `maxlength`, `step`.
    """

    name: str
    kind: str
    label: str
    hint: str = ""
    required: bool = False
    input_type: str = "text"
    options: tuple[Option, ...] = ()
    limits: Mapping[str, str] = field(default_factory=dict)
    default: Any = None

    @property
    def key(self) -> str:
        """Its name in the form."""
        return PREFIX + self.name


def fields_of(schema: Mapping[str, Any]) -> list[AskedField]:
    """The fields in their order. What is no field of the specification is a line of text."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return []
    required = schema.get("required")
    wanted = set(map(str, required)) if isinstance(required, list) else set()
    return [
        _field(str(name), about if isinstance(about, dict) else {}, str(name) in wanted)
        for name, about in list(properties.items())[:MAX_FIELDS]
    ]


def content_of(
    fields: Sequence[AskedField], sent: Callable[[str], Sequence[str]]
) -> dict[str, Any]:
    """What the person filled in, in JSON's types; `sent` gives the values of a field in the form.

    Raises `InvalidRequest` with the field that is missing or no number.
    """
    content: dict[str, Any] = {}
    for asked in fields:
        values = [value for value in sent(asked.key) if value != ""]
        if asked.kind == "boolean":
            content[asked.name] = bool(values)
        elif asked.kind == "choices" and (values or asked.required):
            content[asked.name] = list(values)
        elif values:
            content[asked.name] = _value(asked, values[0])
        elif asked.required:
            missing = _("“%(label)s” is missing.", label=asked.label)
            raise InvalidRequest(missing, field=asked.name)
    return content


def _field(name: str, about: dict[str, Any], required: bool) -> AskedField:
    kind, options = _kind(about)
    asked_format = about.get("format")
    return AskedField(
        name=name,
        kind=kind,
        label=_text(about.get("title")) or name,
        hint=_text(about.get("description")),
        required=required,
        input_type=INPUT_TYPES.get(asked_format, "text")
        if isinstance(asked_format, str)
        else "text",
        options=options,
        limits=_limits(kind, about),
        default=about.get("default"),
    )


def _kind(about: dict[str, Any]) -> tuple[str, tuple[Option, ...]]:
    match about:
        case {"type": "array", "items": dict(items)}:
            return "choices", _options(items)
        case {"enum": [*_]} | {"oneOf": [*_]}:
            return "choice", _options(about)
        case {"type": "boolean" | "number" | "integer" as kind}:
            return kind, ()
    return "text", ()


def _options(about: dict[str, Any]) -> tuple[Option, ...]:
    titled = about.get("oneOf") or about.get("anyOf")
    if isinstance(titled, list):
        found = [
            Option(str(each["const"]), _text(each.get("title")) or str(each["const"]))
            for each in titled[:MAX_OPTIONS]
            if isinstance(each, dict) and "const" in each
        ]
        return tuple(found)
    values = about.get("enum")
    values = [str(value) for value in values[:MAX_OPTIONS]] if isinstance(values, list) else []
    names = about.get("enumNames")
    labels = list(map(str, names)) if isinstance(names, list) else []
    labels += values[len(labels) :]
    return tuple(Option(value, label) for value, label in zip(values, labels, strict=False))


def _limits(kind: str, about: dict[str, Any]) -> dict[str, str]:
    names = {"minimum": "min", "maximum": "max"}
    if kind == "text":
        names = {"minLength": "minlength", "maxLength": "maxlength"}
    elif kind not in ("number", "integer"):
        return {}
    found = {ours: about[theirs] for theirs, ours in names.items() if theirs in about}
    limits = {ours: f"{value}" for ours, value in found.items() if _is_number(value)}
    return limits | {"step": "1" if kind == "integer" else "any"} if kind != "text" else limits


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _value(asked: AskedField, text: str) -> str | int | float:
    if asked.kind not in ("number", "integer"):
        return text
    try:
        value = int(text) if asked.kind == "integer" else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        wrong = _("“%(label)s” is not a number.", label=asked.label)
        raise InvalidRequest(wrong, field=asked.name)
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
