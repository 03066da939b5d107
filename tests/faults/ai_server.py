"""An AI server whose tasks do what their specs say, faults included: a spec is a plan, as JSON.

    with AiServer() as ai_server:
        plan = Plan(seed=1, faults=(Fault("reset", at=300), Fault("status", value=502)))
        … run a task with plan.spec at ai_server.url …

It runs in the process of the tests, on gevent, and can be killed and come back at its port.
"""

from collections import Counter
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import gevent
import orjson
from gevent.server import StreamServer
from gevent.socket import socket

from tests.faults.remote import streaming
from tests.faults.remote.http import Request, answer, page, read_request
from tests.faults.remote.plan import Plan
from tests.faults.remote.task import Task
from tests.faults.wire import reset


class AiServer:
    """`begun` counts the tasks by the seeds of their plans, `stopped` has those that were told to.

    With a `token` it wants that as Bearer token.
    """

    def __init__(self, token: str | None = None) -> None:
        self.begun: Counter[int] = Counter()
        self.stopped: list[str] = []
        self.tasks: dict[str, Task] = {}
        self._token = token
        self._numbers = 0
        self._open: set[socket] = set()
        self._workers: list[Any] = []
        self._server = self._listening(0)
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._server.start()
        self._port = int(self._server.server_port or 0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        gevent.killall(self._workers)
        self.kill()

    def kill(self) -> None:
        """Nobody is at its port any more, and all connections are reset. Its tasks go on."""
        self._server.close()
        for connection in list(self._open):
            with suppress(OSError):
                reset(connection)

    def come_back(self) -> None:
        """At the same port, knowing what it knows."""
        self._server = self._listening(self._port)
        self._server.start()

    def task_of(self, plan: Plan) -> Task | None:
        """The newest task with this plan's seed."""
        found = [task for task in self.tasks.values() if task.plan.seed == plan.seed]
        return found[-1] if found else None

    def _listening(self, port: int) -> StreamServer:
        return StreamServer(("127.0.0.1", port), self._serve, backlog=1024)

    # --- tasks -----------------------------------------------------------------------------------

    def _begin(self, spec: str, thread_id: str) -> Task:
        self._numbers += 1
        plan = Plan.of(spec)
        task = Task(f"task-{self._numbers}", thread_id, plan)
        self.begun[plan.seed] += 1
        self.tasks[task.id] = task
        self._workers.append(gevent.spawn(self._work, task))
        return task

    def _work(self, task: Task) -> None:
        plan = task.plan
        if plan.style == "live":  # else what came before the first reader would be lost at once
            task.is_watched.wait()
        task.status = "running"
        for number in range(plan.pieces):
            gevent.sleep(plan.gap_ms / 1_000)
            if number == plan.hold_after:
                task.released.wait()
            if task.is_stopped:
                break
            task.told = number + 1
            if plan.outage and task.told == plan.outage.at:
                self._go_down(task)
            if task.is_over:
                return
        task.why = None if task.is_stopped else plan.why
        task.status = "stopped" if task.is_stopped else plan.end

    def _go_down(self, task: Task) -> None:
        assert task.plan.outage is not None
        outage = task.plan.outage
        self.kill()
        if outage.memory == "none":
            del self.tasks[task.id]
        elif outage.memory == "end":
            task.forgotten, task.why, task.status = task.told, "It was killed.", "failed"
        self._workers.append(gevent.spawn_later(outage.down_ms / 1_000, self.come_back))

    # --- doors -----------------------------------------------------------------------------------

    def _serve(self, connection: socket, address: tuple[str, int]) -> None:
        self._open.add(connection)
        try:
            self._answer(connection, read_request(connection))
        except OSError:
            pass
        finally:
            self._open.discard(connection)
            connection.close()

    def _answer(self, connection: socket, request: Request) -> None:
        wanted = f"Bearer {self._token}"
        if self._token is not None and request.headers.get("authorization") != wanted:
            return answer(connection, 401, {"error": "Who are you?"})
        match [request.method, *request.path]:
            case ["GET", "health"]:
                return answer(connection, 200, {"status": "ok"})
            case ["POST", "run"]:
                return self._run(connection, request)
            case ["GET", "tasks"]:
                tasks = [task.shown() for task in self.tasks.values()]
                return answer(connection, 200, {"tasks": tasks})
            case [method, "tasks", task_id, *rest] if task_id in self.tasks:
                return self._about(connection, self.tasks[task_id], [method, *rest], request)
        return answer(connection, 404, {"error": "There is no such thing."})

    def _run(self, connection: socket, request: Request) -> None:
        asked = orjson.loads(request.body)
        task = self._begin(asked["spec"], asked["thread_id"])
        if task.plan.is_answer_lost:
            return reset(connection)
        return answer(connection, 200, {"task_id": task.id})

    def _about(self, connection: socket, task: Task, door: list[str], request: Request) -> None:
        match door:
            case ["GET"]:
                task.looks += 1
                if task.looks <= task.plan.bad_looks:
                    return _bad_look(connection, task.looks)
                return answer(connection, 200, task.shown())
            case ["GET", "stream"]:
                return streaming.serve(connection, task, request.headers.get("last-event-id", ""))
            case ["POST", "stop"]:
                task.stop()
                self.stopped.append(task.id)
                return answer(connection, 200, task.shown())
        return answer(connection, 404, {"error": "There is no such thing."})


def _bad_look(connection: socket, number: int) -> None:
    if number % 3 == 1:
        return answer(connection, 500, {"error": "Not now."})
    if number % 3 == 2:
        return reset(connection)
    return page(connection, 200)
