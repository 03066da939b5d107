"""The pages of one tool server and its tools, of the system and of a project."""

import uuid

import pytest

from chat_app.services import tokens, tool_servers
from chat_app.store.tool_servers import ToolServerRow
from chat_app.store.tools import ToolRow
from chat_app.web.server_form import headers_of
from chat_app.web.tool_words import MAY_DELETE, ONLY_READS, REACHES_OUT, REPEATABLE, said_of
from tests.api.tools import KEY, SYSTEM, made, project, servers_of, synced
from tests.listers import faked

URL = "https://tools.example/mcp"


@pytest.fixture
def lister(app):
    """All servers list `echo`, which only reads, and `send`."""
    with faked(app) as tools:
        yield tools


@pytest.fixture
def server(owner, lister):
    """A system server with a key, and its tools."""
    found = synced(owner, api_key=KEY)
    yield found
    owner.delete(f"{SYSTEM}/{found[0]['id']}")


@pytest.fixture
def path(server):
    return f"/tools/{server[0]['id']}"


@pytest.fixture
def home(owner):
    found = project(owner)
    yield found
    owner.delete(f"/api/v1/projects/{found['id']}")


def fresh(**fields):
    return {"name": f"T {uuid.uuid4().hex[:8]}", "url": URL, "transport": "http"} | fields


def details(built, path):
    with built.rt.db.reading() as session:
        return session.get_one(ToolServerRow, int(path.split("/")[2]))


# --- its tools ---------------------------------------------------------------------------------


def test_a_page_has_each_tool_with_what_its_server_says_of_it(ada, server, path):
    page = ada.get(path).text
    for part in ("<code>echo</code>", "Says it again.", "only reads", "Sends a letter."):
        assert part in page
    assert "&#34;type&#34;: &#34;object&#34;" in page
    assert "usual: runs by itself" in page
    assert KEY not in page
    assert f'href="{path}"' in ada.get("/tools").text


def test_tools_are_switched_off_and_given_a_policy(ada, owner, server, path):
    _, (echo, send) = server
    ada.get(path)
    tools = [echo["id"], send["id"]]
    given = {"tool": tools, "on": [echo["id"]], f"policy_{echo['id']}": "ask"}
    assert ada.submit(f"{path}/tools", **given).location == f"{path}?saved=1"
    first, second = owner.get(f"{SYSTEM}{path[6:]}/tools").get_json()["items"]
    assert (first["enabled"], first["policy"]) == (True, "ask")
    assert second["enabled"] is False
    page = ada.get(f"{path}?saved=1").text
    assert "Saved." in page
    assert '<option value="ask" selected>' in page
    ada.submit(f"{path}/tools", **given | {f"policy_{echo['id']}": ""})
    assert owner.get(f"{SYSTEM}{path[6:]}/tools").get_json()["items"][0]["policy"] == "auto"


def test_a_tool_of_another_server_is_not_changed(ada, owner, server, path):
    _, (other, _) = synced(owner)
    ada.get(path)
    answer = ada.submit(f"{path}/tools", tool=[other["id"]])
    assert answer.status_code == 404
    tools = owner.get(f"{SYSTEM}/{other['server_id']}/tools").get_json()["items"]
    assert tools[0]["enabled"] is True
    owner.delete(f"{SYSTEM}/{other['server_id']}")


def test_a_changed_tool_is_marked_until_somebody_agrees(ada, built, server, path):
    _, (echo, send) = server
    with built.rt.db.transaction() as session:
        session.get_one(ToolRow, echo["id"]).changed = True
    page = ada.get(path).text
    assert page.count('class="tool-changed"') == 1
    # Saving what is as it was agrees to nothing.
    both = [echo["id"], send["id"]]
    ada.submit(f"{path}/tools", tool=both, on=both)
    assert 'class="tool-changed"' in ada.get(path).text
    ada.submit(f"{path}/tools/{echo['id']}/agree")
    assert 'class="tool-changed"' not in ada.get(path).text


def test_testing_it_reads_its_tools_and_says_how_long_that_took(ada, lister, path):
    ada.get(path)
    page = ada.submit(f"{path}/test").text
    assert "and has 2 tools." in page
    lister.fail("It is <b>away</b>.")
    answer = ada.submit(f"{path}/test")
    assert answer.status_code == 200
    assert "It is &lt;b&gt;away&lt;/b&gt;." in answer.text
    assert "Away" in answer.text


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ({}, []),
        ({"readOnlyHint": True, "destructiveHint": True}, [ONLY_READS]),
        ({"destructiveHint": True}, [MAY_DELETE]),
        ({"destructiveHint": "yes", "readOnlyHint": 1}, []),
        ({"idempotentHint": True, "openWorldHint": True}, [REPEATABLE, REACHES_OUT]),
    ],
)
def test_annotations_are_said_in_words(annotations, words):
    assert said_of(annotations) == words


# --- adding and changing -----------------------------------------------------------------------


def test_an_operator_adds_one_with_a_key_and_headers(ada, owner, built):
    ada.get("/tools/new")
    given = fresh(api_key=KEY, headers="X-Team: harbour\r\nX-Secret: s:3", enabled="y")
    answer = ada.submit("/tools/new", **given)
    assert answer.status_code == 303
    page = ada.get(answer.location).text
    assert given["name"] in page
    assert URL in page
    page += ada.get(f"{answer.location}/edit").text
    assert "A key is set." in page
    assert "Headers are set." in page
    assert KEY not in page
    assert "s:3" not in page
    row = details(built, answer.location)
    assert '"X-Secret": "s:3"' in built.rt.cipher.decrypt(row.headers_encrypted)
    assert ada.submit(f"{answer.location}/delete").location == "/tools"
    assert ada.get(answer.location).status_code == 404


def test_a_change_keeps_what_is_secret_until_it_is_replaced_or_removed(ada, built, server, path):
    ada.get(f"{path}/edit")
    renamed = fresh()
    answer = ada.submit(f"{path}/edit", **renamed)
    assert answer.location == f"{path}?saved=1"
    row = details(built, path)
    assert (row.name, row.enabled, row.has_key) == (renamed["name"], False, True)
    assert row.state == "connected"
    ada.get(f"{path}/edit")
    ada.submit(f"{path}/edit", **renamed, enabled="y", remove_key="y")
    row = details(built, path)
    assert (row.enabled, row.has_key) == (True, False)


def test_a_key_does_not_go_to_another_address(ada, built, server, path):
    ada.get(f"{path}/edit")
    answer = ada.submit(f"{path}/edit", **fresh(url="https://elsewhere.example/"))
    assert answer.status_code == 400
    assert "Give the key again for the new address." in answer.text
    assert 'value="https://elsewhere.example/"' in answer.text
    assert details(built, path).url == URL


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": " "}, "A tool server needs a name."),
        ({"url": ""}, "A tool server needs an address."),
        ({"url": "ftp://x"}, 'role="alert"'),
        ({"transport": "stdio"}, 'role="alert"'),
        ({"api_key": "two words"}, "A key has no spaces"),
        ({"headers": "no colon"}, "Name: value"),
        ({"headers": "Host: x"}, "is not yours to set"),
    ],
)
def test_what_cannot_be_is_refused_in_the_form(ada, server, path, wrong, sentence):
    for form in ("/tools/new", f"{path}/edit"):
        ada.get(form)
        answer = ada.submit(form, **fresh(enabled="y") | wrong)
        assert answer.status_code == 400
        assert sentence in answer.text


def test_headers_are_one_a_line():
    assert headers_of(" A: b:c \n\nD:e\n") == {"A": "b:c", "D": "e"}
    assert headers_of("") == {}


def test_a_command_is_shown_to_the_operator_and_changed_by_nobody_here(ada, built, stranger):
    with built.rt.db.transaction() as session:
        row = ToolServerRow(name="Hold", scope="system", transport="stdio", command=["run", "--it"])
        session.add(row)
        session.flush()
        server_id = row.id
    path = f"/tools/{server_id}"
    assert "run --it" in ada.get(path).text
    assert "run --it" not in stranger.get(path).text
    ada.get(f"{path}/edit")
    assert 'name="url"' not in ada.page
    sent = {"command": "rm", "env": "x", "url": URL, "transport": "http"}
    assert ada.submit(f"{path}/edit", name="Hull", enabled="y", **sent).status_code == 303
    row = details(built, path)
    assert (row.name, row.command, row.url, row.transport) == (
        "Hull",
        ["run", "--it"],
        None,
        "stdio",
    )
    ada.get(path)
    ada.submit(f"{path}/delete")


# --- a project's -------------------------------------------------------------------------------


def test_a_project_gets_a_server_of_its_own(ada, home, built):
    form = f"/tools/new?project={home['id']}"
    assert "in this project" in ada.get(form).text
    answer = ada.submit(form, **fresh(enabled="y"))
    row = details(built, answer.location)
    assert (row.scope, row.project_id) == ("project", home["id"])
    page = ada.get(answer.location).text
    assert f'href="/settings/projects/{home["id"]}"' in page
    assert ada.submit(f"{answer.location}/delete").location == f"/settings/projects/{home['id']}"


def test_a_member_may_not_type_a_private_address(member, people):
    theirs = project(people.member)
    form = f"/tools/new?project={theirs['id']}"
    member.get(form)
    assert member.submit(form, **fresh(url="http://127.0.0.1:1/mcp")).status_code == 400
    assert 'role="alert"' in member.page
    people.member.delete(f"/api/v1/projects/{theirs['id']}")


def test_who_renames_a_server_does_not_answer_for_its_address(ada, built, people):
    theirs = project(people.member)
    server = made(people.member, servers_of(theirs))
    path = f"/tools/{server['id']}"
    ada.get(f"{path}/edit")
    assert ada.submit(f"{path}/edit", **fresh(enabled="y")).status_code == 303
    assert details(built, path).by_operator is False
    people.member.delete(f"/api/v1/projects/{theirs['id']}")


def test_its_tools_are_changed_as_the_systems_are(ada, owner, home, lister):
    server, (echo, send) = synced(owner, servers_of(home))
    path = f"/tools/{server['id']}"
    assert "usual: asks first" in ada.get(path).text
    ada.submit(f"{path}/tools", tool=[echo["id"], send["id"]], on=[send["id"]])
    first, _ = owner.get(f"{servers_of(home)}/{server['id']}/tools").get_json()["items"]
    assert first["enabled"] is False
    ada.get(path)
    assert "and has 2 tools." in ada.submit(f"{path}/test").text


# --- who may -----------------------------------------------------------------------------------


FORMS = ("", "/edit")
ACTS = ("/test", "/tools", "/edit", "/delete")


def test_a_system_server_is_for_operators_to_change(
    ada, built, server, path, member, viewer, stranger, visitor
):
    (_, (echo, _)) = server
    for person in (member, viewer):
        for form in FORMS:
            assert person.get(f"{path}{form}").status_code == 404
        assert refused(person, [f"{path}{act}" for act in ACTS], echo) == {404}
    # Who runs another workspace looks at it, to offer it to agents there.
    assert stranger.get(path).status_code == 200
    assert URL not in stranger.page
    assert "<form" not in stranger.page[stranger.page.index("settings-body") :]
    assert stranger.get(f"{path}/edit").status_code == 403
    assert refused(stranger, [f"{path}{act}" for act in ACTS], echo) == {403}
    for person in (member, viewer, stranger):
        assert person.get("/tools/new").status_code == 403
        assert refused(person, ["/tools/new"], echo) == {403}
    assert visitor.get(path).status_code == 303
    ada.get(path)
    assert ada.submit(f"{path}/delete", csrf_token="").status_code == 403
    assert details(built, path).name == server[0]["name"]
    assert tool_servers.get(built.rt, person_of(built), server[0]["id"]).has_api_key


def test_a_projects_server_is_for_whose_project_it_is(
    owner, home, lister, member, viewer, stranger
):
    server, (echo, _) = synced(owner, servers_of(home))
    path = f"/tools/{server['id']}"
    for person, status in ((member, 403), (viewer, 403), (stranger, 404)):
        assert person.get(path).status_code == 404
        assert refused(person, [f"{path}{act}" for act in ACTS], echo) == {404}
        new = f"/tools/new?project={home['id']}"
        assert person.get(new).status_code == status
        assert refused(person, [new], echo) == {status}
    assert owner.get(f"{servers_of(home)}/{server['id']}").get_json()["name"] == server["name"]


def refused(person, paths, tool):
    """The statuses of what somebody sends who may not."""
    statuses = set()
    for path in paths:
        person.get("/channels")
        sent = fresh(enabled="y") | {"tool": [tool["id"]], "on": []}
        statuses.add(person.submit(path, **sent).status_code)
    return statuses


def person_of(built):
    return tokens.identify(built.rt, built.token("owner@example.com"))
