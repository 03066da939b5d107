"""Stopping an answer, as a plain form."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.services import runs
from chat_app.web.blueprint import bp


@bp.post("/runs/<run_id>/cancel")
def cancel_run(run_id: str) -> ResponseReturnValue:
    run = runs.cancel(current.runtime(), current.person(), run_id)
    return redirect(url_for("web.show_channel", channel_id=run.channel_id), 303)
