"""A running Holdfast with its operator, a model that does what a test says, and tool servers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from chat_app.runtime import Runtime
from chat_app.services import tool_servers, users
from tests.fakes import FakeProvider
from tests.houses import Caller
from tests.scripts import calls

Json = dict[str, Any]
CALL_ID = "call_1"


@dataclass(frozen=True)
class Desk:
    """`rt` is the same installation in this process, for what is only done at the shell."""

    rt: Runtime
    caller: Caller
    fake: FakeProvider

    def declare(self, name: str, command: Sequence[str], env: dict[str, str]) -> "Known":
        """A server that is a command, known to an agent of its own."""
        fields = {"name": name, "command": list(command), "env": env}
        return self.known(tool_servers.declare(self.rt, users.operator(self.rt), fields).id)

    def connect(self, name: str, url: str, transport: str) -> "Known":
        """A server with an address, likewise."""
        fields = {"name": name, "url": url, "transport": transport}
        return self.known(_made(self.caller, "/api/tool-servers", fields)["id"])

    def known(self, server_id: int) -> "Known":
        """A server that is stored: reached, and offered to a new agent in a channel of its own."""
        reached = self.caller.post(f"/api/tool-servers/{server_id}/sync")
        assert reached.status_code == 200, reached.text
        fields = {"name": f"Agent {server_id}", "tool_server_ids": [server_id]}
        agent = _made(self.caller, "/api/agents", fields)
        return Known(self, reached.json(), self.caller.channel(agent_id=agent["id"]))


@dataclass
class Use:
    """One call of one tool, in a run; `told` are the run's events as far as they were read."""

    known: "Known"
    run_id: str
    stream: Iterator[Any]
    told: list[Json] = field(default_factory=list)

    def until(self, kind: str) -> Json:
        """The next event of this type."""
        for event in self.stream:
            self.told.append(event.data)
            if event.data["type"] == kind:
                return self.told[-1]
        raise AssertionError(f"no {kind} in {self.told}")

    def answer(self, approve: bool = True, **body: Any) -> None:
        """What the person says who is asked about the call."""
        path = f"/api/runs/{self.run_id}/approvals/{CALL_ID}"
        answered = self.known.desk.caller.post(path, {"approve": approve, **body})
        assert answered.status_code == 200, answered.text

    def run(self) -> Json:
        """The run as it is now."""
        found: Json = self.known.desk.caller.get(f"/api/runs/{self.run_id}").json()
        return found

    def cancel(self) -> None:
        assert self.known.desk.caller.post(f"/api/runs/{self.run_id}/cancel").status_code == 202


@dataclass(frozen=True)
class Known:
    """A tool server that an agent may use."""

    desk: Desk
    server: Json
    channel_id: int

    def tools(self) -> dict[str, Json]:
        """What is stored of its tools, by name."""
        found = self.desk.caller.get(f"/api/tool-servers/{self.server['id']}/tools").json()
        return {tool["name"]: tool for tool in found["items"]}

    @contextmanager
    def using(self, tool: str, **args: Any) -> Iterator[Use]:
        """The model calls the tool, and says something when it has the result."""
        caller = self.desk.caller
        self.desk.fake.enqueue(calls(tool, orjson.dumps(args).decode(), CALL_ID))
        run_id = caller.say(self.channel_id, "Do it.")["run_id"]
        with caller.watching(f"/api/runs/{run_id}/stream") as stream:
            yield Use(self, run_id, stream)

    def use(self, tool: str, **args: Any) -> Json:
        """The result as it is told, once the run is done; what is stored says the same."""
        with self.using(tool, **args) as use:
            result = use.until("tool_result")
            use.until("done")
        about = {"call_id": CALL_ID, "tool": tool, "server": self.server["name"]}
        (called,) = [event for event in use.told if event["type"] == "tool_call"]
        assert called == {"type": "tool_call", **about, "args": args}
        kept = about | {"args": args}
        kept |= {name: value for name, value in result.items() if name != "type"}
        assert self.stored().items() >= kept.items()
        return result

    def stored(self) -> Json:
        """The call as it is kept with the newest message."""
        page = self.desk.caller.get(f"/api/channels/{self.channel_id}/messages").json()
        (call,) = page["items"][-1]["tool_calls"]
        found: Json = call
        return found


def _made(caller: Caller, path: str, fields: Json) -> Json:
    made = caller.post(path, fields)
    assert made.status_code == 201, made.text
    found: Json = made.json()
    return found
