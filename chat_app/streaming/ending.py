"""How a run ends: reply, run and last event, in one transaction that only one attempt can win."""

from dataclasses import dataclass

import structlog

from chat_app.errors import HoldfastError
from chat_app.store.channel_events import note
from chat_app.store.db import Session
from chat_app.store.messages import replace_answers, update_message
from chat_app.store.run_events import StoredEvent, append_events
from chat_app.store.runs import RunRow, close_run
from chat_app.streaming import events
from chat_app.streaming.journal import LeaseLost, LiveRun
from chat_app.streaming.rounds import Story
from chat_app.streaming.turn import Answer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ending:
    """What was said, and why it ended: `error` is None for a whole answer."""

    row: RunRow
    answer: Answer
    error: HoldfastError | None

    @property
    def status(self) -> str:
        """The run's status."""
        if self.error is None:
            return "done"
        code = self.error.error_code
        return code.removeprefix("run_") if code.startswith("run_") else "failed"

    @property
    def model(self) -> str | None:
        return self.answer.model or self.row.model

    def log(self) -> None:
        error, cause = self.error, self.error.__cause__ if self.error else None
        log.info(
            "run_ended",
            status=self.status,
            **({"error_code": error.error_code} if error else {}),
            **({"cause": repr(cause)} if cause else {}),
            **(self.answer.tokens or {}),
        )


def close(session: Session, live: LiveRun, ending: Ending) -> StoredEvent:
    """Write the end; gives the last event, to be shown once this is committed.

    Raises `LeaseLost` when the run is no longer this attempt's to end.
    """
    row, answer, error = ending.row, ending.answer, ending.error
    won = close_run(
        session,
        row.id,
        live.attempt,
        status=ending.status,
        error_code=error.error_code if error else None,
        error=error.message if error else None,
        finish_reason=answer.finish_reason,
        usage=answer.tokens,
        model=ending.model,
    )
    if not won:
        raise LeaseLost
    # What is kept is what was shown: an attempt that never began has its predecessor's text.
    story = Story.of(live.feed.events)
    body = story.body
    update_message(
        session,
        row.reply_id,
        body=body,
        tool_calls=story.stored_calls(),
        status="complete" if error is None else ending.status,
        error_code=error.error_code if error else None,
        usage=answer.tokens,
        model=ending.model,
    )
    changed = [("message", row.reply_id), ("run", row.id)]
    if row.generation > 1 and error is None:
        replaced = replace_answers(session, row.question_id, row.reply_id)
        changed += [("message", message_id) for message_id in replaced]
    note(session, row.channel_id, *changed)
    last = StoredEvent(
        row.id, live.feed.last_seq + 1, *events.encode(_last_event(ending, row.reply_id, body))
    )
    append_events(session.connection(), [last])
    return last


def _last_event(ending: Ending, reply_id: int, body: str) -> events.Event:
    answer = ending.answer
    if ending.error is not None:
        return events.failure(ending.error.as_dict(), reply_id if body else None)
    return events.done(reply_id, answer.finish_reason or "stop", answer.tokens, ending.model)
