"""How much a workspace is used: bars drawn here, and the numbers below them."""

from datetime import date
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext

from chat_app import current
from chat_app.access import number
from chat_app.services import members, usage
from chat_app.services.usage import EVERYWHERE, RANGES_DAYS, Report
from chat_app.web import charts, languages, shell
from chat_app.web.blueprint import bp

USUAL_DAYS = 30
MEASURES = {
    "runs": _("Answers"),
    "messages": _("Messages"),
    "tokens": lazy_pgettext("of a model", "Tokens"),
}


@bp.get("/settings/usage")
def show_usage() -> ResponseReturnValue:
    rt, person, sent = current.runtime(), current.person(), request.args.get
    days = number(sent("days", "")) or USUAL_DAYS
    report = usage.report(rt, person, sent("workspace") or None, days)
    return shell.page(
        "usage.html",
        report=report,
        days=days,
        ranges=RANGES_DAYS,
        workspaces=[one for one in members.list_workspaces(rt, person) if _oversees(one.id)],
        chosen=sent("workspace") or str(person.home),
        everywhere=EVERYWHERE if person.is_operator else None,
        measures=MEASURES,
        **_drawn(report),
    )


def _oversees(workspace_id: int) -> bool:
    person = current.person()
    return person.is_operator or workspace_id in person.managed_workspace_ids


def _drawn(report: Report) -> dict[str, Any]:
    """What the template draws: a chart for each measure, and tables with a bar in each row."""
    days = [(languages.day(date.fromisoformat(day.key or "")), day) for day in report.days]
    by_day = {
        name: charts.chart([(label, getattr(day, name)) for label, day in days])
        for name in MEASURES
    }
    tables = [
        (_("By agent"), _("Agent"), report.agents),
        (_("By person"), _("Person"), report.people),
        (_("By model"), _("Model"), report.models),
    ]
    return {
        "charts": by_day,
        "by_day": days,
        "tables": tables,
        "share": charts.share,
        "width": charts.WIDTH,
        "height": charts.HEIGHT,
    }
