"""The names of tools as a model sees them."""

import re

import pytest

from chat_app.toolbox.naming import NAME_MAX_CHARS, offered_names


def test_a_name_that_is_alone_stays_as_it_is() -> None:
    assert offered_names([("a", "look"), ("b", "send")]) == ["look", "send"]


def test_names_that_collide_are_prefixed_by_their_servers() -> None:
    assert offered_names([("a", "look"), ("b", "look"), ("b", "send")]) == [
        "a__look",
        "b__look",
        "send",
    ]


def test_servers_whose_names_come_out_alike_are_numbered() -> None:
    assert offered_names([("a b", "look"), ("a_b", "look")]) == ["a_b__look", "a_b__look_2"]


def test_a_prefixed_name_never_takes_anothers() -> None:
    names = offered_names([("a", "look"), ("b", "look"), ("c", "a__look")])
    assert len(set(names)) == 3
    assert names[2] == "a__look"


@pytest.mark.parametrize("name", ["résumé.get", "工具", "a b/c", "x" * 200, "", "__"])
def test_every_name_is_one_that_providers_take(name: str) -> None:
    (offered,) = offered_names([("server", name)])
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", offered)


def test_long_names_that_collide_are_cut_and_still_differ() -> None:
    names = offered_names([("s" * 80, "t" * 80), ("s" * 80, "t" * 80 + "2")])
    assert len(set(names)) == 2
    assert all(len(name) <= NAME_MAX_CHARS for name in names)
