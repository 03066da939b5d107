"""Reading a task's stream to its end: when it is over, and what is told of gaps."""

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import gevent
import orjson
import pytest

from chat_app.errors import AIServerUnavailable, TaskFailed
from chat_app.remote.position import Rejoining
from chat_app.remote.values import Address, Cut, Sent, Task
from chat_app.streaming import events
from chat_app.streaming.pending import Pending
from chat_app.streaming.upstream import (
    BREATH_CHARS,
    BREATH_EVENTS,
    PAUSE_MAX_S,
    TAIL_TRIES,
    Breath,
    Upstream,
)

RUNNING, DONE = Task("t", "RUNNING"), Task("t", "DONE", result="ok")
AWAY = AIServerUnavailable("Nobody is there.")
OPEN_FOR_EVER = Sent("ping", "")  # the stream says nothing more, and does not end


@dataclass
class Stream:
    steps: Iterator[Sent]
    shows_its_end: bool

    def __iter__(self) -> Iterator[Sent]:
        return self.steps


@dataclass
class Servers:
    """Plays its streams, one a connection, and its answers; the last of each again and again."""

    streams: list[Iterable[Sent | Cut]]
    answers: list[Task | AIServerUnavailable | None]
    shows_its_end: bool = True
    asked_from: list[str | None] = field(default_factory=list)

    @contextmanager
    def stream(self, _: Address, __: str, last_id: str | None) -> Iterator[Stream]:
        self.asked_from.append(last_id)
        steps = self.streams.pop(0) if len(self.streams) > 1 else self.streams[0]
        yield Stream(self._play(steps), self.shows_its_end)

    def _play(self, steps: Iterable[Sent | Cut]) -> Iterator[Sent]:
        for step in steps:
            if isinstance(step, Cut):
                raise step
            if step is OPEN_FOR_EVER:
                gevent.sleep(60)
            yield step

    def task(self, _: Address, __: str) -> Task | None:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, AIServerUnavailable):
            raise answer
        return answer


def line(number: int) -> Sent:
    return Sent("log", f"2026-11-20T12:00:{number:02}Z line {number}", str(number))


def followed(servers: Servers, lost_s: float = 60.0) -> tuple[Task, list[str]]:
    """How the task ended, and what arrived: lines, and the reasons of gaps."""
    pending = Pending()
    rejoining = Rejoining()
    upstream = Upstream(servers, Address("http://x"), "t", rejoining, pending, lost_s)  # type: ignore[arg-type]
    task = upstream.follow()
    told = [orjson.loads(events.encode(event).data) for event in pending.take(1_000)]
    return task, [one.get("reason") or one.get("content", one["type"]) for one in told]


def lines(*numbers: int) -> list[str]:
    return [line(number).data for number in numbers]


def test_a_stream_that_ends_is_followed_by_the_question_how() -> None:
    servers = Servers([[line(1), line(2)]], [DONE])
    assert followed(servers) == (DONE, lines(1, 2))


def test_a_status_ends_a_stream_that_stays_open() -> None:
    status = Sent("status", "Task success", "2")
    task, told = followed(Servers([[line(1), status, OPEN_FOR_EVER]], [DONE]))
    assert (task, told) == (DONE, [*lines(1), "status"])


def test_a_status_on_the_way_ends_nothing() -> None:
    status = Sent("status", "running", "2")
    task, told = followed(Servers([[line(1), status, line(3)]], [RUNNING, DONE]))
    assert (task, told) == (DONE, [*lines(1), "status", *lines(3)])


def test_a_cut_goes_on_where_it_was() -> None:
    servers = Servers([[line(1), line(2), Cut("x")], [line(2), line(3)]], [RUNNING, DONE])
    assert followed(servers) == (DONE, lines(1, 2, 3))
    assert servers.asked_from == [None, "1", "2"]  # and once more for what it may have missed


def test_a_task_that_ended_during_a_cut_is_read_to_its_end() -> None:
    servers = Servers([[line(1), Cut("x")], [line(1), line(2)]], [DONE])
    assert followed(servers) == (DONE, lines(1, 2))


