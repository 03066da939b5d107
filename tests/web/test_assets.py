"""Static files."""

import re

from chat_app.web import assets


def test_every_file_that_a_page_names_is_there_and_kept_for_a_year(ada):
    ada.get("/channels/1")
    found = set(re.findall(r"/assets/\w+/[\w/.+]+", ada.page))
    assert len(found) > 3
    for path in found:
        answer = ada.client.get(path)
        assert answer.status_code == 200, path
        assert answer.cache_control.max_age == 365 * 86_400
        assert answer.cache_control.immutable
        assert "Set-Cookie" not in answer.headers


def test_style_sheets_come_as_one_in_their_order_without_comments_and_indents(visitor):
    one, other = (visitor.get(f"/assets/x/css/{name}.css").text for name in ("shell", "base"))
    path = f"/assets/{assets.MARK}/css/shell+base.css"
    both = visitor.client.get(path)
    assert [mark in one for mark in ("/*", "\n  ")] == [True, True]
    assert [mark in both.text for mark in ("/*", "\n  ")] == [False, False]
    assert _rules(both.text) == _rules(one) + _rules(other)
    assert both.mimetype == "text/css"
    assert (both.cache_control.max_age, both.cache_control.immutable) == (assets.KEPT_S, True)
    again = visitor.client.get(path, headers={"If-None-Match": both.headers["ETag"]})
    assert again.status_code == 304
    for names in ("shell+none", "shell+", "+".join(["base"] * (assets.JOINED_MAX + 1))):
        assert visitor.get(f"/assets/{assets.MARK}/css/{names}.css").status_code == 404


def _rules(sheet: str) -> list[str]:
    """The lines of a sheet in which something is declared."""
    return [line.strip() for line in sheet.splitlines() if re.search(r"[;{}]$", line)]


def test_a_file_of_another_version_is_not_kept(visitor):
    answer = visitor.get("/assets/anothermark/css/base.css")
    assert answer.status_code == 200
    assert answer.cache_control.max_age == 0
    assert not answer.cache_control.immutable


def test_the_mark_changes_with_names_and_contents(tmp_path):
    marks = set()
    for name, text in [("a.css", "x"), ("a.css", "y"), ("b.css", "z")]:
        (tmp_path / name).write_text(text)
        marks.add(assets._mark_of(tmp_path))
    assert len(marks) == 3


def test_nothing_outside_the_folder_is_served(visitor):
    for path in ("../__init__.py", "..%2f__init__.py", "css/../../__init__.py", "css", "none.css"):
        assert visitor.get(f"/assets/{assets.MARK}/{path}").status_code == 404
