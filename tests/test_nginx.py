"""The nginx configuration that docs/deploy.md gives passes streams on as they come."""

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from chat_app.runtime import Runtime
from chat_app.services import tokens
from chat_app.settings import Settings
from tests.fakes import Chunk, Done, FakeProvider, FinishChunk, Hold
from tests.houses import Caller
from tests.postgres import missing
from tests.servers import ROOT, free_port, serve

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def documented(listens: int, server: int, home: Path) -> str:
    """The block from the page, without TLS, as a whole configuration that needs no rights."""
    page = (ROOT / "docs" / "deploy.md").read_text()
    block = re.search(r"```nginx\n(.*?)```", page, re.DOTALL)
    assert block is not None
    lines = [line for line in block[1].splitlines() if "ssl_certificate" not in line]
    site = "\n".join(lines).replace("listen 443 ssl", f"listen 127.0.0.1:{listens}")
    site = site.replace("127.0.0.1:8000", f"127.0.0.1:{server}")
    paths = "".join(
        f"{name}_temp_path {home}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    head = f"daemon off;\npid {home}/pid;\nerror_log {home}/error.log;\nevents {{}}\n"
    return f"{head}http {{\naccess_log off;\n{paths}{site}\n}}\n"


@pytest.fixture
def proxied(rt: Runtime, settings: Settings, tmp_path: Path) -> Iterator[Caller]:
    """The owner, who reaches a real server through nginx."""
    if NGINX is None:
        missing("nginx is not installed")
    listens = free_port()
    with serve(settings, tmp_path / "server.log", TRUSTED_PROXIES="1") as server:
        config = tmp_path / "nginx.conf"
        config.write_text(documented(listens, server.address[1], tmp_path))
        nginx = subprocess.Popen([NGINX, "-p", tmp_path, "-c", config], stderr=subprocess.DEVNULL)
        try:
            owner = tokens.owner_of(rt, settings.admin_email)
            secret = tokens.issue(rt, owner.id, "nginx", tokens.SCOPES, 1).secret
            caller = Caller(f"http://127.0.0.1:{listens}", secret)
            _wait_until_it_listens(caller)
            yield caller
        finally:
            nginx.terminate()
            nginx.wait(60)


def _wait_until_it_listens(caller: Caller) -> None:
    while True:
        with suppress(httpx2.ConnectError):
            caller.get("/healthz")
            return


def test_tokens_pass_through_as_they_come(proxied: Caller, fake: FakeProvider) -> None:
    rest = threading.Event()
    fake.enqueue([Chunk("first "), Hold(rest), Chunk("second"), FinishChunk("stop"), Done()])
    channel = proxied.channel()
    proxied.say(channel, "hello", reply="none")
    with proxied.watching(f"/api/ai/stream/{channel}") as events:
        assert next(events).data["type"] == "start"
        assert next(events).data["content"] == "first "
        rest.set()
        assert [event.data["type"] for event in events][-1] == "done"


def test_a_refusal_on_a_stream_is_an_event_with_status_200(proxied: Caller) -> None:
    [event] = proxied.stream("/api/ai/stream/999999")
    assert event.data["error_code"] == "channel_not_found"
