"""What browsers are called."""

import pytest

from chat_app.web.browsers import browser_name

MOZILLA = "Mozilla/5.0"
KHTML = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (
            f"{MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox · Linux",
        ),
        (f"{MOZILLA} (Windows NT 10.0) {KHTML} Chrome/140.0 Safari/537.36", "Chrome · Windows"),
        (f"{MOZILLA} (Windows NT 10.0) {KHTML} Chrome/140 Safari/537 Edg/140", "Edge · Windows"),
        (f"{MOZILLA} (iPhone; like Mac OS X) {KHTML} Version/26 Safari/604.1", "Safari · iPhone"),
        (f"{MOZILLA} (Linux; Android 16) {KHTML} Chrome/140 Mobile Safari", "Chrome · Android"),
        ("curl/8.0", "Browser"),
        ("", "Browser"),
        ("<script>", "Browser"),
    ],
)
def test_a_browser_is_named_by_itself_and_its_system(user_agent, name):
    assert browser_name(user_agent) == name
