"""Forms of tool servers: what fits, and which field is named when it does not."""

from typing import Any

import pytest

from chat_app.errors import InvalidRequest
from chat_app.streaming import forms

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 4},
        "size": {"type": "integer", "minimum": 1, "maximum": 9},
        "weight": {"type": "number"},
        "sure": {"type": "boolean"},
        "colour": {"type": "string", "enum": ["red", "blue"]},
        "titled": {"type": "string", "oneOf": [{"const": "a", "title": "A"}]},
        "many": {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}},
    },
    "required": ["name"],
}


@pytest.mark.parametrize(
    "content",
    [
        {"name": "Ann"},
        {"name": "Ann", "size": 3, "weight": 1.5, "sure": False, "colour": "red"},
        {"name": "Ann", "titled": "a", "many": ["x", "y"]},
        {"name": "Ann", "weight": 2},
    ],
)
def test_what_fits_is_taken(content: dict[str, Any]) -> None:
    forms.check(SCHEMA, content)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({}, "name"),
        ({"name": "A"}, "name"),
        ({"name": "Annie"}, "name"),
        ({"name": 3}, "name"),
        ({"name": None}, "name"),
        ({"name": "Ann", "size": 0}, "size"),
        ({"name": "Ann", "size": 10}, "size"),
        ({"name": "Ann", "size": 1.5}, "size"),
        ({"name": "Ann", "size": True}, "size"),
        ({"name": "Ann", "weight": "1"}, "weight"),
        ({"name": "Ann", "sure": "yes"}, "sure"),
        ({"name": "Ann", "colour": "green"}, "colour"),
        ({"name": "Ann", "titled": "b"}, "titled"),
        ({"name": "Ann", "many": ["z"]}, "many"),
        ({"name": "Ann", "other": 1}, "other"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(content: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        forms.check(SCHEMA, content)
    assert refused.value.fields["field"] == f"content.{field}"


@pytest.mark.parametrize(
    "schema", [{}, {"properties": []}, {"properties": {"a": 1}}, {"required": 5}]
)
def test_a_broken_schema_breaks_nothing(schema: dict[str, Any]) -> None:
    forms.check(schema, {})
