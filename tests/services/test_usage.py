"""Usage: counted by the database, over the days that were asked for, of one workspace."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from chat_app.errors import AccessDenied, InvalidRequest, WorkspaceNotFound
from chat_app.runtime import Runtime
from chat_app.services import usage, users
from chat_app.store.base import now
from chat_app.store.messages import MessageRow
from chat_app.store.runs import RunRow
from chat_app.store.usage import usage as count
from tests.clients import People
from tests.conftest import ADMIN
from tests.fakes import FakeProvider


@pytest.fixture
def database_url(each_installation: str) -> str:
    return each_installation


@pytest.fixture
def asked(people: People, fake: FakeProvider) -> People:
    """The owner asked twice, the stranger once, elsewhere."""
    for person, times in ((people.owner, 2), (people.stranger, 1)):
        if person is people.stranger:
            person.post("/api/agents", {"name": "Other", "is_default": True, "provider_id": 1})
        channel = person.channel()
        for _ in range(times):
            person.say(channel, "Hi", reply="wait")
    return people


def age(rt: Runtime, days: int) -> None:
    """Let everything have happened so many days ago."""
    with rt.db.transaction() as session:
        for row in (RunRow, MessageRow):
            for found in session.query(row):
                found.created_at = now() - timedelta(days=days)


def test_a_workspace_has_its_own_numbers_and_no_others(rt: Runtime, asked: People):
    owner = users.person(rt, ADMIN)
    report = usage.report(rt, owner, 1, 7)
    assert (report.total.runs, report.total.messages) == (2, 5)  # with the greeting
    everywhere = usage.report(rt, owner, "all", 7)
    assert everywhere.total.runs == 3
    stranger = usage.report(rt, users.person(rt, "stranger@example.com"), None, 7)
    assert stranger.total.runs == 1
    assert [one.key for one in stranger.people] == ["Stranger"]


def test_every_day_is_there_the_idle_ones_too(rt: Runtime, asked: People):
    report = usage.report(rt, users.person(rt, ADMIN), 1, 7)
    assert len(report.days) == 7
    assert [day.runs for day in report.days] == [0] * 6 + [2]
    assert report.days[-1].key == str(now().date())
    assert report.days[0].key == str(report.since.date())


def test_it_is_told_by_agent_person_and_model(rt: Runtime, asked: People):
    report = usage.report(rt, users.person(rt, ADMIN), 1, 30)
    tokens = report.total.tokens
    assert tokens > 0
    assert [(one.key, one.runs, one.tokens) for one in report.agents] == [("Assistant", 2, tokens)]
    assert [(one.key, one.messages) for one in report.people] == [("Owner", 2)]
    assert [(one.runs, one.tokens) for one in report.models if one.key] == [(2, tokens)]


@pytest.mark.parametrize(("days_ago", "days", "runs"), [(6, 7, 2), (8, 7, 0), (8, 30, 2)])
def test_only_the_days_of_the_range_count(rt: Runtime, asked: People, days_ago, days, runs):
    age(rt, days_ago)
    assert usage.report(rt, users.person(rt, ADMIN), 1, days).total.runs == runs


def test_members_viewers_and_strangers_see_nothing(rt: Runtime, asked: People):
    for email, ref, refusal in (
        ("member@example.com", None, AccessDenied),
        ("viewer@example.com", 1, AccessDenied),
        ("stranger@example.com", 1, WorkspaceNotFound),
        ("stranger@example.com", "all", AccessDenied),
    ):
        with pytest.raises(refusal):
            usage.report(rt, users.person(rt, email), ref, 7)


def test_a_range_that_is_not_offered_is_refused(rt: Runtime, people: People):
    with pytest.raises(InvalidRequest):
        usage.report(rt, users.person(rt, ADMIN), 1, 8)


def test_what_is_gone_still_counts(rt: Runtime, asked: People):
    asked.owner.delete("/api/agents/1")
    report = usage.report(rt, users.person(rt, ADMIN), 1, 7)
    assert [(one.key, one.runs) for one in report.agents] == [(None, 2)]


def test_no_row_is_loaded_and_only_the_young_part_of_the_tables_is_read(rt: Runtime):
    if not rt.db.is_sqlite:
        pytest.skip("an empty PostgreSQL plans otherwise")
    seen: list[str] = []
    with rt.db.reading() as session:
        driver = session.connection().connection.driver_connection
        driver.set_trace_callback(seen.append)
        for by in ("day", "agent", "person", "model"):
            assert count(session, 1, now(), by, 9) == []
        driver.set_trace_callback(None)
        selects = [sql for sql in seen if sql.startswith("SELECT")]
        assert len(selects) == 16
        for sql in selects:
            plan = [row[3] for row in session.execute(text(f"explain query plan {sql}"))]
            assert not [step for step in plan if step.startswith("SCAN runs")], plan
            assert not [step for step in plan if step.startswith("SCAN messages")], plan
