"""Compressed pages and files."""

import gzip

import pytest

from chat_app.web import assets

GZIP = {"Accept-Encoding": "gzip, br"}


@pytest.mark.parametrize("path", ["/login", f"/assets/{assets.MARK}/css/base.css"])
def test_a_browser_that_takes_it_gets_the_same_in_fewer_bytes(visitor, path):
    plain = visitor.client.get(path)
    small = visitor.client.get(path, headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert int(small.headers["Content-Length"]) == len(small.data) < len(plain.data) / 2
    assert _without_token(gzip.decompress(small.data)) == _without_token(plain.data)
    for answer in (plain, small):
        assert "Accept-Encoding" in answer.headers["Vary"]


def _without_token(page):
    """Each page has a CSRF token of its own second."""
    return [line for line in page.splitlines() if b"csrf_token" not in line]


@pytest.mark.parametrize("refused", ["", "br", "gzip;q=0", "identity"])
def test_a_browser_that_does_not_take_it_gets_it_plain(visitor, refused):
    answer = visitor.client.get("/login", headers={"Accept-Encoding": refused})
    assert "Content-Encoding" not in answer.headers
    assert b"<html" in answer.data


def test_a_compressed_file_is_recognised_when_it_is_asked_for_again(visitor):
    path = f"/assets/{assets.MARK}/css/base.css"
    tag = visitor.client.get(path, headers=GZIP).headers["ETag"]
    assert tag.startswith("W/")
    again = visitor.client.get(path, headers=GZIP | {"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


def test_a_part_of_a_file_and_a_head_are_left_alone(visitor):
    path = f"/assets/{assets.MARK}/css/base.css"
    part = visitor.client.get(path, headers=GZIP | {"Range": "bytes=0-9"})
    assert (part.status_code, len(part.data)) == (206, 10)
    assert "Content-Encoding" not in part.headers
    head = visitor.client.head(path, headers=GZIP)
    assert (head.status_code, head.data) == (200, b"")


def test_what_the_api_says_is_never_compressed(ada):
    answer = ada.client.get("/api/channels", headers=GZIP)
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers
