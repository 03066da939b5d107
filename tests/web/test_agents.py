"""The pages of the agents: the list, making, changing and deleting one, and who may."""

import uuid

import pytest
from werkzeug.datastructures import MultiDict

from chat_app.store.tool_servers import ToolServerRow
from chat_app.store.tools import ToolRow
from chat_app.web.agent_form import NO_TOOLS, ToolChoice, chosen

LIST = "/settings/agents"
FIELDS = {"name": "Skipper", "enabled": "y", "provider_id": "1"}


@pytest.fixture
def agent(owner):
    """A new agent's id."""
    made = owner.post("/api/agents", {"name": f"Mate {uuid.uuid4().hex[:6]}"})
    yield made.get_json()["id"]
    owner.delete(f"/api/agents/{made.get_json()['id']}")


@pytest.fixture
def path(agent):
    return f"{LIST}/{agent}"


@pytest.fixture
def server(built):
    """A system server with two tools: `(its id, their ids)`."""
    with built.rt.db.transaction() as session:
        row = ToolServerRow(
            name=f"Pier {uuid.uuid4().hex[:6]}", scope="system", transport="http", url="https://x/"
        )
        session.add(row)
        session.flush()
        tools = [
            ToolRow(server_id=row.id, name=name, input_schema={}, annotations={})
            for name in ("tide", "weather")
        ]
        session.add_all(tools)
        session.flush()
        made = row.id, [tool.id for tool in tools]
    yield made
    with built.rt.db.transaction() as session:
        session.delete(session.get_one(ToolServerRow, made[0]))


def stored(owner, agent):
    return owner.get(f"/api/agents/{agent}").get_json()


def test_the_list_has_every_agent_with_its_model(ada, path, owner, agent):
    page = ada.get(LIST).text
    assert f'href="{path}"' in page
    assert stored(owner, agent)["name"] in page
    assert "Default" in page
    assert 'aria-current="page">Agents' in page


def test_a_new_agent_is_made_and_its_page_says_so(ada, owner):
    ada.get(f"{LIST}/new")
    assert '<option value="1" selected>' in ada.page
    made = ada.submit(
        f"{LIST}/new", **FIELDS, handle="Skip", temperature="0.5", max_tokens="999999"
    )
    assert made.status_code == 303
    assert "Saved." in ada.get(made.location).text
    assert 'value="0.5"' in ada.page
    agent = stored(owner, made.location.split("/")[-1].partition("?")[0])
    assert (agent["name"], agent["handle"], agent["provider_id"]) == ("Skipper", "skip", 1)
    assert (agent["temperature"], agent["max_tokens"], agent["enabled"]) == (0.5, 999_999, True)
    owner.delete(f"/api/agents/{agent['id']}")


def test_a_change_is_kept_and_shown(ada, owner, agent, path):
    ada.get(path)
    prompt = "You are {{ agent }}.\r\nBe brief."
    ada.submit(path, **FIELDS, system_prompt=prompt, greeting="Ahoy", model="big")
    row = stored(owner, agent)
    assert (row["system_prompt"], row["greeting"]) == ("You are {{ agent }}.\nBe brief.", "Ahoy")
    page = ada.get(path).text
    assert "You are {{ agent }}.\nBe brief." in page
    assert 'value="big"' in page
    assert "<code>{{ channel }}</code>" in page


def test_what_is_not_ticked_is_off(ada, owner, agent, path):
    ada.get(path)
    ada.submit(path, name="Mate", provider_id="")
    row = stored(owner, agent)
    assert (row["enabled"], row["provider_id"]) == (False, None)
    assert "No model" in ada.get(LIST).text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": " "}, "An agent needs a name."),
        ({"name": "n" * 101}, "This is too long."),
        ({"handle": "two words"}, "A handle has letters"),
        ({"handle": "assistant"}, "There is an agent with this handle already."),
        ({"temperature": "3"}, "A temperature is a number from 0 to 2."),
        ({"temperature": "warm"}, "A temperature is a number"),
        ({"max_tokens": "0"}, "a whole number from 1"),
        ({"max_tokens": "1000001"}, "a whole number from 1"),
        ({"provider_id": "999"}, "There is no such provider."),
        ({"provider_id": "x"}, "There is no such provider."),
        ({"system_prompt": "p" * 32_001}, "This is too long."),
        ({"greeting": "a\0b"}, "cannot be stored"),
    ],
)
def test_what_cannot_be_is_refused_in_the_form_and_kept_there(
    ada, owner, agent, path, wrong, sentence
):
    before = stored(owner, agent)
    for form in (path, f"{LIST}/new"):
        ada.get(form)
        answer = ada.submit(form, **FIELDS | {"greeting": "Kept"} | wrong)
        assert answer.status_code in (400, 409)
        assert sentence in answer.text
        assert 'role="alert"' in answer.text
        if "greeting" not in wrong:
            assert "Kept</textarea>" in answer.text
    assert stored(owner, agent) == before


