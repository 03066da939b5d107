"""The page of a remote run: its log, its result, what one may do there, and who may."""

import pytest
from markupsafe import escape

from tests.faults.remote.plan import Plan
from tests.web.remote import site

DONE = Plan(seed=11, pieces=40, gap_ms=0)
HELD = Plan(seed=12, pieces=10, gap_ms=0, hold_after=6)
FAILED = Plan(seed=13, pieces=4, gap_ms=0, end="failed")


@pytest.fixture
def here(built, app):
    with site(built) as made:
        yield made


def lines_of(page):
    """How many lines of the log the page shows."""
    log = page.partition('id="lines"')[2].partition('id="to-newest"')[0]
    return log.count('class="line"')


def texts(plan):
    return [data.split(" ", 1)[1] for kind, data in plan.said if kind == "log"]


def test_a_run_that_has_ended_shows_its_log_and_its_result(ada, here):
    run = here.ended(DONE)
    page = ada.get(f"/runs/{run}").text
    assert 'data-state="DONE"' in page
    for text in texts(DONE):
        assert escape(text) in page
    assert lines_of(page) == len(texts(DONE))
    assert 'data-level="info"' in page
    assert f"Lines: {len(texts(DONE))}" in page
    assert "12:00:01" in page
    assert "The result of 11: 漢字 🧵" in page
    assert 'http-equiv="refresh"' not in page
    assert "data-stream" not in page  # there is nothing more to come


def test_one_that_goes_on_refreshes_itself_without_a_script_and_is_stopped_by_a_form(ada, here):
    run = here.begun(HELD)
    page = ada.get(f"/runs/{run}").text
    assert 'data-state="RUNNING"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert f'data-stream="/api/v1/projects/{here.id}/agent/runs/{run}/stream"' in page
    assert "run-again" not in page.split('id="run-again"')[1].split(">")[0]
    # What is being searched is not swept away.
    assert 'http-equiv="refresh"' not in ada.get(f"/runs/{run}?q=x").text
    assert ada.submit(f"/runs/{run}/stop").location == f"/runs/{run}"
    here.wait(run)
    assert 'data-state="STOPPED"' in ada.get(f"/runs/{run}").text
    assert here.server.stopped


def test_one_that_failed_says_why(ada, here):
    page = ada.get(f"/runs/{here.ended(FAILED)}").text
    assert 'data-state="FAILED"' in page
    assert "The task 13 could not." in page


def test_the_log_is_searched_without_a_script(ada, here):
    run = here.ended(DONE)
    word = texts(DONE)[0].split()[1]
    page = ada.get(f"/runs/{run}?q={word.lower()}").text
    hits = sum(word.lower() in text.lower() for text in texts(DONE))
    assert lines_of(page) == hits
    assert f"Lines: {hits} of {len(texts(DONE))}" in page
    assert f'value="{word.lower()}"' in page
    # With a script the whole log is fetched, for it may be looked for otherwise then.
    assert "data-stream" in page
    assert "data-cursor" not in page
    page = ada.get(f"/runs/{run}?level=error").text
    assert "There is no such line." in page
    assert '<option value="error" selected>' in page
    assert lines_of(ada.get(f"/runs/{run}?level=x&before=x").text) == len(texts(DONE))


def test_the_log_is_downloaded_as_it_was_sent(ada, here):
    run = here.ended(DONE)
    answer = ada.get(f"/runs/{run}/log.txt")
    assert answer.text == "".join(f"{data}\n" for kind, data in DONE.said if kind == "log")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="run-{run}.txt"'


def test_it_is_run_again_as_it_was_or_gone_on_with_in_the_same_thread(ada, here):
    run = here.ended(DONE)
    ada.get(f"/runs/{run}")
    again = ada.submit(f"/runs/{run}/resume").location.partition("#")[0]
    assert again != f"/runs/{run}"
    here.wait(again.split("/")[-1])
    assert here.server.begun[DONE.seed] == 2
    ada.get(again)
    further = ada.submit(f"{again}/resume", spec=FAILED.spec).location.partition("#")[0]
    here.wait(further.split("/")[-1])
    assert here.server.begun[FAILED.seed] == 1
    assert len({task.thread_id for task in here.server.tasks.values()}) == 1


def test_what_is_refused_is_said_beside_the_form_and_what_was_typed_stays(ada, here):
    run = here.ended(DONE)
    ada.get(f"/runs/{run}")
    for spec, status, sentence in (
        ("  \n", 400, "Say what is to be done"),
        ("x" * 64_001, 413, "A message has at most 64,000 characters."),
    ):
        answer = ada.submit(f"/runs/{run}/resume", spec=spec)
        assert answer.status_code == status
        assert sentence in answer.text
        assert f"{spec}</textarea>" in answer.text
    here.begun(HELD)
    answer = ada.submit(f"/runs/{run}/resume", spec="Later.")
    assert answer.status_code == 409
    assert "it does one thing at a time" in answer.text
    assert "Later.</textarea>" in answer.text


def test_hostile_words_are_only_words(ada, here):
    here.server.kill()
    plan = Plan(seed=14, pieces=2)
    ada.get(here.path)
    ada.submit(f"{here.path}/runs", spec=f"<script>alert(1)</script>{plan.spec}")
    page = ada.get(here.path).text
    assert "&lt;script&gt;alert(1)" in page
    run = page.split('href="/runs/')[1].split('"')[0]
    page = ada.get(f"/runs/{run}?q=%22%3E%3Cscript%3E").text
    assert "<script>" not in page
    assert 'value="&#34;&gt;&lt;script&gt;"' in page
    here.server.come_back()


def test_the_people_of_the_project_see_it_and_use_it_others_do_not(
    ada, member, viewer, stranger, visitor, here
):
    run = here.ended(DONE)
    path = f"/runs/{run}"
    for person in (member, viewer, stranger):
        assert person.get(path).status_code == 404
        assert person.get(f"{path}/log.txt").status_code == 404
        for form in ("stop", "resume"):
            person.get("/channels")
            assert person.submit(f"{path}/{form}").status_code == 404
    assert visitor.get(path).status_code == 303
    here.join(ada)
    assert escape(texts(DONE)[0]) in member.get(path).text
    again = member.submit(f"{path}/resume").location.partition("#")[0]
    assert "Member" in member.get(again).text
    here.wait(again.split("/")[-1])
    # Whoever is only in its channel sees what was said there: the log too, but starts nothing.
    here.join(ada, "viewer@example.com")
    assert "Run it again" not in viewer.get(path).text
    viewer.get("/channels")
    assert viewer.submit(f"{path}/resume").status_code == 403
    assert "You do not have access to this." in viewer.page
    viewer.get("/channels")
    assert viewer.submit(f"{path}/stop").status_code == 403
    assert ada.submit(f"{path}/stop", csrf_token="").status_code == 403


@pytest.mark.parametrize("run", ["1", "x", "01a1fa0a-d916-750e-8908-0a11a99cd835"])
def test_what_is_no_remote_run_is_not_found(ada, run):
    for path in (f"/runs/{run}", f"/runs/{run}/log.txt"):
        assert ada.get(path).status_code == 404
