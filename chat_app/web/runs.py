"""Stopping an answer, and deciding about its tool calls, as plain forms."""

from typing import Any
from urllib.parse import quote

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.services import approvals, channels, messages, runs
from chat_app.web import answers, asked_fields
from chat_app.web.answers import Approval
from chat_app.web.blueprint import bp


@bp.post("/runs/<run_id>/cancel")
def cancel_run(run_id: str) -> ResponseReturnValue:
    run = runs.cancel(current.runtime(), current.person(), run_id)
    return redirect(url_for("web.show_channel", channel_id=run.channel_id), 303)


@bp.get("/runs/<run_id>/approvals/<path:call_id>")
def show_approval(run_id: str, call_id: str) -> ResponseReturnValue:
    """The form alone, nothing where nothing waits. Raises `RunNotFound`."""
    rt, person = current.runtime(), current.person()
    run = runs.get(rt, person, run_id)
    if (asked := _waiting(run.channel_id, run.public_id, call_id)) is None:
        return "", 204
    return render_template(
        "approval.html",
        approval=asked,
        agent=messages.get(rt, person, run.reply_id).author["name"],
        channel=channels.get(rt, person, run.channel_id),
        person=person,
        run_id=run_id,
    )


@bp.post("/runs/<run_id>/approvals/<path:call_id>")
def answer_approval(run_id: str, call_id: str) -> ResponseReturnValue:
    rt, person = current.runtime(), current.person()
    run = runs.get(rt, person, run_id)
    approve = request.form.get("approve") == "yes"
    content = _content(run.channel_id, run.public_id, call_id) if approve else None
    approvals.approve(rt, person, run_id, call_id, approve, content)
    return redirect(url_for("web.show_channel", channel_id=run.channel_id), 303)


def approval_action(run_id: str | None, call_id: str) -> str:
    """Where the form goes. A model made the call's id: whatever is in it stays one step of the
    path, so that it leads to no other address.
    """
    address = url_for("web.answer_approval", run_id=run_id or "-", call_id="-")
    return address.removesuffix("-") + quote(call_id, safe="")


def _content(channel_id: int, run_id: str, call_id: str) -> dict[str, Any] | None:
    """What was filled in, where the call waits for a form."""
    asked = _waiting(channel_id, run_id, call_id)
    if asked is None or not asked.is_form:
        return None
    return asked_fields.content_of(asked.fields, request.form.getlist)


def _waiting(channel_id: int, run_id: str, call_id: str) -> Approval | None:
    live = runs.live_answers(current.runtime(), current.person(), channel_id)
    asks = [ask for answer in live.values() if answer.run_id == run_id for ask in answer.approvals]
    return answers.waiting(asks).get(call_id)
