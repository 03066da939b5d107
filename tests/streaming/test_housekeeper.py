"""Cleaning up: what is old goes, what is young or under way stays, and nothing gets lost by it."""

import threading
from datetime import timedelta

import gevent
import pytest
from flask import Flask

from chat_app import audit
from chat_app.runtime import Runtime
from chat_app.store.audit import AuditEventRow
from chat_app.store.base import now
from chat_app.store.channel_events import changes_after
from chat_app.store.invitations import InvitationRow
from chat_app.store.remote_tasks import RemoteTaskRow
from chat_app.store.run_events import events_after
from chat_app.store.tokens import TokenRow
from chat_app.streaming.housekeeper import AT_A_TIME, AUDIT_KEPT, Housekeeper
from chat_app.streaming.replay import past
from tests.clients import Client
from tests.fakes import Chunk, FakeProvider, Hold, says

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def database_url(each_installation: str) -> str:
    return each_installation


@pytest.fixture
def housekeeper(rt: Runtime) -> Housekeeper:
    """It keeps what is younger than an hour."""
    return Housekeeper(rt.db, keep_hours=1)


def run_of(owner: Client, channel_id: int) -> int:
    """The id of a run that has ended."""
    public_id = owner.say(channel_id, "Hi", reply="wait")["run_id"]
    return int(owner.get(f"/api/runs/{public_id}").get_json()["id"])


def events_of(rt: Runtime, run_id: int) -> int:
    with rt.db.reading() as session:
        return len(events_after(session, run_id, 0))


def changes_of(rt: Runtime, channel_id: int) -> list[int]:
    with rt.db.reading() as session:
        return [change.seq for change in changes_after(session, channel_id, 0, 1_000)]


def test_the_journals_of_runs_that_ended_long_ago_go_and_young_ones_stay(
    owner: Client, rt: Runtime, housekeeper: Housekeeper
) -> None:
    run_id = run_of(owner, owner.channel())
    assert housekeeper.clean(now() + HOUR * 0.9) == 0
    assert events_of(rt, run_id) == 4
    assert housekeeper.clean(now() + HOUR * 1.1) == 1
    assert events_of(rt, run_id) == 0
    assert housekeeper.clean(now() + HOUR * 1.1) == 0


def test_logs_of_remote_runs_are_kept_for_longer(owner: Client, rt: Runtime) -> None:
    housekeeper = Housekeeper(rt.db, keep_hours=1, logs_keep_days=3)
    logs = [run_of(owner, owner.channel()) for _ in range(3)]
    chat = run_of(owner, owner.channel())
    with rt.db.transaction() as session:
        for run_id in logs:
            session.add(RemoteTaskRow(run_id=run_id, thread_id="t", spec="s"))
    assert housekeeper.clean(now() + 2 * DAY) == 1
    assert (events_of(rt, chat), events_of(rt, logs[0])) == (0, 4)
    late = run_of(owner, owner.channel())  # behind logs that stay
    assert housekeeper.clean(now() + 2 * DAY) == 1
    assert events_of(rt, late) == 0
    assert housekeeper.clean(now() + 4 * DAY) == 3
    with rt.db.reading() as session:
        told, is_retold = past(session, logs[0])
    assert is_retold
    assert [event.type for event in told] == ["start", "gap", "chunk", "done"]
    assert '"log_expired"' in told[1].data


def test_a_live_run_is_left_alone_however_old(
    owner: Client, rt: Runtime, housekeeper: Housekeeper, fake: FakeProvider
) -> None:
    gate = threading.Event()
    fake.enqueue([Chunk("Hel"), Hold(gate), *says("lo")])
    run_id = owner.say(owner.channel(), "Hi")["run_id"]
    following = gevent.spawn(owner.stream, f"/api/runs/{run_id}/stream")
    fake.wait_until(lambda: fake.open_streams == 1)
    assert housekeeper.clean(now() + HOUR * 9) == 0
    gate.set()
    text = [e.data["content"] for e in following.get(timeout=30) if e.data["type"] == "chunk"]
    assert "".join(text) == "Hello"


