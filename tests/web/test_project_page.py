"""The page of a project: its AI server, its runs, and the people who use it."""

import pytest

from chat_app.services import users
from chat_app.store.projects import ProjectRow
from chat_app.store.remote_tasks import RemoteTaskRow
from chat_app.store.runs import RunRow, run_by_public_id
from tests.faults.remote.plan import Plan
from tests.servers import free_port
from tests.web.remote import site

SHORT = Plan(seed=21, pieces=3, gap_ms=0)
HELD = Plan(seed=22, pieces=6, gap_ms=0, hold_after=3)


@pytest.fixture
def here(built, app):
    with site(built) as made:
        yield made


def set_row(here, **fields):
    with here.house.rt.db.transaction() as session:
        row = session.get_one(ProjectRow, here.id)
        for name, value in fields.items():
            setattr(row, name, value)


@pytest.mark.parametrize(
    ("status", "word", "action"),
    [
        ("CREATED", "Not set up yet", "provision"),
        ("PROVISIONING", "Being set up", "stop"),
        ("READY", "Ready", "stop"),
        ("STOPPED", "Stopped", "provision"),
        ("FAILED", "Failed", "provision"),
    ],
)
def test_it_says_how_it_stands_in_words_and_what_can_be_done(ada, here, status, word, action):
    set_row(here, status=status, last_error="It <b>hid</b>." if status == "FAILED" else None)
    page = ada.get(here.path).text
    state = page.partition('id="project-state"')[2].partition("</section>")[0]
    assert f'data-state="{status}"' in state
    assert word in state
    assert f'action="{here.path}/{action}"' in state
    assert state.count("/provision") + state.count("/stop") == 1
    assert ("It &lt;b&gt;hid&lt;/b&gt;." in state) == (status == "FAILED")
    assert ('action="' + here.path + '/runs#start-title"' in page) == (status == "READY")
    assert ('http-equiv="refresh"' in page) == (status == "PROVISIONING")


def test_it_is_set_up_and_stopped_by_forms(ada, here, owner):
    set_row(here, status="CREATED")
    ada.get(here.path)
    assert ada.submit(f"{here.path}/provision").location == here.path
    assert "Being set up" in ada.get(here.path).text
    assert ada.submit(f"{here.path}/stop").location == here.path
    assert "Stopped" in ada.get(here.path).text
    set_row(here, ai_server_url=None)
    assert "say in its settings where one is" in ada.get(here.path).text
    answer = ada.submit(f"{here.path}/provision")
    assert (answer.status_code, "Say first where its AI server is." in answer.text) == (400, True)


def test_its_health_is_asked_for_now(ada, here):
    ada.get(here.path)
    answer = ada.submit(f"{here.path}/health")
    assert "It is well: it answered after" in answer.text
    assert '<dt dir="auto">status</dt><dd dir="auto">ok</dd>' in answer.text
    here.server.kill()
    answer = ada.submit(f"{here.path}/health")
    assert answer.status_code == 503
    assert 'class="refusal" role="alert"' in answer.text
    here.server.come_back()


def test_a_run_is_started_of_what_the_project_says_or_of_something_else(ada, here):
    set_row(here, spec=SHORT.spec)
    page = ada.get(here.path).text
    assert "&#34;seed&#34;:21" in page  # its own is in the form
    run = ada.submit(f"{here.path}/runs", spec=SHORT.spec).location.split("/")[-1].split("#")[0]
    here.wait(run)
    held = here.begun(HELD)
    page = ada.get(here.path).text
    assert page.index(f'href="/runs/{held}"') < page.index(f'href="/runs/{run}"')
    listed = page.partition('id="project-runs"')[2].partition("</section>")[0]
    assert (listed.count('data-state="RUNNING"'), listed.count('data-state="DONE"')) == (1, 1)
    assert "Owner" in listed or "Ada" in listed or users.operator(here.house.rt).name in listed
    assert "At work" in page
    answer = ada.submit(f"{here.path}/runs", spec="Wait for me.")
    assert answer.status_code == 409
    assert "it does one thing at a time" in answer.text
    assert "Wait for me.</textarea>" in answer.text
    assert f'<a href="/runs/{held}">Look at that run</a>' in answer.text
    ada.submit(f"{here.path}/stop")
    here.wait(held)
    assert 'data-state="STOPPED"' in ada.get(f"/runs/{held}").text