def test_tools_are_offered_switched_off_and_given_a_policy(ada, owner, agent, path, server):
    server_id, (tide, weather) = server
    ada.get(path)
    given = {"tools": "1", "server": server_id, "tool": [tide, weather], "on": [tide]}
    ada.submit(path, **FIELDS, **given, **{f"policy_{tide}": "ask"})
    row = stored(owner, agent)
    assert row["tool_server_ids"] == [server_id]
    assert row["disabled_tool_ids"] == [weather]
    assert row["tool_policies"] == {str(tide): "ask"}
    page = ada.get(path).text
    assert f'name="server" value="{server_id}" checked' in page
    assert f'name="on" value="{tide}" checked' in page
    assert f'name="on" value="{weather}">' in page
    assert '<option value="ask" selected>' in page
    ada.submit(path, **FIELDS, tools="1", tool=[tide, weather], on=[tide, weather])
    row = stored(owner, agent)
    assert (row["tool_server_ids"], row["disabled_tool_ids"], row["tool_policies"]) == ([], [], {})


def test_a_tool_that_is_not_there_is_refused(ada, path):
    ada.get(path)
    assert ada.submit(path, **FIELDS, tools="1", tool="99999").status_code == 400
    assert "There is no such tool." in ada.page
    assert ada.submit(path, **FIELDS, tools="1", server="99999").status_code == 400


def test_what_was_chosen_for_tools_that_are_not_shown_stays():
    before = ToolChoice(frozenset({1}), frozenset({7}), {8: "ask"})
    sent = MultiDict([("tools", "1"), ("server", "1"), ("tool", "9"), ("policy_9", "never")])
    assert chosen(sent, before) == ToolChoice(
        frozenset({1}), frozenset({7, 9}), {8: "ask", 9: "never"}
    )
    assert chosen(MultiDict(), before) == before
    nonsense = MultiDict([("tools", "1"), ("server", "x"), ("tool", "-1"), ("policy_9", "auto")])
    assert chosen(nonsense, NO_TOOLS) == NO_TOOLS


def test_a_deleted_agent_is_gone(ada, path):
    ada.get(path)
    assert ada.submit(f"{path}/delete").location == LIST
    assert ada.get(path).status_code == 404


def test_a_hostile_name_is_only_a_name(ada, owner, agent, path):
    owner.patch(f"/api/agents/{agent}", {"name": '<script>alert(1)</script>" onload="x'})
    for page in (ada.get(LIST).text, ada.get(path).text):
        assert "<script>alert" not in page
        assert '" onload="' not in page


def test_only_who_runs_the_workspace_gets_in(member, viewer, stranger, visitor, path):
    for page in (LIST, f"{LIST}/new", path):
        assert member.get(page).status_code == 403
        assert viewer.get(page).status_code == 403
        assert visitor.get(page).status_code == 303
    assert stranger.get(path).status_code == 404
    assert path not in stranger.get(LIST).text
    assert "/settings/agents" not in member.get("/tools").text


def test_only_who_runs_the_workspace_changes_anything(
    ada, owner, agent, path, member, viewer, stranger
):
    before = stored(owner, agent)
    for person, status in ((member, 403), (viewer, 403), (stranger, 404)):
        for form in (path, f"{path}/delete", f"{path}/try"):
            person.get("/channels")
            assert person.submit(form, **FIELDS, question="Hi").status_code == status
    member.get("/channels")
    assert member.submit(f"{LIST}/new", **FIELDS).status_code == 403
    assert "You do not have access" in member.page
    ada.get(path)
    assert ada.submit(path, **FIELDS, csrf_token="").status_code == 403
    assert stored(owner, agent) == before