def test_more_than_fit_into_one_step_all_go(
    owner: Client, rt: Runtime, housekeeper: Housekeeper
) -> None:
    channel_id = owner.channel()
    run_ids = [run_of(owner, channel_id) for _ in range(AT_A_TIME + 1)]
    assert housekeeper.clean(now() + HOUR * 2) == len(run_ids)
    assert [events_of(rt, run_id) for run_id in run_ids] == [0] * len(run_ids)


def test_two_that_clean_at_once_do_no_harm(
    app: Flask, owner: Client, rt: Runtime, housekeeper: Housekeeper
) -> None:
    channel_id = owner.channel()
    run_ids = [run_of(owner, channel_id) for _ in range(5)]
    at = now() + HOUR * 2
    cleaning = [gevent.spawn(housekeeper.clean, at) for _ in range(4)]
    assert sum(one.get(timeout=30) for one in cleaning) >= len(run_ids)
    assert [events_of(rt, run_id) for run_id in run_ids] == [0] * len(run_ids)


def test_old_changes_of_channels_go_and_young_ones_stay(
    owner: Client, rt: Runtime, housekeeper: Housekeeper
) -> None:
    channels = [owner.channel() for _ in range(AT_A_TIME + 1)]
    for channel_id in channels:
        owner.say(channel_id, "Hi", reply="none")
    housekeeper.clean(now() + HOUR * 0.9)
    assert [changes_of(rt, channel_id) for channel_id in channels] == [[1]] * len(channels)
    housekeeper.clean(now() + HOUR * 1.1)
    assert [changes_of(rt, channel_id) for channel_id in channels] == [[]] * len(channels)
    owner.say(channels[0], "Hi again", reply="none")
    assert changes_of(rt, channels[0]) == [2]


def test_a_clock_that_was_ahead_leaves_no_hole_in_a_channels_changes(
    owner: Client, rt: Runtime, housekeeper: Housekeeper
) -> None:
    channel_id = owner.channel()
    for number in range(3):
        owner.say(channel_id, str(number), reply="none")
    with rt.db.transaction() as session:
        session.connection().exec_driver_sql(
            f"update channel_events set created_at = '2099-01-01' where channel_id = {channel_id}"
            " and seq = 1"
        )
    housekeeper.clean(now() + HOUR * 2)
    assert changes_of(rt, channel_id) == []


def test_dead_tokens_go(owner: Client, rt: Runtime, housekeeper: Housekeeper) -> None:
    made = owner.post("/api/tokens", {"name": "x", "days": 1}).get_json()
    with rt.db.transaction() as session:
        session.get_one(TokenRow, made["id"]).expires_at = now() - HOUR
    housekeeper.clean(now())
    with rt.db.reading() as session:
        assert session.get(TokenRow, made["id"]) is None


def test_stopping_one_that_never_started_is_fine(housekeeper: Housekeeper) -> None:
    housekeeper.stop()
    housekeeper.start()
    housekeeper.start()
    housekeeper.stop()


def test_what_the_audit_log_kept_for_half_a_year_goes(
    rt: Runtime, housekeeper: Housekeeper
) -> None:
    with rt.db.transaction() as session:
        for _ in range(AT_A_TIME + 1):
            audit.note(session, None, "sign_in_failed")

    def left() -> int:
        with rt.db.reading() as session:
            return session.query(AuditEventRow).count()

    housekeeper.clean(now() + AUDIT_KEPT - HOUR)
    assert left() == AT_A_TIME + 1
    housekeeper.clean(now() + AUDIT_KEPT + HOUR)
    assert left() == 0


def test_invitations_go_a_month_after_their_end(owner: Client, rt: Runtime) -> None:
    made = owner.post("/api/invitations", {"days": 1}).get_json()

    def is_there() -> bool:
        with rt.db.reading() as session:
            return session.get(InvitationRow, made["id"]) is not None

    housekeeper = Housekeeper(rt.db, keep_hours=1)
    housekeeper.clean(now() + timedelta(days=30))
    assert is_there()
    housekeeper.clean(now() + timedelta(days=32))
    assert not is_there()
