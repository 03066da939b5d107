"""Remote runs of a project: what its AI server does."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import doors, reading
from chat_app.api.schemas.base import show
from chat_app.api.schemas.project_runs import RemoteRunOut, RunsPage, SpecIn
from chat_app.services import remote_runs

bp = Blueprint("project_runs", __name__, url_prefix="/api/v1/projects/<project_id>/agent")


@bp.post("/run")
def start_run(project_id: str) -> ResponseReturnValue:
    person, asked = current.person(), reading.body(SpecIn)
    run = remote_runs.start(current.runtime(), person, project_id, asked.spec)
    return show(RemoteRunOut, run), 201


@bp.get("/runs")
def list_runs(project_id: str) -> ResponseReturnValue:
    rt, person, page = current.runtime(), current.person(), reading.query(RunsPage)
    found, following = remote_runs.list_runs(rt, person, project_id, page.before, page.limit)
    return {"items": [show(RemoteRunOut, run) for run in found], "next": following}


@bp.get("/runs/<run_id>")
def get_run(project_id: str, run_id: str) -> ResponseReturnValue:
    run = remote_runs.get(current.runtime(), current.person(), project_id, run_id)
    return show(RemoteRunOut, run)


@bp.post("/runs/<run_id>/stop")
def stop_run(project_id: str, run_id: str) -> ResponseReturnValue:
    run = remote_runs.stop(current.runtime(), current.person(), project_id, run_id)
    return show(RemoteRunOut, run), 202 if run.is_live else 200


@bp.post("/runs/<run_id>/resume")
def resume_run(project_id: str, run_id: str) -> ResponseReturnValue:
    person, asked = current.person(), reading.body(SpecIn)
    run = remote_runs.resume(current.runtime(), person, project_id, run_id, asked.spec)
    return show(RemoteRunOut, run), 201


@bp.get("/runs/<run_id>/stream")
def stream(project_id: str, run_id: str) -> ResponseReturnValue:
    rt, person = current.runtime(), current.person()
    frames = remote_runs.stream(rt, person, project_id, run_id, doors.listener())
    return doors.event_stream(frames)


@bp.post("/reset")
def reset(project_id: str) -> ResponseReturnValue:
    project, thread = remote_runs.reset(current.runtime(), current.person(), project_id)
    return {"project_id": project.id, "thread_id": thread.public_id}


@bp.get("/health")
def health(project_id: str) -> ResponseReturnValue:
    told = remote_runs.health(current.runtime(), current.person(), project_id)
    return {"ok": True, "details": told}
