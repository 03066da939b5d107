"""The pages of the projects, and which project a channel is in."""

import pytest

from chat_app.store.projects import ProjectRow
from tests.api.tools import made, project, servers_of

LIST = "/settings/projects"


@pytest.fixture
def home(owner):
    """A new project of Ada's."""
    found = project(owner, context="Ships only.")
    yield found
    owner.delete(f"/api/v1/projects/{found['id']}")


@pytest.fixture
def path(home):
    return f"{LIST}/{home['id']}"


def stored(owner, home):
    return owner.get(f"/api/v1/projects/{home['id']}").get_json()


def test_the_list_has_ones_own_projects_and_no_others(ada, member, stranger, home, path):
    assert f'href="{path}"' in ada.get(LIST).text
    for person in (member, stranger):
        assert path not in person.get(LIST).text
        assert home["name"] not in person.page


def test_who_runs_the_workspace_sees_those_of_its_members(ada, people):
    theirs = project(people.member)
    page = ada.get(LIST).text
    assert theirs["name"] in page
    assert "Somebody else's" in page
    people.member.delete(f"/api/v1/projects/{theirs['id']}")


def test_a_member_makes_one_and_changes_it(member, people):
    member.get(f"{LIST}/new")
    answer = member.submit(f"{LIST}/new", name=" Kelp ", context="Green.\r\nWet.")
    assert answer.status_code == 303
    assert "Kelp" in member.get(answer.location).text
    edit = f"{answer.location}/edit"
    assert "Green.\nWet.</textarea>" in member.get(edit).text
    changed = member.submit(edit, name="Weed", context="")
    assert changed.location == f"{edit}?saved=1"
    assert "Saved." in member.get(changed.location).text
    project_id = answer.location.split("/")[-1]
    assert people.member.get(f"/api/v1/projects/{project_id}").get_json()["name"] == "Weed"
    assert member.submit(f"{answer.location}/delete").location == LIST
    assert member.get(answer.location).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": " "}, "A project needs a name."),
        ({"context": "c" * 32_001}, "This is too long."),
        ({"name": "a\0b"}, "cannot be stored"),
        ({"spec": "s" * 32_001}, "This is too long."),
        ({"ai_server_url": "ftp://x"}, "http"),
        ({"ai_server_url": "https://x/", "ai_server_token": "a b"}, "A token has no spaces"),
        ({"ai_server_token": "secret"}, "Say where the AI server is, too."),
        ({"backend": "process"}, "The operator has not set AI_SERVER_COMMAND."),
    ],
)
def test_what_cannot_be_is_refused_and_kept_in_the_form(ada, owner, home, path, wrong, sentence):
    for form in (f"{path}/edit", f"{LIST}/new"):
        ada.get(form)
        answer = ada.submit(form, **{"name": "Kept", "context": "Kept."} | wrong)
        assert answer.status_code == 400
        assert sentence in answer.text
        assert "Kept" in answer.text
    assert stored(owner, home) == home


def test_its_page_has_its_servers_and_ones_own_channels(ada, owner, people, home, path):
    server = made(owner, servers_of(home), name="Winch")
    channel = owner.channel(title="Below deck", project_id=home["id"])
    elsewhere = owner.channel(title="On deck")
    page = ada.get(path).text
    assert f'href="/tools/{server["id"]}"' in page
    assert "Winch" in page
    body = page[page.index('id="channels-title"') :]
    assert f'href="/channels/{channel}"' in body
    assert f'href="/channels/{elsewhere}"' not in body
    assert f'href="/tools/new?project={home["id"]}"' in page
    for channel_id in (channel, elsewhere):
        owner.delete(f"/api/channels/{channel_id}")


def test_it_names_no_channel_that_one_is_not_in(ada, owner, people):
    theirs = project(people.member)
    channel = people.member.channel(title="Secret berth", project_id=theirs["id"])
    assert "Secret berth" not in ada.get(f"{LIST}/{theirs['id']}").text
    people.member.delete(f"/api/channels/{channel}")
    people.member.delete(f"/api/v1/projects/{theirs['id']}")


def test_a_channel_is_put_into_a_project_and_out_again(ada, owner, home, channel):
    path = f"/channels/{channel}/settings"
    fields = {"title": "Harbour", "agent_id": "1", "reply_mode": "auto"}
    assert home["name"] in ada.get(path).text
    ada.submit(path, **fields, project_id=str(home["id"]))
    assert owner.get(f"/api/channels/{channel}").get_json()["project_id"] == home["id"]
    assert f'<option value="{home["id"]}" selected>' in ada.get(path).text
    ada.submit(path, **fields)
    assert owner.get(f"/api/channels/{channel}").get_json()["project_id"] == home["id"]
    ada.get(path)
    ada.submit(path, **fields, project_id="")
    assert owner.get(f"/api/channels/{channel}").get_json()["project_id"] is None


