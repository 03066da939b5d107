"""Agents of kind `remote` on the pages: making one, and what a channel shows of its runs."""

import uuid

import pytest

from chat_app.services import remote_logs, users
from tests.faults.remote.plan import Plan
from tests.streaming.runs import wait_until
from tests.web.remote import site

LIST = "/settings/agents"
SHORT = Plan(seed=31, pieces=3, gap_ms=0)
HELD = Plan(seed=32, pieces=6, gap_ms=0, hold_after=3)


@pytest.fixture
def here(built, app):
    with site(built) as made:
        yield made


@pytest.fixture
def agent(owner, here):
    fields = {"name": f"Far {uuid.uuid4().hex[:6]}", "kind": "remote", "project_id": here.id}
    made = owner.post("/api/agents", fields).get_json()
    yield made
    owner.delete(f"/api/agents/{made['id']}")


def thread_of(here, run_id):
    """The id of the channel in which a run was asked for."""
    seen = remote_logs.see(here.house.rt, users.operator(here.house.rt), run_id)
    return seen.run.channel_id


def answer_in(page):
    return page.partition('<article class="message answer"')[2].partition("</article>")[0]


def test_an_agent_of_a_project_is_made_by_the_form(ada, owner, here, app):
    page = ada.get(f"{LIST}/new").text
    assert '<input type="radio" name="kind" value="model" checked>' in page
    assert f'<option value="{here.id}">Lighthouse</option>' in page
    fields = {"name": "Keeper", "kind": "remote", "project_id": str(here.id), "enabled": "y"}
    made = ada.submit(f"{LIST}/new", **fields, provider_id="1", model="ignored")
    assert made.status_code == 303
    path = made.location.partition("?")[0]
    agent = owner.get(f"/api/agents/{path.split('/')[-1]}").get_json()
    about = (agent["kind"], agent["project_id"], agent["provider_id"], agent["model"])
    assert about == ("remote", here.id, None, None)
    assert "AI server" in ada.get(LIST).text
    # Its kind is for good, and there is no model to ask or to try.
    page = ada.get(path).text
    assert 'id="provider_id"' not in page
    assert 'type="radio" name="kind"' not in page
    assert 'id="try"' not in page
    assert f'href="{here.path}"' in page
    assert ada.submit(path, **fields | {"name": "Warden"}).status_code == 303
    assert owner.get(f"/api/agents/{agent['id']}").get_json()["name"] == "Warden"
    ada.get(path)
    answer = ada.submit(f"{path}/try", question="Hello?")
    assert "It answers by a run of its project" in answer.text
    assert owner.delete(f"/api/agents/{agent['id']}").status_code == 204


def test_without_a_project_it_is_refused_and_what_was_typed_stays(ada, here):
    for project_id, status in (("", 400), ("987654321", 404), ("x", 400)):
        ada.get(f"{LIST}/new")
        fields = {"name": "Keeper", "kind": "remote", "project_id": project_id}
        answer = ada.submit(f"{LIST}/new", **fields)
        assert answer.status_code == status
        assert 'role="alert"' in answer.text
        assert '<input type="radio" name="kind" value="remote" checked>' in answer.text
        assert 'value="Keeper"' in answer.text
    ada.get(f"{LIST}/new")
    assert ada.submit(f"{LIST}/new", name="Keeper", kind="strange").status_code == 400


def test_its_answer_has_the_log_of_the_run_folded_under_it(ada, owner, here, agent):
    channel = owner.channel(title="Far away", agent_id=agent["id"])
    said = owner.say(channel, SHORT.spec)
    run = owner.get(f"/api/runs/{said['run_id']}").get_json()
    here.wait(run["public_id"])
    answer = answer_in(ada.get(f"/channels/{channel}").text)
    assert "The result of 31" in answer
    assert f'<details class="task-log" data-log="/runs/{run["public_id"]}">' in answer
    assert f'<a href="/runs/{run["public_id"]}">The whole log</a>' in answer
    assert "data-task" in answer
    assert 'class="task-log"' in ada.get(f"/messages/{run['reply_id']}/article").text
    owner.delete(f"/api/channels/{channel}")


def test_the_projects_thread_has_the_work_and_its_result(ada, here):
    run = here.ended(SHORT)
    page = ada.get(f"/channels/{thread_of(here, run)}").text
    assert "The result of 31" in page
    assert f'data-log="/runs/{run}"' in page
    # It is done again on the page of the run: no agent is there who could.
    assert 'class="again"' not in page.partition("<template")[0]


def test_one_under_way_says_so_and_is_stopped_there(ada, here):
    run = here.begun(HELD)
    path = f"/channels/{thread_of(here, run)}"
    page = ada.get(path).text
    answer = page[page.index(f'data-run="{run}"') :].partition("</article>")[0]
    assert "data-task" in answer
    assert 'data-when="working"' in answer
    assert ada.submit(f"/runs/{run}/cancel").location == path
    here.wait(run)
    assert 'data-state="STOPPED"' in ada.get(f"/runs/{run}").text


def test_who_is_only_in_the_channel_reads_the_log_there_and_may_stop_it(
    ada, owner, member, here, people
):
    run = here.begun(HELD)
    thread = thread_of(here, run)
    owner.post(f"/api/channels/{thread}/members", {"email": "member@example.com"})
    page = member.get(f"/runs/{run}").text
    assert f'href="/channels/{thread}"' in page
    assert here.path not in page
    # The stream is the project's: this page goes on by loading itself again.
    assert "data-stream" not in page
    assert '<meta http-equiv="refresh"' in page
    assert "<noscript><meta" not in page
    assert "Run it again" not in page
    wait_until(lambda: member.get(f"/runs/{run}/log.txt").text)
    assert member.submit(f"/runs/{run}/stop").location == f"/runs/{run}"
    here.wait(run)
    member.get(f"/runs/{run}")
    assert member.submit(f"/runs/{run}/resume").status_code in (403, 404)
