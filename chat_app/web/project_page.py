"""One project: how it stands, its AI server, its runs, its people and its channels."""

import time
from dataclasses import dataclass
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chat_app import access, current
from chat_app.errors import HoldfastError
from chat_app.services import channels, project_members, projects, remote_runs, tool_servers
from chat_app.web import shell
from chat_app.web.blueprint import bp
from chat_app.web.forms import with_unix_lines
from chat_app.web.remote_words import PROJECT_STATUSES, RUN_STATUSES
from chat_app.web.tools import TRANSPORTS

LIST = "web.list_projects"
RUNS_SHOWN = 20
# A person looks at the page meanwhile.
HEALTH_MAX_S = 3.0
FACTS_MAX = 8
# After how many seconds the page is read again while something is under way.
LOOK_AGAIN_S = 2
NOTHING: dict[str, Any] = dict.fromkeys(
    ("spec", "run_error", "state_error", "health", "health_error", "email", "people_error")
)


@dataclass(frozen=True)
class Health:
    """An AI server that answered: after how long, and what it told of itself besides."""

    ms: int
    facts: dict[str, str]


@bp.get("/settings/projects/<project_id>")
def show_project(project_id: str) -> ResponseReturnValue:
    return _page(project_id)


@bp.post("/settings/projects/<project_id>/provision")
def provision_project(project_id: str) -> ResponseReturnValue:
    try:
        projects.provision(current.runtime(), current.person(), project_id)
    except HoldfastError as error:
        return _page(project_id, state_error=error), error.http_status
    return _back(project_id)


@bp.post("/settings/projects/<project_id>/stop")
def stop_project(project_id: str) -> ResponseReturnValue:
    try:
        projects.stop(current.runtime(), current.person(), project_id)
    except HoldfastError as error:
        return _page(project_id, state_error=error), error.http_status
    return _back(project_id)


@bp.post("/settings/projects/<project_id>/health")
def check_project(project_id: str) -> ResponseReturnValue:
    """Ask its AI server now, for as long as a person would wait."""
    began = time.perf_counter()
    try:
        told = remote_runs.health(current.runtime(), current.person(), project_id, HEALTH_MAX_S)
    except HoldfastError as error:
        return _page(project_id, health_error=error), error.http_status
    ms = round((time.perf_counter() - began) * 1_000)
    return _page(project_id, health=Health(ms, _facts(told)))


@bp.post("/settings/projects/<project_id>/runs")
def start_run(project_id: str) -> ResponseReturnValue:
    spec = with_unix_lines(request.form.get("spec"))
    try:
        run = remote_runs.start(current.runtime(), current.person(), project_id, spec)
    except HoldfastError as error:
        return _page(project_id, spec=spec, run_error=error), error.http_status
    return redirect(url_for("web.show_run", run_id=run.run_id, _anchor="run-title"), 303)


@bp.post("/settings/projects/<project_id>/reset")
def reset_thread(project_id: str) -> ResponseReturnValue:
    try:
        remote_runs.reset(current.runtime(), current.person(), project_id)
    except HoldfastError as error:
        return _page(project_id, run_error=error), error.http_status
    return _back(project_id, reset=1)


@bp.post("/settings/projects/<project_id>/members")
def add_project_member(project_id: str) -> ResponseReturnValue:
    email = (request.form.get("email") or "").strip()
    try:
        project_members.add(current.runtime(), current.person(), project_id, None, email)
    except HoldfastError as error:
        return _page(project_id, email=email, people_error=error), error.http_status
    return _back(project_id)


@bp.post("/settings/projects/<project_id>/members/<user_id>/remove")
def remove_project_member(project_id: str, user_id: str) -> ResponseReturnValue:
    rt, person = current.runtime(), current.person()
    try:
        project_members.remove(rt, person, project_id, user_id)
    except HoldfastError as error:
        return _page(project_id, people_error=error), error.http_status
    # Who has left has no business here any more.
    return redirect(url_for(LIST), 303) if user_id == str(person.id) else _back(project_id)


def _back(project_id: str, **query: Any) -> ResponseReturnValue:
    return redirect(url_for("web.show_project", project_id=project_id, **query), 303)


def _page(project_id: str, **said: Any) -> str:
    """Raises `ProjectNotFound`, `AccessDenied`."""
    rt, person = current.runtime(), current.person()
    project = projects.get(rt, person, project_id)
    before = access.number(request.args.get("before", ""))
    runs, older = remote_runs.list_runs(rt, person, project.id, before, RUNS_SHOWN)
    may_write = person.may_write(project.workspace_id)
    return shell.page(
        "project.html",
        section=LIST,
        project=project,
        statuses=PROJECT_STATUSES,
        runs=runs,
        older=older,
        run_statuses=RUN_STATUSES,
        people=project_members.list_members(rt, person, project.id),
        # Who only uses a project has no business with its servers.
        servers=tool_servers.list_servers(rt, person, project.id) if project.may_change else [],
        channels=channels.list_of_project(rt, person, project.id),
        transports=TRANSPORTS,
        may_start=may_write,
        may_change=project.may_change and may_write,
        look_again_s=LOOK_AGAIN_S,
        was_reset="reset" in request.args,
        **NOTHING | said,
    )


def _facts(told: dict[str, Any]) -> dict[str, str]:
    """What of an answer can be shown in a line each."""
    plain = {str(k): str(v) for k, v in told.items() if isinstance(v, str | int | float)}
    return {name[:40]: plain[name][:100] for name in list(plain)[:FACTS_MAX]}
