"""A POST whose response was cut is sent again: one message, one answer."""

import random
import signal
from collections.abc import Iterator

import gevent
import pytest

from chat_app.streaming import points
from tests.faults.conftest import several, size
from tests.faults.model import Model, Script
from tests.faults.proxy import Proxy
from tests.faults.servers import House, Server
from tests.faults.talking import Asked, Person, audit
from tests.faults.tally import Tally

RESPONSE_BYTES = 900
AT_ONCE = 5


@pytest.fixture(scope="module")
def server(house: House) -> Iterator[Server]:
    with several(house, 1, workers=4) as (server,):
        yield server


def test_responses_cut_anywhere(
    server: Server, model: Model, chance: random.Random, tally: Tally
) -> None:
    with Proxy(server.port) as proxy:
        for number in range(size(10, 60)):
            person = Person(server.house, [proxy.port], chance)
            channel_id = person.channel()
            lost = chance.randint(1, 4)
            proxy.cuts.extend(chance.randint(0, RESPONSE_BYTES // 2) for _ in range(lost))
            asked = person.ask(Script(chance.getrandbits(32), gap_ms=1), channel_id)
            faults = [] if not proxy.cuts else ["the proxy did not cut"]
            tally.add(f"retry {number}", faults + answered_once(person, asked, model))


def test_the_same_post_many_times_at_once(
    server: Server, model: Model, chance: random.Random, tally: Tally
) -> None:
    for number in range(size(5, 30)):
        person = Person.at(server, seed=chance.getrandbits(32))
        script, channel_id = Script(chance.getrandbits(32), gap_ms=1), person.channel()
        body = {"body": script.question, "client_id": f"same {script.seed}"}
        path = f"/api/channels/{channel_id}/messages"
        posts = [gevent.spawn(person.insist, "POST", path, body) for _ in range(AT_ONCE)]
        gevent.joinall(posts, raise_error=True)
        taken = {(post.value["message"]["id"], post.value["run_id"]) for post in posts}
        faults = [] if len(taken) == 1 else [f"{taken}"]
        asked = Asked(script, channel_id, *taken.pop())
        tally.add(f"posts {number}", faults + answered_once(person, asked, model))


def test_a_crash_between_commit_and_response(
    server: Server, model: Model, chance: random.Random, tally: Tally
) -> None:
    for number in range(size(3, 20)):
        tally.add(f"crash {number}", crash(server, model, chance))


def crash(server: Server, model: Model, chance: random.Random) -> list[str]:
    person = Person.at(server, seed=chance.getrandbits(32))
    channel_id = person.channel()
    server.arm(signal.SIGKILL, points.LAUNCH, 1)
    asked = person.ask(Script(chance.getrandbits(32), gap_ms=1), channel_id)
    faults = ["the process was not killed"] if server.disarm() else []
    return faults + answered_once(person, asked, model)


def answered_once(person: Person, asked: Asked, model: Model) -> list[str]:
    faults = audit(person, asked, person.watcher(asked).watch())
    sent = [m for m in person.messages(asked.channel_id) if m["role"] == "user"]
    if len(sent) != 1:
        faults.append(f"{len(sent)} messages")
    if model.asked[asked.script.seed] != 1:
        faults.append(f"the model was asked {model.asked[asked.script.seed]} times")
    return faults
