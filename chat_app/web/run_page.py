"""A remote run: how it stands, its log, its result, and what can be done with it."""

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from chat_app import access, current
from chat_app.errors import HoldfastError
from chat_app.services import remote_logs, remote_runs, runs
from chat_app.services.remote_logs import RunSeen
from chat_app.web import log_lines, shell
from chat_app.web.blueprint import bp
from chat_app.web.forms import with_unix_lines
from chat_app.web.remote_words import GAPS, LEVEL_CHOICES, RUN_STATUSES

# After how many seconds a page without JavaScript loads itself again while the run goes on.
LOOK_AGAIN_S = 3


@bp.get("/runs/<run_id>")
def show_run(run_id: str) -> ResponseReturnValue:
    return _page(remote_logs.see(current.runtime(), current.person(), run_id))


@bp.get("/runs/<run_id>/log.txt")
def download_log(run_id: str) -> ResponseReturnValue:
    """All lines that are kept, as the AI server sent them. Raises `RunNotFound`."""
    pages = remote_logs.pages(current.runtime(), current.person(), run_id)
    gaps = _gaps()  # now, for the request is over when the text is made
    text = (line for events in pages for line in log_lines.texts_of(events, gaps))
    named = {"Content-Disposition": f'attachment; filename="run-{run_id}.txt"'}
    return Response(text, mimetype="text/plain", headers=named)


@bp.post("/runs/<run_id>/stop")
def stop_run(run_id: str) -> ResponseReturnValue:
    rt, person = current.runtime(), current.person()
    seen = remote_logs.see(rt, person, run_id)
    if seen.project is None:
        runs.cancel(rt, person, run_id)  # who is in the channel only
    else:
        remote_runs.stop(rt, person, seen.project.id, run_id)
    return redirect(url_for("web.show_run", run_id=run_id), 303)


@bp.post("/runs/<run_id>/resume")
def resume_run(run_id: str) -> ResponseReturnValue:
    """A new run in the same thread: of what the form says, else of the same."""
    rt, person = current.runtime(), current.person()
    seen = remote_logs.see(rt, person, run_id)
    spec = with_unix_lines(request.form.get("spec", seen.task.spec))
    try:
        made = remote_runs.resume(rt, person, seen.task.project_id or 0, run_id, spec)
    except HoldfastError as error:
        return _page(seen, spec, error), error.http_status
    return redirect(url_for("web.show_run", run_id=made.run_id, _anchor="run-title"), 303)


def _page(seen: RunSeen, spec: str | None = None, error: HoldfastError | None = None) -> str:
    words, least = request.args.get("q", "").strip(), request.args.get("level", "")
    least = least if least in LEVEL_CHOICES else ""
    before, gaps = access.number(request.args.get("before", "")), _gaps()
    return shell.page(
        "run.html",
        seen=seen,
        run=seen.run,
        status=remote_runs.STATUSES[seen.run.status],
        statuses=RUN_STATUSES,
        log=log_lines.shown(seen.events, gaps, words, least, before),
        progress=log_lines.progress_of(seen.events),
        notices=log_lines.notices_of(seen.events),
        gaps=gaps,
        words=words,
        least=least,
        level_choices=LEVEL_CHOICES,
        look_again_s=LOOK_AGAIN_S,
        spec=seen.task.spec if spec is None else spec,
        error=error,
    )


def _gaps() -> dict[str, str]:
    return {reason: str(sentence) for reason, sentence in GAPS.items()}
