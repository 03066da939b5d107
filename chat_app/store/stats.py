"""Counts over runs."""

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from chat_app.store.runs import RunRow

DAYS_MAX = 90


def agent_stats(session: Session, agent_id: int) -> dict[str, Any]:
    """`{"sessions", "messages", "tokens", "by_day": […]}` of an agent, the newest day first.

    `messages` counts questions and answers. A day is a UTC day.
    """
    totals = session.execute(_counts(agent_id)).one()
    day = func.date(RunRow.created_at)
    days = session.execute(
        _counts(agent_id).add_columns(day).group_by(day).order_by(day.desc()).limit(DAYS_MAX)
    )
    by_day = [{"day": str(row[-1]), **_named(row)} for row in days]
    return {**_named(totals), "by_day": by_day}


def _counts(agent_id: int) -> Select[*tuple[Any, ...]]:
    return select(
        func.count(RunRow.channel_id.distinct()),
        func.count(RunRow.question_id.distinct()) + func.count(RunRow.id),
        func.coalesce(func.sum(RunRow.usage["total_tokens"].as_integer()), 0),
    ).where(RunRow.agent_id == agent_id)


def _named(row: Any) -> dict[str, int]:
    return {"sessions": row[0], "messages": row[1], "tokens": row[2]}
