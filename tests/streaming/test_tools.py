"""An answer that uses tools: live, parallel, durable, and asked for where that is wanted."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from gevent.event import Event as Bell

from chat_app import access
from chat_app.errors import (
    AccessDenied,
    Conflict,
    InvalidRequest,
    NotFound,
    ToolTimeout,
    ToolUnavailable,
)
from chat_app.runtime import Runtime
from chat_app.services import approvals, runs
from chat_app.store.approvals import ApprovalRow
from chat_app.store.base import now
from chat_app.store.tool_servers import ToolServerRow
from chat_app.store.tools import ToolRow
from chat_app.store.users import UserRow
from chat_app.streaming.asking import HELD
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.events import Event, tool_call
from chat_app.streaming.journal import Journal, LiveRun
from chat_app.streaming.keeper import Keeper
from chat_app.tools.values import CallResult, InputRequest, InputRequired, Progress, ToolLimits
from tests.fakes import FakeProvider, says
from tests.streaming.runs import (
    ELSEWHERE,
    FAST,
    change,
    ended,
    journal_of,
    opened,
    reply,
    row,
    told,
    wait_until,
)
from tests.streaming.tools import (
    FakeTools,
    add_tool,
    asked,
    asks_for,
    fails,
    gives,
    remove_tools,
    waits,
    with_tools,
)


@pytest.fixture
def tools() -> FakeTools:
    return FakeTools()


@pytest.fixture
def rt(here: Runtime, tools: FakeTools) -> Iterator[Runtime]:
    """This process with those tools: `look` runs by itself, `send` only when it is allowed."""
    tools.does |= {"look": gives("seen"), "send": gives("sent")}
    add_tool(here.db, "look", annotations={"readOnlyHint": True})
    add_tool(here.db, "send", policy="ask")
    runtime = with_tools(here, tools)
    yield runtime
    runtime.engine.drain(0)
    remove_tools(here.db)


def operator(rt: Runtime) -> access.Person:
    with rt.db.reading() as session:
        return access.Person.of(session.get_one(UserRow, 1), {1: "owner"})


def started(rt: Runtime) -> RunRef:
    run = opened(rt)
    rt.engine.take_over(run, 0)
    return run


def events_of(rt: Runtime, run: RunRef, kind: str) -> list[dict[str, Any]]:
    return [orjson.loads(e.data) for e in journal_of(rt, run) if e.type == kind]


def parked(rt: Runtime, run: RunRef) -> None:
    wait_until(lambda: row(rt, run).parked_until is not None and not rt.engine.running_ids)


def died(rt: Runtime, *happened: Event) -> RunRef:
    """A run whose process wrote these events and died."""
    run = opened(rt, ELSEWHERE)
    with rt.feeds.watching(run) as feed:
        live = LiveRun(run.id, 1, feed)
        journal = Journal(rt.db)
        for event in happened:
            journal.append(live, event)
        journal.flush(live)
    return run


def approve(rt: Runtime, run: RunRef, call_id: str = "c0", yes: bool = True, **more: Any) -> None:
    approvals.approve(rt, operator(rt), run.public_id, call_id, yes, **more)


def test_a_call_and_its_result_are_told_and_kept(rt: Runtime, fake: FakeProvider) -> None:
    fake.enqueue(asks_for("look", args='{"at": "sky"}'), says("Blue."))
    run = started(rt)
    assert ended(rt, run).status == "done"
    assert told(rt, run) == ["start", "tool_call", "tool_result", "Blue.", "usage", "done"]
    (call,) = events_of(rt, run, "tool_call")
    assert call == {
        "type": "tool_call",
        "call_id": "c0",
        "tool": "look",
        "server": "Things",
        "args": {"at": "sky"},
    }
    (stored,) = reply(rt, run).tool_calls
    assert (stored["result"], stored["is_error"], stored["args"]) == ("seen", False, {"at": "sky"})


def test_calls_of_one_round_run_side_by_side(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    bells = {name: Bell() for name in "ab"}
    for name, bell in bells.items():
        add_tool(rt.db, name)
        tools.does[name] = waits(bell, name)
    fake.enqueue(asks_for("a", "b"), says("Done."))
    run = started(rt)
    wait_until(lambda: tools.called == ["a", "b"])
    bells["b"].set()
    wait_until(lambda: [r["tool"] for r in events_of(rt, run, "tool_result")] == ["b"])
    bells["a"].set()
    assert ended(rt, run).status == "done"


def test_progress_is_told(rt: Runtime, fake: FakeProvider, tools: FakeTools) -> None:
    def look(on_progress: Any, **_: Any) -> CallResult:
        on_progress(Progress(1, 2, "half"))
        return CallResult("seen")

    tools.does["look"] = look
    fake.enqueue(asks_for("look"), says("Done."))
    run = started(rt)
    ended(rt, run)
    (progress,) = events_of(rt, run, "tool_progress")
    assert (progress["progress"], progress["total"], progress["message"]) == (1, 2, "half")


@pytest.mark.parametrize(
    ("name", "args", "says_so", "code"),
    [
        ("look", '{"broken', "not valid JSON", "tool_failed"),
        ("look", "[1]", "JSON object", "tool_failed"),
        ("nothing", "{}", "no tool named", "tool_failed"),
    ],
)
def test_a_call_that_cannot_be_made_is_a_result(
    rt: Runtime, fake: FakeProvider, tools: FakeTools, name: str, args: str, says_so: str, code: str
) -> None:
    fake.enqueue(asks_for(name, args=args), says("Sorry."))
    run = started(rt)
    assert ended(rt, run).status == "done"
    (result,) = events_of(rt, run, "tool_result")
    assert result["is_error"]
    assert result["error_code"] == code
    assert says_so in result["result"]
    assert tools.called == []


def test_a_server_that_is_away_is_a_notice_and_the_answer_goes_on(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    tools.does["look"] = fails(ToolUnavailable("Things cannot be reached."))
    fake.enqueue(asks_for("look", "look"), says("Without it."))
    run = started(rt)
    assert ended(rt, run).status == "done"
    (notice,) = events_of(rt, run, "notice")
    assert (notice["error_code"], notice["message"]) == (
        "tool_unavailable",
        "Things cannot be reached.",
    )
    assert reply(rt, run).body == "Without it."


def test_a_call_that_took_too_long_has_an_unknown_outcome(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    add_tool(rt.db, "pay")
    tools.does["pay"] = fails(ToolTimeout(may_have_run=True))
    fake.enqueue(asks_for("pay"), says("Hm."))
    run = started(rt)
    ended(rt, run)
    (result,) = events_of(rt, run, "tool_result")
    assert result["error_code"] == "tool_timeout"
    assert "Outcome unknown" in result["result"]


def test_the_time_for_tools_is_limited(here: Runtime, rt: Runtime, fake: FakeProvider) -> None:
    short = with_tools(here, FakeTools({"look": gives("seen")}), ToolLimits(run_s=0.0))
    fake.enqueue(says("Without tools."))
    run = started(short)
    assert ended(short, run).status == "done"
    assert events_of(short, run, "notice")[0]["error_code"] == "tool_limit_reached"


def test_a_cancelled_answer_stops_its_tools(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    tools.does["look"] = waits(Bell())
    fake.enqueue(asks_for("look"))
    run = started(rt)
    wait_until(lambda: tools.called == ["look"])
    rt.engine.cancel(run)
    assert ended(rt, run).status == "cancelled"
    wait_until(lambda: tools.stopped == ["look"])
    (stored,) = reply(rt, run).tool_calls
    assert stored["result"] is None


# --- after a crash ------------------------------------------------------------------------------


def test_a_result_that_was_written_is_never_fetched_again(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    result = {"call_id": "c0", "tool": "look", "server": "Things", "result": "seen before"}
    result |= {"is_error": False, "duration_ms": 1}
    run = died(rt, tool_call("c0", "look", "Things", {}), Event("tool_result", fields=result))
    fake.enqueue(says("Known."))
    rt.engine.take_over(run, 1)
    assert ended(rt, run).status == "done"
    assert tools.called == []
    assert fake.requests[0].json["messages"][-1]["content"] == "seen before"
    assert told(rt, run) == ["start", "tool_call", "tool_result", "Known.", "usage", "done"]


def test_a_call_in_flight_has_an_unknown_outcome_and_is_not_made_again(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    add_tool(rt.db, "pay")
    run = died(rt, Event("chunk", "I pay. "), tool_call("c0", "pay", "Things", {}))
    fake.enqueue(says("Was it paid?"))
    rt.engine.take_over(run, 1)
    assert ended(rt, run).status == "done"
    assert tools.called == []
    (result,) = events_of(rt, run, "tool_result")
    assert result["is_error"]
    assert "Outcome unknown" in result["result"]
    assert reply(rt, run).body == "I pay. \n\nWas it paid?"


def test_a_call_in_flight_stays_unknown_where_its_tool_is_gone(
    rt: Runtime, fake: FakeProvider
) -> None:
    run = died(rt, tool_call("c0", "gone", "Things", {}))
    fake.enqueue(says("Hm."))
    rt.engine.take_over(run, 1)
    ended(rt, run)
    assert "Outcome unknown" in events_of(rt, run, "tool_result")[0]["result"]


def test_a_call_that_was_held_for_a_form_is_not_made_again(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    form = {"message": "How many?", "schema": FORM}
    asking = {"call_id": "c0", "tool": "send", "server": "Things", "args": {}, **form}
    run = died(rt, tool_call("c0", "send", "Things", {}), Event("tool_approval", fields=asking))
    with rt.db.transaction() as session:
        expires = now() + timedelta(1)
        row = ApprovalRow(run_id=run.id, call_id="c0", ask=0, key=HELD, expires_at=expires)
        session.add(row)
    fake.enqueue(asks_for("send"), says("Sent."))
    rt.engine.take_over(run, 1)
    parked(rt, run)  # for the new call, and not for the form of the old one
    assert "Outcome unknown" in events_of(rt, run, "tool_result")[0]["result"]
    assert tools.called == []
    again = events_of(rt, run, "tool_approval")[-1]["call_id"]
    approve(rt, run, again)
    assert ended(rt, run).status == "done"
    assert tools.called == ["send"]


@pytest.mark.parametrize("hint", ["readOnlyHint", "idempotentHint"])
def test_a_call_in_flight_that_may_be_repeated_is(
    rt: Runtime, fake: FakeProvider, tools: FakeTools, hint: str
) -> None:
    add_tool(rt.db, "again", annotations={hint: True})
    tools.does["again"] = gives("once more")
    run = died(rt, tool_call("c0", "again", "Things", {}))
    fake.enqueue(says("Good."))
    rt.engine.take_over(run, 1)
    ended(rt, run)
    assert tools.called == ["again"]
    assert told(rt, run) == ["start", "tool_call", "tool_result", "Good.", "usage", "done"]


def test_the_broken_text_after_a_result_comes_anew(rt: Runtime, fake: FakeProvider) -> None:
    result = {"call_id": "c0", "tool": "look", "server": "Things", "result": "seen"}
    result |= {"is_error": False, "duration_ms": 1}
    run = died(
        rt,
        tool_call("c0", "look", "Things", {}),
        Event("tool_result", fields=result),
        Event("chunk", "brok"),
    )
    fake.enqueue(says("Whole."))
    rt.engine.take_over(run, 1)
    ended(rt, run)
    assert told(rt, run)[3:6] == ["brok", "restart", "Whole."]
    assert reply(rt, run).body == "Whole."


# --- approval -----------------------------------------------------------------------------------


def test_a_run_that_waits_for_a_person_is_parked_and_held_by_nobody(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    fake.enqueue(asks_for("send", args='{"to": "Ann"}'))
    run = started(rt)
    parked(rt, run)
    assert (row(rt, run).status, row(rt, run).owner) == ("queued", None)
    (ask,) = events_of(rt, run, "tool_approval")
    assert (ask["call_id"], ask["tool"], ask["args"]) == ("c0", "send", {"to": "Ann"})
    assert tools.called == []


def test_once_it_is_allowed_the_run_goes_on(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    fake.enqueue(asks_for("send"), says("Sent."))
    run = started(rt)
    parked(rt, run)
    approve(rt, run)
    assert ended(rt, run).status == "done"
    assert told(rt, run) == [
        "start",
        "tool_approval",
        "tool_call",
        "tool_result",
        "Sent.",
        "usage",
        "done",
    ]
    assert tools.called == ["send"]


def test_it_goes_on_in_any_process(
    rt: Runtime, here: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    fake.enqueue(asks_for("send"), says("Sent."))
    run = started(rt)
    parked(rt, run)
    other = with_tools(here, tools)
    approve(other, run)
    assert ended(rt, run).status == "done"
    assert reply(rt, run).body == "Sent."


def test_tokens_before_a_pause_are_counted(rt: Runtime, fake: FakeProvider) -> None:
    steps = asks_for("send")
    fake.enqueue([*steps[:-1], *says("")[-2:]], says("Sent."))
    run = started(rt)
    parked(rt, run)
    approve(rt, run)
    assert (ended(rt, run).usage or {})["total_tokens"] == 16


def test_a_call_that_is_refused_is_never_made(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    fake.enqueue(asks_for("send"), says("As you wish."))
    run = started(rt)
    parked(rt, run)
    approve(rt, run, yes=False)
    assert ended(rt, run).status == "done"
    (result,) = events_of(rt, run, "tool_result")
    assert (result["error_code"], result["is_error"]) == ("tool_denied", True)
    assert tools.called == []


def test_what_needs_no_approval_does_not_wait_for_it(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    fake.enqueue(asks_for("send", "look"), says("Both."))
    run = started(rt)
    parked(rt, run)
    assert tools.called == ["look"]
    approve(rt, run)
    assert ended(rt, run).status == "done"
    assert tools.called == ["look", "send"]


def test_an_answer_before_the_run_is_parked_counts(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    bell = Bell()
    tools.does["look"] = waits(bell)
    fake.enqueue(asks_for("send", "look"), says("Both."))
    run = started(rt)
    wait_until(lambda: tools.called == ["look"])
    approve(rt, run)
    bell.set()
    assert ended(rt, run).status == "done"
    assert tools.called == ["look", "send"]


def test_of_two_calls_both_must_be_answered(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    fake.enqueue(asks_for("send", "send"), says("Done."))
    run = started(rt)
    parked(rt, run)
    approve(rt, run, "c0")
    assert row(rt, run).parked_until is not None
    approve(rt, run, "c1", yes=False)
    ended(rt, run)
    assert tools.called == ["send"]


def test_nobody_in_time_is_a_refusal(rt: Runtime, fake: FakeProvider, tools: FakeTools) -> None:
    fake.enqueue(asks_for("send"), says("Never mind."))
    run = started(rt)
    parked(rt, run)
    with rt.db.transaction() as session:
        session.get_one(ApprovalRow, (run.id, "c0", 0)).expires_at = now() - timedelta(1)
    with pytest.raises(Conflict):
        approve(rt, run)
    change(rt, run, parked_until=now() - timedelta(seconds=1))
    keeper = Keeper(rt.db, rt.engine, FAST)
    keeper.start()
    assert ended(rt, run).status == "done"
    keeper.stop()
    assert "in time" in events_of(rt, run, "tool_result")[0]["result"]
    assert tools.called == []


def test_a_parked_run_is_left_alone_by_those_who_look_for_work(
    rt: Runtime, fake: FakeProvider
) -> None:
    fake.enqueue(asks_for("send"))
    run = started(rt)
    parked(rt, run)
    keeper = Keeper(rt.db, rt.engine, FAST)
    keeper._take_over_abandoned()
    assert rt.engine.running_ids == []
    assert asked(rt, run) == ["c0"]


def test_a_parked_run_can_be_cancelled(rt: Runtime, fake: FakeProvider) -> None:
    fake.enqueue(asks_for("send"))
    run = started(rt)
    parked(rt, run)
    rt.engine.cancel(run)
    assert ended(rt, run).status == "cancelled"
    with pytest.raises(Conflict):
        approve(rt, run)


def test_the_same_answer_again_changes_nothing_and_another_is_a_conflict(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    fake.enqueue(asks_for("send"), says("Sent."))
    run = started(rt)
    parked(rt, run)
    approve(rt, run)
    ended(rt, run)
    approve(rt, run)
    with pytest.raises(Conflict):
        approve(rt, run, yes=False)
    assert tools.called == ["send"]


def test_about_what_nobody_was_asked_nobody_can_answer(rt: Runtime, fake: FakeProvider) -> None:
    fake.enqueue(asks_for("send"))
    run = started(rt)
    parked(rt, run)
    with pytest.raises(NotFound):
        approve(rt, run, "c9")
    with pytest.raises(InvalidRequest):
        approve(rt, run, content={"x": 1})


def test_a_tool_that_changed_asks_until_its_operator_agrees(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    tool_id = add_tool(rt.db, "turned", changed=True)
    tools.does["turned"] = gives("ok")
    fake.enqueue(asks_for("turned"), says("1"), asks_for("turned"), says("2"))
    run = started(rt)
    parked(rt, run)
    approve(rt, run)
    ended(rt, run)
    with rt.db.reading() as session:
        assert not session.get_one(ToolRow, tool_id).changed
    assert ended(rt, started(rt)).status == "done"


def test_what_is_done_under_a_sign_in_is_allowed_by_its_person_only(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    with rt.db.transaction() as session:
        session.query(ToolServerRow).filter_by(name="Things").one().auth = "oauth"
    fake.enqueue(asks_for("send"), says("Sent."))
    run = started(rt)
    parked(rt, run)
    somebody = replace(operator(rt), id=99)
    with pytest.raises(AccessDenied):
        approvals.approve(rt, somebody, run.public_id, "c0", True)
    approve(rt, run)
    assert ended(rt, run).status == "done"


def test_a_tool_that_is_never_allowed_is_refused_without_asking(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    add_tool(rt.db, "erase", policy="never")
    fake.enqueue(asks_for("erase"), says("No."))
    run = started(rt)
    ended(rt, run)
    assert events_of(rt, run, "tool_result")[0]["error_code"] == "tool_denied"
    assert tools.called == []


# --- forms --------------------------------------------------------------------------------------

FORM = {
    "type": "object",
    "properties": {"size": {"type": "integer", "minimum": 1}},
    "required": ["size"],
}


def wants_a_form(tools: FakeTools) -> None:
    required = InputRequired((InputRequest("k", "How many?", FORM),), "memory")
    turns = iter([required, CallResult("ordered")])
    tools.does["look"] = lambda **_: next(turns)


def test_a_form_parks_the_run_and_its_answer_goes_to_the_server(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    wants_a_form(tools)
    fake.enqueue(asks_for("look"), says("Done."))
    run = started(rt)
    parked(rt, run)
    (ask,) = events_of(rt, run, "tool_approval")
    assert (ask["message"], ask["schema"]) == ("How many?", FORM)
    approve(rt, run, content={"size": 3})
    assert ended(rt, run).status == "done"
    assert tools.answers[1] is not None
    assert tools.answers[1].state == "memory"
    assert tools.answers[1].answers == {"k": {"action": "accept", "content": {"size": 3}}}


@pytest.mark.parametrize("content", [None, {}, {"size": "3"}, {"size": 0}, {"size": 1, "x": 1}])
def test_a_form_that_does_not_fit_is_refused_and_can_be_sent_again(
    rt: Runtime, fake: FakeProvider, tools: FakeTools, content: dict[str, Any] | None
) -> None:
    wants_a_form(tools)
    fake.enqueue(asks_for("look"), says("Done."))
    run = started(rt)
    parked(rt, run)
    with pytest.raises(InvalidRequest):
        approve(rt, run, content=content)
    approve(rt, run, content={"size": 1})
    assert ended(rt, run).status == "done"


def test_of_two_forms_the_first_is_asked_and_both_are_sent(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    forms = (InputRequest("a", "How many?", FORM), InputRequest("b", "How large?", FORM))
    turns = iter([InputRequired(forms, "memory"), CallResult("ordered")])
    tools.does["look"] = lambda **_: next(turns)
    fake.enqueue(asks_for("look"), says("Done."))
    run = started(rt)
    parked(rt, run)
    for message, size in (("How many?", 1), ("How large?", 2)):
        (live,) = runs.live_answers(rt, operator(rt), 1).values()
        assert [ask["message"] for ask in live.approvals] == [message]
        approve(rt, run, content={"size": size})
    ended(rt, run)
    assert tools.answers[1] is not None
    sent = {key: answer["content"] for key, answer in tools.answers[1].answers.items()}
    assert sent == {"a": {"size": 1}, "b": {"size": 2}}


def test_a_declined_form_is_told_to_the_server(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    wants_a_form(tools)
    fake.enqueue(asks_for("look"), says("Done."))
    run = started(rt)
    parked(rt, run)
    approve(rt, run, yes=False)
    ended(rt, run)
    assert tools.answers[1] is not None
    assert tools.answers[1].answers == {"k": {"action": "decline"}}


def test_an_older_servers_form_is_answered_while_its_call_is_held(
    rt: Runtime, fake: FakeProvider, tools: FakeTools
) -> None:
    def look(on_input: Any, **_: Any) -> CallResult:
        answer = on_input(InputRequest("k", "How many?", FORM))
        return CallResult(str(answer["content"]["size"]))

    tools.does["look"] = look
    fake.enqueue(asks_for("look"), says("Done."))
    run = started(rt)
    wait_until(lambda: events_of(rt, run, "tool_approval"))
    approve(rt, run, content={"size": 7})
    assert ended(rt, run).status == "done"
    assert reply(rt, run).tool_calls[0]["result"] == "7"


# --- in later turns -----------------------------------------------------------------------------


def test_a_later_turn_remembers_what_tools_gave(rt: Runtime, fake: FakeProvider) -> None:
    fake.enqueue(asks_for("look"), says("Blue."), says("I said blue."))
    ended(rt, started(rt))
    ended(rt, started(rt))
    remembered = fake.requests[2].json["messages"]
    assert [m["role"] for m in remembered[-4:]] == ["assistant", "tool", "assistant", "user"]
    assert remembered[-3]["content"] == "seen"
    assert remembered[-2]["content"] == "Blue."
