"""Questions to people about tool calls: written down before they are asked, read when a run goes
on. A run that waits for them is parked in the database and held by nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chat_app.store.approvals import (
    ApprovalRow,
    asks_of,
    close_asks,
    open_asks,
    open_asks_of,
)
from chat_app.store.base import now
from chat_app.store.db import Database, Session
from chat_app.store.runs import lock_run, release_run, set_parked
from chat_app.streaming.journal import LeaseLost, LiveRun
from chat_app.streaming.rounds import Call, Story
from chat_app.tools.values import InputAnswers, InputRequired

APPROVAL_LASTS = timedelta(days=1)
# The key of a form that a call is held open for: with the call it is gone.
HELD = ":held:"


class Parked(Exception):
    """All that is left of the round waits for people."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of one question: `approved` is None while it is open and has not expired."""

    approved: bool | None
    is_expired: bool
    content: dict[str, Any] | None
    key: str | None
    state: str | None


class Asking:
    """The questions of one run."""

    def __init__(self, db: Database, run_id: int) -> None:
        self._db = db
        self._run_id = run_id

    def open(self, calls: Sequence[tuple[Call, int]]) -> datetime:
        """Write down that these calls, each with its tool's id, wait for approval; gives when
        that expires.
        """
        return self._open(
            [
                ApprovalRow(call_id=call.id, ask=call.asks, tool_id=tool_id)
                for call, tool_id in calls
            ]
        )

    def open_form(self, call: Call, required: InputRequired) -> datetime:
        """Write down that a call waits for its server's forms, with all it needs to go on."""
        return self._open(
            [
                ApprovalRow(call_id=call.id, ask=ask, key=request.key, state=required.state)
                for ask, request in enumerate(required.requests, call.asks)
            ]
        )

    def _open(self, rows: Sequence[ApprovalRow]) -> datetime:
        expires_at = now() + APPROVAL_LASTS
        for row in rows:
            row.run_id, row.expires_at = self._run_id, expires_at
        with self._db.transaction() as session:
            open_asks(session, rows)
        return expires_at

    def decisions(self) -> dict[tuple[str, int], Decision]:
        """`{(call id, number of the question): what became of it}`."""
        with self._db.reading() as session:
            rows = asks_of(session, self._run_id)
        return {(row.call_id, row.ask): _decision(row) for row in rows}


def _decision(row: ApprovalRow) -> Decision:
    is_expired = row.approved is None and row.expires_at <= now()
    return Decision(row.approved, is_expired, row.content, row.key, row.state)


def park(session: Session, live: LiveRun, usage: dict[str, int] | None) -> datetime | None:
    """Give a run back, with the tokens it took so far, until people have answered; until when.

    None where they have answered meanwhile: it may go on at once. Raises `LeaseLost`.
    """
    run = lock_run(session, live.id)
    close_asks(session, live.id, [call.id for call in Story.of(live.feed.events).unfinished])
    waiting = [ask.expires_at for ask in open_asks_of(session, live.id)]
    if not release_run(session, live.id, live.attempt):
        raise LeaseLost
    until = None if run.cancel_requested else min(waiting, default=None)
    run.usage = usage
    set_parked(session, live.id, until)
    return until


def answers_of(call: Call, decisions: dict[tuple[str, int], Decision]) -> InputAnswers | None:
    """The forms of a call as people answered them; None while one is open."""
    last = decisions.get((call.id, call.asks - 1))
    if last is None:
        return None
    forms = [
        decision
        for (call_id, _), decision in decisions.items()
        if call_id == call.id and decision.key and decision.state == last.state
    ]
    if any(form.approved is None and not form.is_expired for form in forms):
        return None
    return InputAnswers({form.key or "": as_mcp(form) for form in forms}, last.state)


def as_mcp(decision: Decision) -> dict[str, Any]:
    """In MCP's words (https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation)."""
    if decision.approved:
        return {"action": "accept", "content": decision.content or {}}
    return {"action": "decline" if decision.approved is not None else "cancel"}
