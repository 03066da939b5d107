"""What tool servers say, as people see it."""

from chat_app.tools.sidecar.said import MAX_SHOWN_CHARS, shown
from chat_app.tools.values import ServerSpec

SPEC = ServerSpec(
    1,
    "x",
    "http",
    headers=(("Authorization", "Bearer s3cret-key"), ("X-Short", "a")),
    env=(("TOKEN", "s3cret-key-and-more"),),
)


def test_it_is_one_clean_line():
    assert shown(" two\n\x1b[31mlines\x00 \u202eand more ", SPEC) == "two [31mlines and more"


def test_it_is_short():
    assert shown("x" * 1_000, SPEC) == "x" * (MAX_SHOWN_CHARS - 1) + "…"


def test_it_has_no_secret_whole_or_in_part():
    said = "Bad token s3cret-key-and-more in Bearer s3cret-key: s3cret-key is an apple"
    assert shown(said, SPEC) == "Bad token … in …: … is an apple"


def test_what_is_no_text_is_nothing():
    assert shown(None, SPEC) == shown({"a": 1}, SPEC) == ""