def test_somebody_elses_project_cannot_be_chosen_but_is_kept(member, owner, people, home):
    channel = people.member.channel(title="Mine")
    path = f"/channels/{channel}/settings"
    fields = {"title": "Mine", "agent_id": "1", "reply_mode": "auto"}
    member.get(path)
    assert home["name"] not in member.page
    assert member.submit(path, **fields, project_id=str(home["id"])).status_code == 404
    assert member.submit(path, **fields, project_id="x").status_code == 400
    members = f"/api/channels/{channel}/members"
    people.member.post(members, {"email": "owner@example.com"})
    owner.patch(f"/api/channels/{channel}", {"project_id": home["id"]})
    assert "Somebody else's project" in member.get(path).text
    assert home["name"] not in member.page
    assert member.submit(path, **fields, project_id=str(home["id"])).status_code == 303
    assert people.member.get(f"/api/channels/{channel}").get_json()["project_id"] == home["id"]
    people.member.delete(f"/api/channels/{channel}")


def test_only_whose_it_is_gets_in(ada, owner, home, path, member, viewer, stranger, visitor):
    for person, status in ((member, 403), (viewer, 403), (stranger, 404)):
        for page in (path, f"{path}/edit"):
            assert person.get(page).status_code == status
        for form in (f"{path}/edit", f"{path}/delete"):
            person.get("/channels")
            assert person.submit(form, name="Taken").status_code == status
    assert visitor.get(path).status_code == 303
    assert viewer.get(f"{LIST}/new").status_code == 403
    viewer.get("/channels")
    assert viewer.submit(f"{LIST}/new", name="Mine").status_code == 403
    ada.get(path)
    assert ada.submit(f"{path}/delete", csrf_token="").status_code == 403
    assert stored(owner, home) == home


def test_a_hostile_name_is_only_a_name(ada, owner, home, path):
    owner.patch(f"/api/v1/projects/{home['id']}", {"name": '<b>"x'})
    for page in (ada.get(LIST).text, ada.get(path).text, ada.get(f"{path}/edit").text):
        assert '<b>"x' not in page
        assert "&lt;b&gt;&#34;x" in page


def test_a_token_goes_in_and_never_comes_out(ada, owner, home, path):
    edit, url = f"{path}/edit", "http://127.0.0.1:9000"
    ada.get(edit)
    ada.submit(edit, name="N", ai_server_url=f"{url}/", ai_server_token="very-secret")
    assert stored(owner, home)["ai_server_url"] == url
    assert stored(owner, home)["has_token"]
    page = ada.get(edit).text
    assert f'value="{url}"' in page
    assert "very-secret" not in page
    assert "A token is set." in page
    # Without one it stays; for another address it has to be given again.
    ada.submit(edit, name="N", ai_server_url=url)
    assert stored(owner, home)["has_token"]
    ada.get(edit)
    answer = ada.submit(edit, name="N", ai_server_url="http://127.0.0.1:9001")
    assert "Give the token again for the new address." in answer.text
    assert "http://127.0.0.1:9001" in answer.text
    ada.submit(edit, name="N", ai_server_url=url, remove_token="y")
    assert not stored(owner, home)["has_token"]
    ada.get(edit)
    ada.submit(edit, name="N", ai_server_url="")
    assert stored(owner, home)["ai_server_url"] is None


def test_a_member_may_not_type_an_address_that_is_private(member, people):
    theirs = project(people.member)
    edit = f"{LIST}/{theirs['id']}/edit"
    member.get(edit)
    answer = member.submit(edit, name="Kept", ai_server_url="http://127.0.0.1:9000")
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.text
    assert 'value="http://127.0.0.1:9000"' in answer.text
    people.member.delete(f"/api/v1/projects/{theirs['id']}")


def test_what_a_context_may_name_is_explained(ada, path):
    page = ada.get(f"{path}/edit").text
    for name in ("agent", "channel", "date", "project"):
        assert f"<code>{{{{ {name} }}}}</code>" in page


def test_one_that_was_started_here_is_moved_to_an_address(ada, owner, home, path, built):
    edit = f"{path}/edit"
    assert 'name="backend"' not in ada.get(edit).text  # nobody configured a command
    with built.rt.db.transaction() as session:
        row = session.get_one(ProjectRow, home["id"])
        row.backend, row.ai_server_url = "process", "http://127.0.0.1:1234"
    page = ada.get(edit).text
    assert 'name="backend" value="process" checked' in page
    assert "127.0.0.1:1234" not in page  # it is another one after each start
    ada.submit(edit, name="N", backend="process", ai_server_url="http://ignored")
    assert stored(owner, home)["backend"] == "process"
    ada.get(edit)
    ada.submit(edit, name="N", backend="url", ai_server_url="http://127.0.0.1:9000")
    moved = stored(owner, home)
    assert (moved["backend"], moved["ai_server_url"]) == ("url", "http://127.0.0.1:9000")
    ada.get(edit)
    assert ada.submit(edit, name="N", backend="strange").status_code == 400
