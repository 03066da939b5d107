"""A model that calls tools in rounds, as the question's script says, and looks at what it is told.

How far an answer is shows in the question itself, so that after a kill it goes on where it was.
"""

import random
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from gevent.socket import socket

from chat_app.streaming.call_events import UNKNOWN
from tests.faults.model import LETTERS, Model, Script, asked, chunk

GAP = "\n\n"  # what the turn writes between the texts of two rounds
PIECES_OF_ARGUMENTS = 3


@dataclass(frozen=True)
class Use:
    """A call that the model makes; `ms` is how long it takes, and then it may hold."""

    tool: str
    ms: int = 20
    holds: bool = False


@dataclass(frozen=True)
class ToolScript(Script):
    """An answer that says something, uses tools, and so on, with `pieces` said in each round.

    Without `speaks` it says nothing before its last round.
    """

    rounds: tuple[tuple[Use, ...], ...] = ()
    speaks: bool = True

    @classmethod
    def read(cls, given: dict[str, Any]) -> "ToolScript":
        rounds = tuple(tuple(Use(**use) for use in uses) for uses in given["rounds"])
        return cls(**{**given, "rounds": rounds})

    def nonce(self, number: int, place: int) -> str:
        """The id of a call, which its tool writes down."""
        return f"{self.seed}.{number}.{place}"

    @property
    def uses(self) -> dict[str, Use]:
        """All calls that the model makes, by their ids."""
        return {
            self.nonce(number, place): use
            for number, uses in enumerate(self.rounds)
            for place, use in enumerate(uses)
        }

    def said(self, number: int) -> list[str]:
        """The texts of one round."""
        if not self.speaks and number < len(self.rounds):
            return []
        chance = random.Random(f"{self.seed} {number}")
        letters = ["".join(chance.choices(LETTERS, k=6)) for _ in range(self.pieces)]
        return [f"{number}.{place} {text}" for place, text in enumerate(letters)]

    @property
    def answer(self) -> str:
        body = ""
        for number in range(len(self.rounds) + 1):
            said = "".join(self.said(number))
            body += (GAP if said and body and not body.endswith("\n") else "") + said
        return body


@dataclass
class Question:
    """One question to the model: the script, and how many rounds of it are over."""

    script: ToolScript
    number: int

    @property
    def seed(self) -> int:
        return self.script.seed

    @property
    def texts(self) -> list[str]:
        return self.script.said(self.number)

    @property
    def gap_ms(self) -> int:
        return self.script.gap_ms

    @property
    def hold_after(self) -> None:
        return None

    @property
    def calls(self) -> dict[str, Use]:
        begins = f"{self.script.seed}.{self.number}."
        return {nonce: use for nonce, use in self.script.uses.items() if nonce.startswith(begins)}


@dataclass
class Told:
    """What the model was told of one answer: results by call id, and what was wrong with it."""

    results: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class ToolModel(Model):
    """`told` is by the script's seed."""

    def __init__(self) -> None:
        super().__init__()
        self.told: defaultdict[int, Told] = defaultdict(Told)

    def _serve(self, connection: socket, address: tuple[str, int]) -> None:
        with suppress(OSError):
            self._answer(connection, self._read(asked(connection)["messages"]))

    def _read(self, messages: list[dict[str, Any]]) -> Question:
        at = max(n for n, message in enumerate(messages) if message["role"] == "user")
        script = ToolScript.read(orjson.loads(messages[at]["content"]))
        told, since = self.told[script.seed], messages[at + 1 :]
        self._look(told, since)
        return Question(script, sum("tool_calls" in message for message in since))

    def _look(self, told: Told, messages: list[dict[str, Any]]) -> None:
        """Each call has its result right after it. It changes only where it was lost with a process
        that had told the model, and had not yet written it down.
        """
        owed: list[str] = []
        for message in messages:
            if message["role"] == "tool":
                call_id, result = message["tool_call_id"], message["content"]
                if call_id not in owed:
                    told.faults.append(f"the model got a result of {call_id} that it wants not")
                owed = [one for one in owed if one != call_id]
                before, told.results[call_id] = told.results.get(call_id, result), result
                if before != result and UNKNOWN not in result:
                    told.faults.append(f"the model got another result of {call_id}: {result!r}")
            else:
                if owed:
                    told.faults.append(f"the model got no result of {owed}")
                owed = [call["id"] for call in message.get("tool_calls", ())]
        if owed:
            told.faults.append(f"the model got no result of {owed}")

    def _end(self, script: Any) -> bytes:
        calls = script.calls
        if not calls:
            return super()._end(script)
        chunks = [
            chunk({"tool_calls": [part]})
            for place, (nonce, use) in enumerate(calls.items())
            for part in _parts(place, nonce, use)
        ]
        return b"".join([*chunks, chunk({}, "tool_calls"), b"data: [DONE]\n\n"])


def _parts(place: int, nonce: str, use: Use) -> list[dict[str, Any]]:
    """A call as providers send it: its name, then its arguments in pieces."""
    args = orjson.dumps({"nonce": nonce, "ms": use.ms, "holds": use.holds}).decode()
    step = len(args) // PIECES_OF_ARGUMENTS + 1
    first = {"index": place, "id": nonce, "type": "function"}
    first["function"] = {"name": use.tool, "arguments": ""}
    rest = [
        {"index": place, "function": {"arguments": args[at : at + step]}}
        for at in range(0, len(args), step)
    ]
    return [first, *rest]