def test_an_ai_server_that_is_away_is_said_beside_the_form(ada, here):
    set_row(here, ai_server_url=f"http://127.0.0.1:{free_port()}")
    ada.get(here.path)
    answer = ada.submit(f"{here.path}/runs", spec="Count.")
    assert answer.status_code == 503
    assert "AI server" in answer.text.partition('id="start-title"')[2].partition("<form")[0]
    assert "Count.</textarea>" in answer.text
    for spec, status in (("", 400), (" \n ", 400), ("x" * 64_001, 413)):
        assert ada.submit(f"{here.path}/runs", spec=spec).status_code == status


def test_many_runs_have_pages(ada, here):
    first = here.ended(SHORT)
    with here.house.rt.db.transaction() as session:
        row = run_by_public_id(session, first)
        place = {"channel_id": row.channel_id, "question_id": row.question_id}
        for generation in range(2, 22):
            again = RunRow(**place, reply_id=row.reply_id, generation=generation, status="done")
            session.add(again)
            session.flush()
            task = {"project_id": here.id, "thread_id": "t", "spec": "s"}
            session.add(RemoteTaskRow(run_id=again.id, **task))
        last = again.public_id
    page = ada.get(here.path).text
    assert last in page
    assert first not in page
    older = page.partition(f'href="{here.path}?before=')[2].partition("#")[0]
    assert first in ada.get(f"{here.path}?before={older}").text


def test_a_new_thread_leaves_the_old_one_as_it_is(ada, here):
    here.ended(SHORT)
    ada.get(here.path)
    answer = ada.submit(f"{here.path}/reset")
    assert "The next run begins a new thread." in ada.get(answer.location).text
    here.ended(SHORT)
    assert len({task.thread_id for task in here.server.tasks.values()}) == 2


def test_members_are_added_use_it_and_leave(ada, member, here, people):
    assert member.get(here.path).status_code == 403
    here.join(ada)
    page = member.get(here.path).text
    assert f'action="{here.path}/runs#start-title"' in page
    # They use it; its settings, its servers and its people are for others to change.
    assert f"{here.path}/edit" not in page
    assert f"{here.path}/members#people-title" not in page
    assert "servers-title" not in page
    for form in ("provision", "stop", "members"):
        member.get(here.path)
        answer = member.submit(f"{here.path}/{form}", email="viewer@example.com")
        assert answer.status_code == 403
        assert 'role="alert"' in answer.text
    member_id = people.member.get("/api/v1/auth/me").get_json()["id"]
    leave = f"{here.path}/members/{member_id}/remove"
    assert leave in member.get(here.path).text
    assert member.submit(leave).location == "/settings/projects"
    assert member.get(here.path).status_code == 403
    here.join(ada)
    ada.get(here.path)
    assert ada.submit(leave).location == here.path
    assert member.get(here.path).status_code == 403


def test_who_cannot_be_added_is_said_and_the_address_stays(ada, here):
    ada.get(here.path)
    for email in ("nobody@example.com", "stranger@example.com", ""):
        answer = ada.submit(f"{here.path}/members", email=email)
        assert answer.status_code == 404
        assert 'role="alert"' in answer.text
        assert f'value="{email}"' in answer.text
    assert ada.submit(f"{here.path}/members/x/remove").status_code == 404


def test_a_viewer_who_is_a_member_sees_and_starts_nothing(ada, viewer, here):
    here.join(ada, "viewer@example.com")
    page = viewer.get(here.path).text
    assert "Ready" in page
    assert f"{here.path}/runs#" not in page
    viewer.get(here.path)
    answer = viewer.submit(f"{here.path}/runs", spec="Count.")
    assert answer.status_code == 403
    assert "You do not have access to this." in answer.text


def test_no_form_is_anybody_elses(member, stranger, visitor, here, ada):
    forms = ("provision", "stop", "health", "runs", "reset", "members", "members/1/remove")
    for form in forms:
        for person, status in ((member, 403), (stranger, 404)):
            person.get("/channels")
            assert person.submit(f"{here.path}/{form}").status_code == status, form
        visitor.get("/login")
        assert visitor.submit(f"{here.path}/{form}").status_code == 303, form
        assert ada.submit(f"{here.path}/{form}", csrf_token="").status_code == 403, form