def test_a_stream_that_ended_too_early_is_read_again() -> None:
    servers = Servers([[line(1)], [line(1), line(2)]], [DONE])  # it ended after the stream did
    assert followed(servers) == (DONE, lines(1, 2))


def test_an_end_that_may_be_a_cut_is_read_until_nothing_new_comes() -> None:
    streams = [[line(1)], [line(1), line(2)], [line(1), line(2)]]
    servers = Servers(streams, [DONE], shows_its_end=False)
    assert followed(servers) == (DONE, lines(1, 2))
    assert len(servers.asked_from) == 3


def test_a_status_at_the_end_says_that_this_was_all() -> None:
    status = Sent("status", "Task success", "2")
    servers = Servers([[line(1), status]], [AWAY, AWAY, DONE], shows_its_end=False)
    assert followed(servers) == (DONE, [*lines(1), "status"])
    assert len(servers.asked_from) == 1


def test_an_end_of_the_log_that_cannot_be_had_is_a_gap() -> None:
    servers = Servers([[line(1), Cut("x")], [Cut("x", is_gone=True)]], [DONE])
    assert followed(servers) == (DONE, [*lines(1), "cut"])
    assert len(servers.asked_from) == TAIL_TRIES + 1


def test_a_log_that_comes_piece_by_piece_is_read_to_its_end() -> None:
    streams: list[Iterable[Sent | Cut]] = [
        [line(number), line(number + 1), Cut("x")] for number in range(1, 3 * TAIL_TRIES)
    ]
    servers = Servers([*streams, [line(3 * TAIL_TRIES)]], [DONE])
    assert followed(servers) == (DONE, lines(*range(1, 3 * TAIL_TRIES + 1)))


def test_a_log_that_goes_on_and_on_after_its_task_is_given_up() -> None:
    task, told = followed(Servers([endless()], [RUNNING, DONE]), lost_s=0.1)
    assert (task, told[0], told[-1]) == (DONE, line(1).data, "cut")


def endless() -> Iterator[Sent]:
    for number in itertools.count(1):
        gevent.sleep(0.005)
        yield line(number)


def test_an_ai_server_that_comes_back_is_forgiven() -> None:
    answers = [AWAY, AWAY, RUNNING, DONE]
    streams = [[line(1), Cut("x")], [Cut("x")], [Cut("x")], [line(1), line(2)]]
    assert followed(Servers(streams, list(answers))) == (DONE, lines(1, 2))


def test_an_ai_server_that_stays_away_is_given_up() -> None:
    with pytest.raises(AIServerUnavailable, match="Nobody is there"):
        followed(Servers([[line(1), Cut("x")], [Cut("x")]], [AWAY]), lost_s=0.05)


def test_a_task_that_is_not_known_any_more_has_failed() -> None:
    with pytest.raises(TaskFailed, match="does not know"):
        followed(Servers([[line(1), Cut("x", is_gone=True)]], [None]))


def test_a_stream_that_was_empty_ends_as_well() -> None:
    assert followed(Servers([[]], [RUNNING, DONE])) == (DONE, [])


def test_while_much_comes_others_have_their_turn() -> None:
    turns = []
    other = gevent.spawn(lambda: [turns.append(gevent.sleep(0)) for _ in range(10)])
    followed(
        Servers([[line(1) if n == 1 else Sent("log", "x", str(n)) for n in range(1, 900)]], [DONE])
    )
    assert len(turns) == 10
    other.get()


def test_a_flood_gets_half_of_the_time() -> None:
    breath = Breath(0.0)
    pauses = [breath.pause_s(1, 0.05) for _ in range(BREATH_EVENTS)]
    assert pauses == [None] * (BREATH_EVENTS - 1) + [0.05]
    assert breath.pause_s(BREATH_CHARS, 0.07) == 0.07


def test_what_others_worked_meanwhile_holds_a_slow_log_up_for_a_moment_only() -> None:
    breath = Breath(0.0)
    pauses = [breath.pause_s(1, 30.0) for _ in range(BREATH_EVENTS)]
    assert pauses[-1] == PAUSE_MAX_S
