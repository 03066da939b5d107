"""The whole server with its workers: an AI server outlives what started it, and is never two."""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import psutil

from chat_app.remote.children import started
from chat_app.runtime import Runtime
from chat_app.services import projects, users
from chat_app.settings import Settings
from tests.provisioning.supervising import SERVER
from tests.servers import serve
from tests.sockets import eventually


def test_an_ai_server_outlives_workers_and_restarts(
    rt: Runtime, settings: Settings, tmp_path: Path
) -> None:
    command = " ".join([sys.executable, *SERVER[1:], "works"])
    more = {"AI_SERVER_COMMAND": command, "AI_SERVER_DIR": str(tmp_path), "WEB_CONCURRENCY": "2"}
    able = replace(settings, ai_server_command=SERVER)
    shell, log = Runtime.build(able), tmp_path / "server.log"
    operator = users.operator(rt)
    project = projects.create(shell, operator, {"name": "P"})
    starts = tmp_path / project.public_id / "starts"

    def is_ready() -> bool:
        return projects.get(shell, operator, project.id).status == "READY"

    with serve(settings, log, **more) as server:
        projects.provision(shell, operator, project.id)
        eventually(is_ready)
        pid = int(starts.read_text())
        for worker in psutil.Process(server.process.pid).children():
            os.kill(worker.pid, signal.SIGKILL)
        projects.provision(shell, operator, project.id)  # asked again, by whoever holds it now
        eventually(is_ready)
    assert started(pid) is not None
    with serve(settings, log, **more):
        projects.provision(shell, operator, project.id)
        eventually(is_ready)
        assert starts.read_text() == f"{pid}\n"
        projects.delete(shell, operator, project.id)
        eventually(lambda: started(pid) is None)
    shell.close()
