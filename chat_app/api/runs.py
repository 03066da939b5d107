"""Runs: their state, their events, their end."""

from typing import Any

import orjson
from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import doors, reading
from chat_app.api.schemas.base import show
from chat_app.api.schemas.runs import ApprovalIn, EventsQuery, RunOut
from chat_app.services import approvals, runs

bp = Blueprint("runs", __name__, url_prefix="/api/runs")


@bp.get("/<run_id>")
def get_run(run_id: str) -> ResponseReturnValue:
    return show(RunOut, runs.get(current.runtime(), current.person(), run_id))


@bp.get("/<run_id>/events")
def list_events(run_id: str) -> ResponseReturnValue:
    person, query = current.person(), reading.query(EventsQuery)
    found, following = runs.events(current.runtime(), person, run_id, query.after, query.limit)
    items: list[dict[str, Any]] = [{"seq": e.seq, **orjson.loads(e.data)} for e in found]
    return {"items": items, "next": following}


@bp.get("/<run_id>/stream")
@doors.event_source
def stream(run_id: str) -> ResponseReturnValue:
    person = current.person()
    frames = runs.stream_of_run(current.runtime(), person, run_id, doors.viewer())
    return doors.event_stream(frames)


@bp.post("/<run_id>/approvals/<call_id>")
def approve(run_id: str, call_id: str) -> ResponseReturnValue:
    person, told = current.person(), reading.body(ApprovalIn)
    run = approvals.approve(current.runtime(), person, run_id, call_id, told.approve, told.content)
    return show(RunOut, run)


@bp.post("/<run_id>/cancel")
def cancel(run_id: str) -> ResponseReturnValue:
    return show(RunOut, runs.cancel(current.runtime(), current.person(), run_id)), 202
