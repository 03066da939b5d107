"""The workspace's own settings: who sees them, who changes them, and what the environment says."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chat_app import create_app
from chat_app.services import users, workspaces
from chat_app.settings import OpenId
from tests.conftest import ADMIN, PASSWORD
from tests.web.visitor import Visitor

PAGE = "/settings/workspace"


@pytest.fixture(autouse=True)
def as_it_was(built) -> Iterator[None]:
    person = users.person(built.rt, ADMIN)
    before = workspaces.get(built.rt, person, 1)
    yield
    workspaces.change(built.rt, person, 1, before.workspace.name, before.default_agent_id)


@pytest.fixture
def default_of(built):
    """The agent of new channels, as the page has it."""
    return lambda: workspaces.get(built.rt, users.person(built.rt, ADMIN), 1).default_agent_id


def change(visitor, path=f"{PAGE}/1", **fields):
    visitor.get(PAGE)
    if not visitor.hidden():
        visitor.get("/settings/account")
    return visitor.submit(path, **{"name": "Home", "agent_id": "1"} | fields)


def test_the_name_is_everywhere_once_it_is_changed(ada, member):
    assert change(ada, name=" Harbour ").location == f"{PAGE}?workspace=1&saved=1"
    assert "Saved." in ada.get(f"{PAGE}?workspace=1&saved=1").text
    assert "In the workspace Harbour" in member.get("/settings/people").text
    assert "Changed the workspace" in ada.get("/settings/audit").text


def test_new_channels_get_the_agent_that_is_chosen_here(ada, owner, default_of):
    made = owner.post("/api/agents", {"name": "Pilot"}).get_json()["id"]
    assert change(ada, agent_id=str(made)).status_code == 303
    assert default_of() == made
    assert owner.post("/api/channels", {}).get_json()["agent_id"] == made
    change(ada, agent_id="")
    assert default_of() is None
    assert owner.post("/api/channels", {}).get_json()["agent_id"] is None
    owner.patch(f"/api/agents/{made}", {"enabled": False})
    assert change(ada, agent_id=str(made)).status_code == 404


@pytest.mark.parametrize("name", ["", " ", "n" * 101, "a\0b"])
def test_a_name_that_is_none_is_refused_in_the_form(ada, name):
    refused = change(ada, name=name)
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text


@pytest.mark.parametrize("agent", ["99999", "-1", "x", "9" * 30])
def test_an_agent_that_is_none_is_refused(ada, agent, default_of):
    assert change(ada, agent_id=agent).status_code in (400, 404)
    assert default_of() == 1


def test_an_agent_of_another_workspace_is_none(ada, stranger, people):
    theirs = people.stranger.post("/api/agents", {"name": "Spy"}).get_json()["id"]
    assert change(ada, agent_id=str(theirs)).status_code == 404


def test_only_who_runs_the_workspace_sees_and_changes_it(ada, member, viewer, stranger, visitor):
    for other in (member, viewer):
        assert other.get(PAGE).status_code == 403
        assert change(other, name="Mine").status_code == 403
        assert f'href="{PAGE}"' not in other.get("/settings/account").text
    assert "Elsewhere" in stranger.get(PAGE).text
    assert stranger.get(f"{PAGE}?workspace=1").status_code == 404
    assert change(stranger, name="Mine").status_code == 404
    assert visitor.get(PAGE).location.startswith("/login")
    assert f'href="{PAGE}"' in ada.get("/settings/account").text


def test_an_operator_chooses_among_all_workspaces(ada):
    page = ada.get(PAGE).text
    assert f'href="{PAGE}?workspace=2"' in page
    assert "Elsewhere" in ada.get(f"{PAGE}?workspace=2").text


def test_what_the_environment_decides_is_said_to_those_whom_it_concerns(ada, stranger):
    page = ada.get(PAGE).text
    for said in ("SIGNUP", "OIDC_ISSUER", "a password only", "PUBLIC_URL", "TOOL_ROUNDS"):
        assert said in page
    assert "a-secret-for-tests" not in page
    assert "SIGNUP" in stranger.get(PAGE).text
    assert "TOOL_ROUNDS" not in stranger.page


def test_the_issuer_is_named_and_its_secret_is_not(built):
    oidc = OpenId("https://club.example", "id", "the-secret", "Club", frozenset({"a.example"}))
    app = create_app(replace(built.settings, oidc=oidc, signup=False))
    visitor = Visitor(app)
    visitor.sign_in(ADMIN, PASSWORD)
    page = visitor.get(PAGE).text
    assert "<dd>Club</dd>" in page
    assert "<dd>a.example</dd>" in page
    assert "<dd>closed</dd>" in page
    assert "the-secret" not in page
    app.extensions["holdfast"].close()
