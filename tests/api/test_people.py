"""Workspaces, their people and invitations, over the API; on both databases."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from chat_app.auth import secrets
from chat_app.errors import HoldfastError
from chat_app.services import invitations, members, users
from chat_app.store.base import now
from chat_app.store.invitations import InvitationRow
from tests.clients import Client
from tests.conftest import ADMIN, PASSWORD
from tests.houses import House, on_each_database

pytestmark = on_each_database


def made(client: Client, **fields: Any) -> dict[str, Any]:
    answer = client.post("/api/invitations", fields)
    assert answer.status_code == 201, answer.text
    invitation: dict[str, Any] = answer.get_json()
    return invitation


def somebody(house: House, role: str = "member") -> tuple[int, Client]:
    """A new person of the workspace: the id, and a client with a token."""
    email = f"{secrets.new_password()}@example.com"
    user = users.create(house.rt, email, PASSWORD, None, role)
    return user.id, house.client(house.token(email))


def both_at_once(*steps: Any) -> list[str]:
    """How each ended: `done` or the code of the refusal."""
    ends: list[str] = []
    barrier = threading.Barrier(len(steps))

    def take(step: Any) -> None:
        barrier.wait()
        try:
            step()
            ends.append("done")
        except HoldfastError as error:
            ends.append(error.error_code)

    threads = [threading.Thread(target=take, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ends)


def test_one_sees_ones_workspaces_with_ones_role(house: House):
    for client, expected in (
        (house.people.member, [("Home", "member")]),
        (house.people.stranger, [("Elsewhere", "owner")]),
        (house.people.owner, [("Home", "owner"), ("Elsewhere", None)]),
    ):
        items = client.get("/api/workspaces").get_json()["items"]
        assert [(item["name"], item["role"]) for item in items] == expected


def test_a_role_is_changed_and_a_member_removed(house: House):
    user_id, client = somebody(house)
    path = f"/api/workspaces/1/members/{user_id}"
    changed = house.people.owner.patch(path, {"role": "viewer"})
    assert changed.get_json()["role"] == "viewer"
    listed = house.people.owner.get("/api/workspaces/1/members").get_json()["items"]
    assert [item["role"] for item in listed if item["id"] == user_id] == ["viewer"]
    assert house.people.owner.delete(path).status_code == 204
    assert house.people.owner.delete(path).get_json()["error_code"] == "user_not_found"
    assert client.get("/api/workspaces").get_json()["items"] == []


@pytest.mark.parametrize("body", [{}, {"role": "king"}, {"role": 1}, {"role": "owner", "x": 1}])
def test_a_bad_role_is_refused(house: House, body: dict[str, Any]):
    answer = house.people.owner.patch("/api/workspaces/1/members/2", body)
    assert answer.get_json()["error_code"] == "invalid_request"


def test_of_two_owners_who_demote_each_other_at_once_one_stays(house: House):
    first, _ = somebody(house, "owner")
    second, _ = somebody(house, "owner")
    admin = users.person(house.rt, ADMIN)
    members.change_role(house.rt, admin, 1, 1, "admin")
    try:
        ends = both_at_once(
            lambda: members.change_role(house.rt, admin, 1, first, "member"),
            lambda: members.change_role(house.rt, admin, 1, second, "member"),
        )
    finally:
        members.change_role(house.rt, admin, 1, 1, "owner")
    assert ends == ["conflict", "done"]


def test_a_link_is_made_with_its_secret_once_and_listed_without(house: House):
    invitation = made(house.people.owner, role="viewer", days=1, uses=3)
    assert invitation["url"].endswith(f"/invite/{invitation['secret']}")
    listed = house.people.owner.get("/api/invitations").get_json()["items"][0]
    assert listed == {
        name: value for name, value in invitation.items() if name not in ("secret", "url")
    }
    assert (listed["role"], listed["uses"], listed["uses_max"]) == ("viewer", 0, 3)


def test_who_has_the_secret_sees_and_joins(house: House, nobody: Client):
    secret = made(house.people.stranger, role="admin")["secret"]
    seen = nobody.post("/api/invitations/look", {"secret": secret}).get_json()
    assert (seen["workspace"], seen["by"], seen["role"]) == ("Elsewhere", "Stranger", "admin")
    _, client = somebody(house)
    joined = client.post("/api/invitations/accept", {"secret": secret})
    assert joined.get_json()["name"] == "Elsewhere"
    found = client.get("/api/workspaces").get_json()["items"]
    assert [item["role"] for item in found] == ["member", "admin"]
    again = nobody.post("/api/invitations/look", {"secret": secret})
    assert (again.status_code, again.get_json()["error_code"]) == (410, "invitation_over")


def test_somebody_new_registers_into_the_workspace_of_the_link(house: House, nobody: Client):
    secret = made(house.people.stranger)["secret"]
    email = f"{secrets.new_password()}@example.com"
    body = {"secret": secret, "email": email, "password": PASSWORD}
    assert nobody.post("/api/invitations/register", body).status_code == 201
    client = house.client(house.token(email))
    items = client.get("/api/workspaces").get_json()["items"]
    assert [(item["name"], item["role"]) for item in items] == [("Elsewhere", "member")]


def test_the_last_place_is_taken_by_one_of_two_at_once(house: House):
    secret = made(house.people.stranger)["secret"]
    emails = [f"{secrets.new_password()}@example.com" for _ in range(2)]
    ends = both_at_once(
        *(
            lambda email=email: invitations.register(house.rt, secret, email, PASSWORD, None)
            for email in emails
        )
    )
    assert ends == ["done", "invitation_over"]


def test_one_that_is_taken_back_or_expired_is_over(house: House, nobody: Client):
    owner = house.people.owner
    revoked, expired = made(owner), made(owner)
    assert owner.delete(f"/api/invitations/{revoked['id']}").status_code == 204
    assert owner.delete(f"/api/invitations/{revoked['id']}").status_code == 204
    with house.rt.db.transaction() as session:
        row = session.get_one(InvitationRow, expired["id"])
        row.expires_at = now() - timedelta(seconds=1)
    for invitation in (revoked, expired):
        answer = nobody.post("/api/invitations/look", {"secret": invitation["secret"]})
        assert answer.get_json()["error_code"] == "invitation_over"
    listed = [item["id"] for item in owner.get("/api/invitations").get_json()["items"]]
    assert revoked["id"] not in listed
    assert expired["id"] not in listed


@pytest.mark.parametrize(
    "body",
    [{"role": "king"}, {"days": 0}, {"days": 91}, {"days": "7"}, {"uses": 0}, {"uses": 101}],
)
def test_a_bad_invitation_is_refused(house: House, body: dict[str, Any]):
    answer = house.people.owner.post("/api/invitations", body)
    assert answer.get_json()["error_code"] == "invalid_request"
