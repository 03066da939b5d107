"""The workspace's own settings, and what the environment has decided for all of them."""

from typing import NamedTuple

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import StringField
from wtforms.validators import DataRequired, Regexp

from chat_app import current
from chat_app.access import Person, number
from chat_app.errors import RequestError
from chat_app.services import workspaces
from chat_app.web import shell
from chat_app.web.blueprint import bp
from chat_app.web.forms import WITHOUT_NUL, Form, at_most, stripped


class WorkspaceForm(Form):
    name = StringField(
        filters=[stripped],
        validators=[
            DataRequired(lazy_gettext("A name is needed.")),
            at_most(workspaces.NAME_MAX_CHARS),
            WITHOUT_NUL,
        ],
    )
    agent_id = StringField(
        validators=[Regexp(r"\d{0,18}\Z", message=lazy_gettext("There is no such agent."))]
    )


class Fact(NamedTuple):
    """What `variable` has decided."""

    label: str
    value: str
    variable: str


@bp.get("/settings/workspace")
def show_workspace() -> ResponseReturnValue:
    return _page(request.args.get("workspace"), saved="saved" in request.args)


@bp.post("/settings/workspace/<workspace_id>")
def change_workspace(workspace_id: str) -> ResponseReturnValue:
    rt, person, form = current.runtime(), current.person(), WorkspaceForm()
    try:
        form.check()
        agent_id = number(form.text("agent_id"))
        workspaces.change(rt, person, workspace_id, form.text("name"), agent_id)
    except RequestError as error:
        return _page(workspace_id, error, form), error.http_status
    return redirect(url_for("web.show_workspace", workspace=workspace_id, saved=1), 303)


def facts(person: Person) -> list[Fact]:
    """Who may come in, for whoever runs a workspace; for operators the rest as well."""
    settings = current.runtime().settings
    oidc = settings.oidc
    domains = ", ".join(sorted(oidc.domains)) if oidc else ""
    coming_in = [
        Fact(_("Making an account"), _("open") if settings.signup else _("closed"), "SIGNUP"),
        Fact(_("Signing in with"), oidc.name if oidc else _("a password only"), "OIDC_ISSUER"),
    ]
    if domains:
        coming_in.append(Fact(_("Accounts for"), domains, "OIDC_ALLOWED_DOMAINS"))
    if not person.is_operator:
        return coming_in
    allowed = ", ".join(map(str, settings.egress_allow))
    return [
        *coming_in,
        Fact(_("Address"), settings.url, "PUBLIC_URL"),
        Fact(_("Rounds of tools for one answer"), str(settings.tool_rounds), "TOOL_ROUNDS"),
        Fact(_("Seconds for one tool call"), str(settings.tool_call_s), "TOOL_CALL_S"),
        Fact(_("Seconds for all of an answer's"), str(settings.tool_run_s), "TOOL_RUN_S"),
        Fact(_("Private networks that members may reach"), allowed or _("none"), "EGRESS_ALLOW"),
        Fact(
            _("An answer whose process died"),
            _("goes on") if settings.resume_runs else _("ends as interrupted"),
            "RESUME_RUNS",
        ),
        Fact(_("Hours that events are kept"), str(settings.events_keep_hours), "EVENTS_KEEP_HOURS"),
    ]


def _page(
    ref: str | None,
    error: RequestError | None = None,
    form: WorkspaceForm | None = None,
    saved: bool = False,
) -> str:
    rt, person = current.runtime(), current.person()
    managed = workspaces.get(rt, person, ref)
    as_it_is = {"name": managed.workspace.name, "agent_id": str(managed.default_agent_id or "")}
    return shell.page(
        "workspace.html",
        managed=managed,
        may_change=person.may_manage(managed.workspace.id),
        form=form or WorkspaceForm(formdata=None, data=as_it_is),
        facts=facts(person),
        error=error,
        saved=saved,
    )
