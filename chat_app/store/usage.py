"""How much was asked and answered, summed up by the database.

A day is a UTC day. `workspace_id` None is the whole installation.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from chat_app.store.agents import AgentRow
from chat_app.store.channels import ChannelRow
from chat_app.store.messages import MessageRow
from chat_app.store.runs import RunRow
from chat_app.store.users import UserRow

# Ids and times are given by different clocks, which are never this far apart.
CLOCKS_APART = timedelta(hours=1)
NO_ID = 2**62
BY = ("day", "agent", "person", "model")


class Counted(NamedTuple):
    """`key` is the day, or the name; None where there is none, or it is gone."""

    key: str | None
    runs: int
    messages: int
    tokens: int


def usage(
    session: Session, workspace_id: int | None, since: datetime, by: str, limit: int
) -> list[Counted]:
    """Counts since then, by one of `BY`: by day in the order of time, else the most first."""
    sums: dict[Any, list[Any]] = {}
    for key, name, runs, tokens in session.execute(_runs(session, workspace_id, since, by)):
        sums[key] = [name, runs, 0, tokens]
    for key, name, messages in session.execute(_messages(session, workspace_id, since, by)):
        sums.setdefault(key, [name, 0, 0, 0])[2] = messages
    counted = [Counted(None if sum[0] is None else str(sum[0]), *sum[1:]) for sum in sums.values()]
    if by == "day":
        return sorted(counted, key=lambda one: one.key or "")[-limit:]
    return sorted(counted, key=lambda one: one[:0:-1], reverse=True)[:limit]


def _runs(session: Session, workspace_id: int | None, since: datetime, by: str) -> Select[Any]:
    total = RunRow.usage["total_tokens"].as_integer()
    key, name = {
        "day": (func.date(RunRow.created_at),) * 2,
        "agent": (RunRow.agent_id, func.max(AgentRow.name)),
        "person": (RunRow.user_id, func.max(UserRow.name)),
        "model": (RunRow.model,) * 2,
    }[by]
    found = select(key, name, func.count(RunRow.id), func.coalesce(func.sum(total), 0))
    if by == "agent":
        found = found.outerjoin(AgentRow, AgentRow.id == RunRow.agent_id)
    if by == "person":
        found = found.outerjoin(UserRow, UserRow.id == RunRow.user_id)
    return _since(session, found, RunRow, workspace_id, since).group_by(key)


def _messages(session: Session, workspace_id: int | None, since: datetime, by: str) -> Select[Any]:
    """Those of people and of agents; by agent, person or model only what these wrote."""
    key, name, wrote = {
        "day": (func.date(MessageRow.created_at), func.date(MessageRow.created_at), None),
        "agent": (MessageRow.author_agent_id, func.max(AgentRow.name), "assistant"),
        "person": (MessageRow.author_user_id, func.max(UserRow.name), "user"),
        "model": (MessageRow.model, MessageRow.model, "assistant"),
    }[by]
    found = select(key, name, func.count(MessageRow.id))
    if by == "agent":
        found = found.outerjoin(AgentRow, AgentRow.id == MessageRow.author_agent_id)
    if by == "person":
        found = found.outerjoin(UserRow, UserRow.id == MessageRow.author_user_id)
    if wrote is not None:
        found = found.where(MessageRow.role == wrote)
    return _since(session, found, MessageRow, workspace_id, since).group_by(key)


def _since(
    session: Session,
    found: Select[Any],
    row: type[RunRow] | type[MessageRow],
    workspace_id: int | None,
    since: datetime,
) -> Select[Any]:
    """Narrowed to what is young. The first id that can be in it is looked up first, so that in
    each channel only what is young is read, too: there the keys are in the order of ids.
    """
    first = select(row.id).where(row.created_at >= since - CLOCKS_APART)
    first_id = session.scalar(first.order_by(row.created_at, row.id).limit(1))
    young: ColumnElement[bool] = row.id >= (NO_ID if first_id is None else first_id)
    found = found.where(row.created_at >= since, young)
    if workspace_id is not None:
        found = found.join(ChannelRow, ChannelRow.id == row.channel_id)
        found = found.where(ChannelRow.workspace_id == workspace_id)
    return found
