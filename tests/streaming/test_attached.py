"""What the model is told of files: text in a fence, images as data, within the budget."""

from typing import Any

from chat_app.streaming import attached, history
from chat_app.streaming.attached import Attached
from chat_app.streaming.history import Said

NOTES = Attached("notes.md", "text/plain", b"# Kelp\n")
PHOTO = Attached("sea.png", "image/png", b"\x89PNG")


def ask(body: str, *files: Attached, before: tuple[Said, ...] = (), budget: int = 32_000) -> Any:
    """The content of the last message."""
    said = [*before, Said("user", "Ann", body, files=files)]
    return history.messages("", said, budget)[-1]["content"]


def file(id: int, size: int = 10, media_type: str = "text/plain") -> dict[str, Any]:
    return {"id": id, "name": "x", "media_type": media_type, "size": size}


def test_a_text_file_stands_in_a_fence_under_its_name() -> None:
    assert ask("Look:", NOTES) == "Look:\n\nFile: notes.md\n```\n# Kelp\n```"


def test_a_fence_holds_whatever_is_inside() -> None:
    told = ask("", Attached("a.md", "text/plain", b"```\nx\n`````"))
    assert told == "File: a.md\n``````\n```\nx\n`````\n``````"


def test_an_image_is_a_part_of_its_own_after_the_text() -> None:
    assert ask("Look:", NOTES, PHOTO) == [
        {
            "type": "text",
            "text": "Look:\n\nFile: notes.md\n```\n# Kelp\n```\n\n[Image: sea.png]",
        },
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
    ]


def test_files_alone_say_something() -> None:
    assert ask("", PHOTO)[0] == {"type": "text", "text": "[Image: sea.png]"}


def test_the_authors_name_goes_before_the_words_where_several_speak() -> None:
    assert ask("Hi", NOTES, before=(Said("user", "Bob", "Yo"),)).startswith("Ann: Hi\n\nFile: ")


def test_a_text_without_room_is_cut_and_says_so() -> None:
    told = ask("Hi", Attached("log", "text/plain", b"line\n" * 10_000), budget=1_000)
    assert history.tokens(told) < 1_000
    assert told.endswith("```\n[Cut: the file has 50,000 characters.]")
    assert told.count("line") > 500


def test_a_byte_order_mark_is_not_told() -> None:
    assert "\ufeff" not in ask("Hi", Attached("a", "text/plain", b"\xef\xbb\xbfx"))


def test_what_has_no_room_at_all_is_named() -> None:
    told = ask("Hi", PHOTO, NOTES, budget=20)
    assert told == "Hi\n\n[Image, not shown: sea.png]\n\n[File, not shown: notes.md]"


def test_a_long_file_leaves_room_for_what_was_said_before() -> None:
    before = tuple(Said("user", "Ann", f"Before {n}") for n in range(5))
    said = [*before, Said("user", "Ann", "Hi", files=[Attached("x", "text/plain", b"x" * 999_999)])]
    assert len(history.messages("", said, 1_000)) == 6


def test_only_the_newest_messages_files_are_read() -> None:
    messages = [[file(n)] for n in range(1, 8)]
    assert attached.wanted([messages[0], [], *messages[1:], []]) == [7, 6, 5, 4]


def test_no_more_is_read_than_a_request_may_be() -> None:
    images = [file(n, media_type="image/png") for n in range(1, 8)]
    assert attached.wanted([images, images, [file(9)]]) == [9, *range(1, 8), 1, 2, 3]
    big = file(1, attached.BYTES_MAX)
    assert attached.wanted([[big], [file(2)]]) == [2]


def test_of_an_older_file_the_name_is_told() -> None:
    told = history.messages("", [Said("user", "Ann", "Hi", files=[Attached("a.md", "text/plain")])])
    assert told[0]["content"] == "Hi\n\n[File, not shown: a.md]"
