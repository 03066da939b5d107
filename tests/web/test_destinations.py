"""Where one may be sent after signing in."""

import pytest

from chat_app.web.destinations import own_path


@pytest.mark.parametrize("path", ["/", "/channels/3", "/channels/3?before=7&x=a%2Fb", "/a//b"])
def test_a_path_of_ours_is_kept(path):
    assert own_path(path) == path


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "channels",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a b",
        "/a\r\nSet-Cookie: x=y",
        "/channels\\@evil.example",
    ],
)
def test_what_a_browser_could_read_as_another_site_is_not(target):
    assert own_path(target) is None
