"""What people decide about tool calls that wait for them."""

from typing import Any

import orjson

from chat_app import access, audit
from chat_app.access import Person
from chat_app.errors import AccessDenied, Conflict, HoldfastError, InvalidRequest, NotFound
from chat_app.runtime import Runtime
from chat_app.store.approvals import ApprovalRow, asks_of, open_asks_of
from chat_app.store.base import now
from chat_app.store.channels import ChannelRow
from chat_app.store.db import Session
from chat_app.store.run_events import events_after
from chat_app.store.runs import RunRow, lock_run, set_parked
from chat_app.store.tool_servers import OAUTH
from chat_app.store.tools import ToolRow
from chat_app.streaming import forms, opening
from chat_app.streaming.asked import without_nul


def approve(
    rt: Runtime,
    person: Person,
    ref: str,
    call_id: str,
    is_approved: bool,
    content: dict[str, Any] | None = None,
) -> RunRow:
    """Allow or refuse a tool call, or answer the form that its server wants filled in.

    The same answer again changes nothing. Raises `RunNotFound`, `AccessDenied`, `NotFound` where
    nothing was asked about such a call, `Conflict` where it was answered otherwise, has expired
    or is over, `InvalidRequest` for a form that does not fit.
    """
    with rt.db.transaction() as session:
        run = lock_run(session, access.run(session, person, ref).id)
        workspace_id = session.get_one(ChannelRow, run.channel_id).workspace_id
        person.must_write(workspace_id)
        asked = [ask for ask in asks_of(session, run.id) if ask.call_id == call_id]
        if not asked:
            raise NotFound("Nobody was asked about such a call.")
        waiting = [ask for ask in asked if ask.approved is None]
        if not waiting and asked[-1].approved == is_approved:
            return run
        _check_open(run, waiting)
        _decide(session, person, waiting[0], is_approved, content)
        kind = "tool_call_allowed" if is_approved else "tool_call_refused"
        audit.note(session, person, kind, _tool_name(session, waiting[0]), workspace_id)
        goes_on = run.parked_until is not None and not open_asks_of(session, run.id)
        if goes_on:
            set_parked(session, run.id, None)
        run_ref, attempt = opening.ref(session, run), run.attempt
    if goes_on:
        rt.engine.take_over(run_ref, attempt)
    return run


def _tool_name(session: Session, ask: ApprovalRow) -> str:
    tool = session.get(ToolRow, ask.tool_id) if ask.tool_id is not None else None
    return f"{tool.server.name}: {tool.name}" if tool is not None else ""


def _check_open(run: RunRow, waiting: list[ApprovalRow]) -> None:
    if not waiting:
        raise Conflict("This was answered already.")
    if not run.is_live:
        raise Conflict("The answer is over.")
    if waiting[0].expires_at <= now():
        raise Conflict("It is too late to answer this.")


def _decide(
    session: Session,
    person: Person,
    ask: ApprovalRow,
    is_approved: bool,
    content: dict[str, Any] | None,
) -> None:
    if ask.is_form:
        if is_approved:
            forms.check(_schema(session, ask), content or {})
            ask.content = without_nul(content)
    elif content is not None:
        raise InvalidRequest("This call takes no content.", field="content")
    elif is_approved:
        _check_own(session, person, ask)
        _agree(session, person, ask)
    ask.approved, ask.user_id, ask.decided_at = is_approved, person.id, now()
    session.flush()


def _check_own(session: Session, person: Person, ask: ApprovalRow) -> None:
    """What is done under somebody's own sign-in is allowed by nobody else."""
    tool = session.get(ToolRow, ask.tool_id) if ask.tool_id is not None else None
    is_theirs = tool is not None and tool.server.auth == OAUTH
    if is_theirs and session.get_one(RunRow, ask.run_id).user_id != person.id:
        raise AccessDenied("Only who asked may allow what is done under their sign-in.")


def _schema(session: Session, ask: ApprovalRow) -> dict[str, Any]:
    """The form's schema, as its event told it."""
    told = [
        orjson.loads(event.data)
        for event in events_after(session, ask.run_id, 0)
        if event.type == "tool_approval"
    ]
    asked = [event for event in told if event["call_id"] == ask.call_id]
    return dict(asked[ask.ask].get("schema") or {}) if ask.ask < len(asked) else {}


def _agree(session: Session, person: Person, ask: ApprovalRow) -> None:
    """A tool that has changed needs no more approval once somebody who runs it gave one."""
    tool = session.get(ToolRow, ask.tool_id) if ask.tool_id is not None else None
    if tool is None or not tool.changed:
        return
    try:
        if tool.server.project_id is None:
            person.must_operate()
        else:
            access.project_to_manage(session, person, tool.server.project_id)
    except HoldfastError:
        return
    tool.changed = False
