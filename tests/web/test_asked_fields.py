from typing import Any

import pytest

from chat_app.errors import InvalidRequest
from chat_app.web.asked_fields import MAX_FIELDS, AskedField, Option, content_of, fields_of


def only(**about: Any) -> AskedField:
    (found,) = fields_of({"type": "object", "properties": {"it": about}})
    return found


def test_a_field_is_called_by_its_title_or_else_its_name() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string", "title": "Your name"}, "b": {"type": "string"}},
        "required": ["b"],
    }
    first, second = fields_of(schema)
    assert (first.label, first.required, first.key) == ("Your name", False, "field.a")
    assert (second.label, second.required, second.key) == ("b", True, "field.b")


@pytest.mark.parametrize(
    ("about", "kind", "limits"),
    [
        (
            {"type": "string", "minLength": 2, "maxLength": 9},
            "text",
            {"minlength": "2", "maxlength": "9"},
        ),
        (
            {"type": "integer", "minimum": 1, "maximum": 6},
            "integer",
            {"min": "1", "max": "6", "step": "1"},
        ),
        ({"type": "number", "minimum": -0.5}, "number", {"min": "-0.5", "step": "any"}),
        ({"type": "number", "minimum": "x", "maximum": True}, "number", {"step": "any"}),
        ({"type": "boolean", "minimum": 1}, "boolean", {}),
    ],
)
def test_limits_become_those_of_the_input(
    about: dict[str, Any], kind: str, limits: dict[str, str]
) -> None:
    assert (only(**about).kind, only(**about).limits) == (kind, limits)


@pytest.mark.parametrize(
    ("asked_format", "input_type"),
    [("email", "email"), ("uri", "url"), ("date", "date"), ("time", "text"), (["email"], "text")],
)
def test_known_formats_get_an_input_of_their_own(asked_format: Any, input_type: str) -> None:
    assert only(type="string", format=asked_format).input_type == input_type


@pytest.mark.parametrize(
    "about",
    [
        {"type": "string", "enum": ["r", "g"], "enumNames": ["Red"]},
        {"type": "string", "oneOf": [{"const": "r", "title": "Red"}, {"const": "g"}, {"x": 1}]},
    ],
)
def test_a_choice_has_the_options_of_the_schema(about: dict[str, Any]) -> None:
    asked = only(**about)
    assert (asked.kind, asked.options) == ("choice", (Option("r", "Red"), Option("g", "g")))


@pytest.mark.parametrize(
    "items", [{"type": "string", "enum": ["r"]}, {"anyOf": [{"const": "r", "title": "r"}]}]
)
def test_several_of_a_list_may_be_chosen(items: dict[str, Any]) -> None:
    asked = only(type="array", items=items)
    assert (asked.kind, asked.options) == ("choices", (Option("r", "r"),))


@pytest.mark.parametrize(
    "schema",
    [{}, {"properties": None}, {"properties": ["a"]}, {"properties": {}, "required": 1}],
)
def test_a_schema_without_properties_is_a_form_without_fields(schema: dict[str, Any]) -> None:
    assert fields_of(schema) == []


@pytest.mark.parametrize("about", [None, "x", {"type": 7}, {"enum": "abc"}, {"title": [1]}])
def test_what_is_no_field_is_a_line_of_text(about: Any) -> None:
    (asked,) = fields_of({"properties": {"it": about}, "required": ["it", 1]})
    assert (asked.kind, asked.label, asked.required) == ("text", "it", True)


def test_a_form_does_not_grow_without_end() -> None:
    assert len(fields_of({"properties": {str(n): {} for n in range(999)}})) == MAX_FIELDS


FIELDS = fields_of(
    {
        "properties": {
            "name": {"type": "string", "title": "Name"},
            "age": {"type": "integer"},
            "size": {"type": "number"},
            "ok": {"type": "boolean"},
            "colour": {"enum": ["r", "g"]},
            "tags": {"type": "array", "items": {"enum": ["x", "y"]}},
        },
        "required": ["name"],
    }
)


def sent(**values: list[str]) -> Any:
    return lambda key: values.get(key.removeprefix("field."), [])


def test_what_was_filled_in_has_the_types_of_the_schema() -> None:
    content = content_of(
        FIELDS,
        sent(name=["Bo"], age=["41"], size=["1.5"], ok=["yes"], colour=["g"], tags=["x", "y"]),
    )
    assert content == {
        "name": "Bo",
        "age": 41,
        "size": 1.5,
        "ok": True,
        "colour": "g",
        "tags": ["x", "y"],
    }


def test_what_was_left_empty_is_left_out_and_a_box_without_a_tick_is_false() -> None:
    assert content_of(FIELDS, sent(name=["Bo"], age=[""])) == {"name": "Bo", "ok": False}


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({}, "name", "“Name” is missing."),
        ({"name": ["Bo"], "age": ["4.5"]}, "age", "“age” is not a number."),
        ({"name": ["Bo"], "size": ["much"]}, "size", "“size” is not a number."),
        ({"name": ["Bo"], "size": ["inf"]}, "size", "“size” is not a number."),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_field(
    values: dict[str, list[str]], field: str, sentence: str
) -> None:
    with pytest.raises(InvalidRequest) as raised:
        content_of(FIELDS, sent(**values))
    assert (raised.value.fields["field"], raised.value.message) == (field, sentence)
