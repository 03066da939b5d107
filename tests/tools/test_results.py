"""What tools give back, as a model and a page take it."""

import base64
from typing import Any

import mcp_types as types
import orjson
import pytest

from chat_app.tools.sidecar.results import call_result, cut
from chat_app.tools.values import CallResult

MAX = 1_000
PNG = base64.b64encode(b"x" * 300).decode()


def result(*content: dict[str, Any], bytes_max: int = MAX, **more: Any) -> CallResult:
    raw = {"content": list(content), **more}
    return call_result(types.CallToolResult.model_validate(raw), bytes_max)


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def image(data: str = PNG, mime_type: str = "image/png") -> dict[str, Any]:
    return {"type": "image", "data": data, "mimeType": mime_type}


def resource(**fields: Any) -> dict[str, Any]:
    return {"type": "resource", "resource": {"uri": "file:///a.txt", **fields}}


def test_texts_are_joined_by_a_blank_line():
    assert result(text("one"), text(""), text("two")) == CallResult("one\n\ntwo")


def test_nothing_is_nothing():
    assert result() == CallResult("")


def test_a_failure_is_marked():
    assert result(text("no"), isError=True) == CallResult("no", is_error=True)


def test_an_image_is_kept_and_described_in_its_place():
    found = result(text("before"), image(), text("after"))
    assert found.text == "before\n\n[Image: image/png, 1 KB; the person sees it]\n\nafter"
    assert found.content == ({"type": "image", "mime_type": "image/png", "data": PNG},)


def test_a_sound_is_kept_and_described():
    found = result({"type": "audio", "data": PNG, "mimeType": "audio/wav"})
    assert found.text == "[Audio: audio/wav, 1 KB; the person can hear it]"
    assert found.content[0]["type"] == "audio"


@pytest.mark.parametrize("mime_type", ["text/html", "image/png\r\nX: y", "image/", "", "a" * 900])
def test_an_image_that_says_it_is_something_else_is_not_shown(mime_type: str):
    found = result(image(mime_type=mime_type))
    assert found.content == ()
    assert found.text.startswith("[File: a file, ")
    assert found.text.endswith("it cannot be shown]")
    assert "\n" not in found.text


def test_a_link_is_kept_and_described():
    link = {"type": "resource_link", "uri": "https://x/a\nb", "name": "a", "description": "An A"}
    found = result({**link, "mimeType": "text/plain"})
    assert found.text == "[Link: a, https://x/a b: An A]"
    assert found.content == (
        {
            "type": "resource_link",
            "uri": "https://x/a b",
            "name": "a",
            "description": "An A",
            "mime_type": "text/plain",
        },
    )


def test_an_embedded_text_is_text():
    assert result(resource(text="hello")) == CallResult("[Resource: file:///a.txt]\nhello")


def test_an_embedded_image_is_an_image_and_any_other_file_is_named():
    assert result(resource(blob=PNG, mimeType="image/gif")).content[0]["mime_type"] == "image/gif"
    found = result(resource(blob=PNG, mimeType="application/zip"))
    assert found == CallResult("[File: file:///a.txt, application/zip, 1 KB; it cannot be shown]")


def test_structured_content_stands_in_for_a_missing_text_only():
    assert result(structuredContent={"a": [1, "ü"]}) == CallResult(
        '{"a":[1,"ü"]}', structured={"a": [1, "ü"]}
    )
    assert result(text("A"), structuredContent={"a": 1}).text == "A"


def test_nul_goes_everywhere():
    found = result(text("a\0b"), structuredContent={"a": "c\0d"})
    assert (found.text, found.structured) == ("ab", {"a": "cd"})


def test_structured_content_that_is_no_json_for_us_is_dropped():
    assert result(text("A"), structuredContent={"n": 10**30}) == CallResult("A")


@pytest.mark.parametrize("said", ["x" * 5_000, "世" * 5_000, "🌍" * 5_000, "aü" * 5_000])
def test_a_long_text_is_cut_between_characters_and_says_how_long_it_was(said: str):
    shown = cut(said, MAX)
    beginning, _, note = shown.partition("\n\n[Cut: the result had ")
    assert said.startswith(beginning)
    assert note == f"{len(said.encode()):,} bytes.]"
    assert MAX - 4 <= len(shown.encode()) <= MAX


def test_a_text_at_the_limit_is_whole():
    assert cut("x" * MAX, MAX) == "x" * MAX


def test_what_is_no_unicode_is_made_so():
    assert cut("a\ud800b", MAX) == "a?b"


def test_pictures_over_the_limit_are_dropped_and_named():
    found = result(image(), image(), image())
    assert len(found.content) == 2
    assert found.text.endswith("\n\n[Image: image/png, 1 KB; too large to be shown]")


def test_a_long_structured_content_is_dropped():
    found = result(structuredContent={"a": "x" * 5_000})
    assert found.structured is None
    assert found.text.endswith("[Cut: the result had 5,008 bytes.]")


def test_a_result_is_never_longer_than_twice_the_limit():
    blocks = [text("x" * 900), *[image()] * 5, resource(text="y" * 900)]
    found = result(*blocks, structuredContent={"a": "z" * 900})
    assert len(orjson.dumps(found)) < 2 * MAX + 300
