"""Agents of kind `remote`: in any channel, by a run on their project's AI server."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from chat_app.access import Person
from chat_app.errors import HoldfastError
from chat_app.runtime import Runtime
from chat_app.services import agents, channels, messages, users
from chat_app.services.messages import Draft
from chat_app.store.messages import MessageRow
from chat_app.store.projects import ProjectMemberRow, ProjectRow
from chat_app.streaming.replies import wait_for_reply
from tests.faults.ai_server import AiServer
from tests.faults.remote.plan import Plan
from tests.streaming.remote import Builder
from tests.streaming.runs import journal_of, row

PASSWORD = "correct-horse"


@pytest.fixture
def server() -> Iterator[AiServer]:
    with AiServer() as server:
        yield server


@pytest.fixture
def builder(here: Runtime, server: AiServer) -> Builder:
    return Builder.at(here, server)


@pytest.fixture
def handle(builder: Builder) -> str:
    """An agent that works in the project."""
    fields = {"name": "Builder", "kind": "remote", "project_id": builder.project_id}
    return agents.create(builder.rt, builder.person, fields).handle


def asked(rt: Runtime, person: Person, agent: str, plan: Plan) -> tuple[Any, MessageRow]:
    """The ended run and its reply, in a channel of the person's own."""
    found = next(one for one in agents.list_agents(rt, person) if one.handle == agent)
    channel = channels.create(rt, person, {"agent_id": found.id})
    posted = messages.post(rt, person, channel.id, Draft(plan.spec))
    assert posted.run is not None
    try:
        return wait_for_reply(rt.db, rt.feeds, posted.run)
    except HoldfastError as error:
        return error, row(rt, posted.run)


def someone(rt: Runtime, name: str, role: str = "member") -> Person:
    with suppress(HoldfastError):  # made by the test before
        users.create(rt, f"{name}@example.com", PASSWORD, name, role)
    return users.person(rt, f"{name}@example.com")


def test_its_log_is_in_the_journal_and_its_result_is_the_message(
    builder: Builder, handle: str
) -> None:
    plan = Plan(seed=31, pieces=5)
    run, reply = asked(builder.rt, builder.person, handle, plan)
    assert (reply.body, reply.status, reply.author["name"]) == (plan.result, "complete", "Builder")
    kinds = [event.type for event in journal_of(builder.rt, run)]
    assert kinds[:2] == ["start", "task"]
    assert kinds[-2:] == ["chunk", "done"]
    assert [kind for kind in kinds if kind in ("log", "progress")] == [n for n, _ in plan.said]


def test_who_may_not_use_the_project_is_refused_by_the_run(
    builder: Builder, handle: str, server: AiServer
) -> None:
    rt, plan = builder.rt, Plan(seed=32, pieces=2)
    member = someone(rt, "ben")
    error, run = asked(rt, member, handle, plan)
    assert (error.error_code, run.status) == ("access_denied", "failed")
    assert server.begun == {}
    with rt.db.transaction() as session:
        session.add(ProjectMemberRow(project_id=builder.project_id, user_id=member.id))
    _, reply = asked(rt, member, handle, plan)
    assert reply.body == plan.result


def test_a_project_that_is_busy_or_not_ready_is_the_error_of_the_run(
    builder: Builder, handle: str
) -> None:
    held = builder.start(Plan(seed=33, hold_after=1))
    error, _ = asked(builder.rt, builder.person, handle, Plan(seed=34))
    assert error.error_code == "project_not_ready"
    builder.stop(held)
    builder.ended(held)
    with builder.rt.db.transaction() as session:
        session.get_one(ProjectRow, builder.project_id).status = "STOPPED"
    error, _ = asked(builder.rt, builder.person, handle, Plan(seed=35))
    assert (error.error_code, "STOPPED" in error.message) == ("project_not_ready", True)


def test_an_agent_whose_project_is_gone_does_not_answer(builder: Builder, handle: str) -> None:
    with builder.rt.db.transaction() as session:
        session.delete(session.get_one(ProjectRow, builder.project_id))
    found = next(a for a in agents.list_agents(builder.rt, builder.person) if a.handle == handle)
    assert not found.can_answer
    channel = channels.create(builder.rt, builder.person, {"agent_id": found.id})
    posted = messages.post(builder.rt, builder.person, channel.id, Draft("Hi"))
    assert (posted.run, posted.refusal and posted.refusal.error_code) == (None, "no_agent")


def test_a_channel_that_is_deleted_stops_its_task(
    builder: Builder, handle: str, server: AiServer
) -> None:
    rt, person = builder.rt, builder.person
    found = next(a for a in agents.list_agents(rt, person) if a.handle == handle)
    channel = channels.create(rt, person, {"agent_id": found.id})
    plan = Plan(seed=36, hold_after=1)
    posted = messages.post(rt, person, channel.id, Draft(plan.spec))
    assert posted.run is not None
    with rt.feeds.watching(posted.run) as feed:
        while not any(event.type == "task" for event in feed.events):
            feed.wait(feed.last_seq, 5)
    channels.delete(rt, person, channel.id)
    task = server.task_of(plan)
    assert task is not None
    assert server.stopped == [task.id]


def test_the_kind_and_the_project_are_checked(builder: Builder, handle: str) -> None:
    rt, person = builder.rt, builder.person

    def refused(**fields: Any) -> Any:
        with pytest.raises(HoldfastError) as refusal:
            agents.create(rt, person, {"name": "X", **fields})
        return refusal.value.error_code, refusal.value.fields.get("field")

    assert refused(kind="remote") == ("invalid_request", "project_id")
    assert refused(project_id=builder.project_id) == ("invalid_request", "project_id")
    assert refused(kind="remote", project_id=2**40) == ("project_not_found", None)
    found = next(a for a in agents.list_agents(rt, person) if a.handle == handle)
    for changes in ({"kind": "model"}, {"project_id": None}):
        with pytest.raises(HoldfastError):
            agents.update(rt, person, found.id, changes)
    assert agents.update(rt, person, found.id, {"kind": "remote", "name": "B2"}).name == "B2"
