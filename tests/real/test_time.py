"""PyPI's mcp-server-time, as an operator adds it."""

import subprocess
import sys

import orjson

from tests.real import others
from tests.real.conftest import Start
from tests.real.desk import Desk
from tests.servers import ROOT, environment


def test_one_line_at_the_shell_adds_it(desk: Desk):
    flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
    added = subprocess.run(
        [*flask, "mcp", "add", "Clock", "--json", "--stdio", *others.TIME],
        cwd=ROOT,
        env=environment(desk.rt.settings),
        capture_output=True,
        text=True,
    )
    assert added.returncode == 0, added.stderr
    server = orjson.loads(added.stdout)
    assert server["state"] == "connected"
    clock = desk.known(server["id"])
    result = clock.use("get_current_time", timezone="Asia/Taipei")
    assert result["structured"]["timezone"] == "Asia/Taipei"


def test_a_place_that_is_none_is_an_error_for_the_model(start: Start):
    result = start("time stdio").use("get_current_time", timezone="Nowhere/Land")
    assert result["is_error"] is True
    assert "Nowhere/Land" in result["result"]
