"""The first run: three steps from an empty installation to an answer, or the demo at once."""

from typing import Any

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from chat_app import current
from chat_app.errors import HoldfastError
from chat_app.services import agents, channels, installation, providers
from chat_app.web import shell
from chat_app.web.blueprint import bp
from chat_app.web.first_run_forms import FirstAgentForm, FirstChannelForm
from chat_app.web.provider_form import ADDRESSES, FirstProviderForm


@bp.get("/start")
def start() -> ResponseReturnValue:
    return _page()


@bp.post("/start/provider")
def start_provider() -> ResponseReturnValue:
    """Stored once it has answered a first question: what follows shall work."""
    rt, person, form = current.runtime(), current.person(), FirstProviderForm()
    person.must_operate()
    try:
        fields = form.fields() | {"enabled": True}
        providers.check_new(rt, person, fields)
        made = providers.create(rt, person, fields)
    except HoldfastError as error:
        return _page(error, provider_form=form), error.http_status
    providers.serve_those_in_need(rt, person, made.id)
    return redirect(url_for("web.start"), 303)


@bp.post("/start/agent")
def start_agent() -> ResponseReturnValue:
    rt, person, form = current.runtime(), current.person(), FirstAgentForm()
    person.must_operate()
    try:
        agents.create(rt, person, form.fields())
    except HoldfastError as error:
        return _page(error, agent_form=form), error.http_status
    return redirect(url_for("web.start"), 303)


@bp.post("/start/channel")
def start_channel() -> ResponseReturnValue:
    rt, person, form = current.runtime(), current.person(), FirstChannelForm()
    person.must_operate()
    try:
        fields = form.fields() | {"agent_id": _first_agent_id()}
        made = channels.create(rt, person, fields)
    except HoldfastError as error:
        return _page(error, channel_form=form), error.http_status
    return redirect(url_for("web.show_channel", channel_id=made.id), 303)


@bp.post("/start/demo")
def start_demo() -> ResponseReturnValue:
    channel_id = installation.use_demo(current.runtime(), current.person())
    return redirect(url_for("web.show_channel", channel_id=channel_id), 303)


def is_wanted() -> bool:
    """Whether this person is to be led to that page instead of to their channels."""
    rt, person = current.runtime(), current.person()
    missing = installation.missing(rt, person)
    return missing.anything if person.is_operator else missing.provider or missing.agent


def _first_agent_id() -> int | None:
    """An agent that can answer, the default one if that can."""
    found = agents.list_agents(current.runtime(), current.person())
    return next((agent.id for agent in found if agent.enabled and agent.can_answer), None)


def _page(error: HoldfastError | None = None, **forms: Any) -> str:
    rt, person = current.runtime(), current.person()
    missing = installation.missing(rt, person)
    if not person.is_operator:
        return shell.page("first_run_wait.html", missing=missing)
    forms = {
        "provider_form": FirstProviderForm(formdata=None),
        "agent_form": FirstAgentForm(formdata=None, data={"name": _("Assistant")}),
        "channel_form": FirstChannelForm(formdata=None, data={"title": _("Welcome")}),
    } | forms
    return shell.page("first_run.html", missing=missing, error=error, addresses=ADDRESSES, **forms)
