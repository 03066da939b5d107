"""How much a workspace is used, for those who run it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chat_app import access
from chat_app.access import Person
from chat_app.errors import AccessDenied, InvalidRequest
from chat_app.runtime import Runtime
from chat_app.store.base import now
from chat_app.store.usage import Counted, usage

RANGES_DAYS = (7, 30, 90)
ROWS_MAX = 20
EVERYWHERE = "all"


@dataclass(frozen=True)
class Report:
    """`days` has a row for each day of the range, the idle ones too; the others the most first."""

    since: datetime
    total: Counted
    days: list[Counted]
    agents: list[Counted]
    people: list[Counted]
    models: list[Counted]


def report(rt: Runtime, person: Person, ref: str | int | None, days: int) -> Report:
    """Usage of a workspace in the last days, today included; None is their first workspace,
    `all` the whole installation.

    Raises `WorkspaceNotFound`, `AccessDenied`, `InvalidRequest`.
    """
    if days not in RANGES_DAYS:
        allowed = ", ".join(map(str, RANGES_DAYS))
        raise InvalidRequest(f"The number of days is one of: {allowed}.", field="days")
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=days - 1)
    with rt.db.snapshot() as session:
        workspace_id = None
        if ref != EVERYWHERE:
            workspace_id = access.workspace(session, person, ref).id
            person.must_oversee(workspace_id)
        elif not person.is_operator:
            raise AccessDenied
        found = {
            by: usage(session, workspace_id, since, by, days if by == "day" else ROWS_MAX)
            for by in ("day", "agent", "person", "model")
        }
    by_day = _each_day(since, days, found["day"])
    total = Counted(None, *(sum(one[at] for one in by_day) for at in (1, 2, 3)))  # type: ignore[misc]
    return Report(since, total, by_day, found["agent"], found["person"], found["model"])


def _each_day(since: datetime, days: int, found: list[Counted]) -> list[Counted]:
    known = {one.key: one for one in found}
    dates = [str((since + timedelta(days=day)).date()) for day in range(days)]
    return [known.get(date, Counted(date, 0, 0, 0)) for date in dates]
