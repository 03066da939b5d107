"""Who is here, told by several processes of which one is killed."""

from collections.abc import Iterator

import pytest

from chat_app.runtime import Runtime
from chat_app.services import tokens, users
from tests.clients import Sse
from tests.faults.conftest import several
from tests.faults.servers import House, Server
from tests.houses import Caller

# Who is gone is shown for twice the first, and renewed each twice the second.
LEASE = (2.5, 0.5, 0.2, 0.5)


@pytest.fixture(scope="module")
def servers(house: House) -> Iterator[list[Server]]:
    with several(house, 2, lease=LEASE) as servers:
        yield servers


@pytest.fixture(scope="module")
def tokens_of(house: House) -> dict[str, str]:
    """Of the owner, and of two more who are in the owner's channels as they are made."""
    rt = Runtime.build(house.settings)
    made = {"Owner": house.token}
    for name in ("Bo", "Cy"):
        user = users.create(rt, f"{name}@example.com".lower(), "correct-horse", name, "member")
        made[name] = tokens.issue(rt, user.id, "faults", tokens.SCOPES, 1).secret
    rt.close()
    return made


def people_in(events: Iterator[Sse]) -> list[str]:
    """The names in the next event that tells who is here."""
    told = next(one.data for one in events if one.data["type"] == "presence")
    return [one["name"] for one in told["people"]]


def test_a_killed_process_takes_its_people_along_but_for_who_comes_back(
    servers: list[Server], tokens_of: dict[str, str]
) -> None:
    here, there = (f"http://127.0.0.1:{server.port}" for server in servers)
    owner = Caller(here, tokens_of["Owner"])
    channel_id = owner.channel()
    for name in ("bo", "cy"):
        owner.post(f"/api/channels/{channel_id}/members", {"email": f"{name}@example.com"})
    path = f"/api/channels/{channel_id}/events?presence=1"
    bo, cy = (Caller(there, tokens_of[name]) for name in ("Bo", "Cy"))
    with owner.watching(path) as events, bo.watching(path) as of_bo, cy.watching(path):
        while people_in(events) != ["Bo", "Cy"]:
            pass
        while people_in(of_bo) != ["Cy", "Owner"]:
            pass
        servers[1].kill()
        with Caller(here, tokens_of["Cy"]).watching(path) as of_cy:
            assert people_in(events) == ["Cy"]  # and nobody who went away and came back between
            while people_in(of_cy) != ["Owner"]:
                pass
            owner.say(channel_id, "Who is left?", reply="none")
            assert next(events).data["type"] == "message"
