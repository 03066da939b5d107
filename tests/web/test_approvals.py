"""Deciding about tool calls with plain forms, at a real tool server."""

import json
import re

import pytest

from tests.fakes import calls, says
from tests.web.harbour import offered
from tests.web.tool_calls import HOSTILE

MAIL = '{"to": "Bo", "text": "Hi <b>there</b>"}'


@pytest.fixture(autouse=True)
def harbour(app, rt, tmp_path):
    with offered(rt, tmp_path / "gate", {"send_mail": "ask"}):
        yield


@pytest.fixture
def asked(ada, owner, fake, channel, path):
    """Has the agent call this tool, waits until a person is asked; gives the run's id."""

    def _asked(tool, arguments, *then, call_id="call_1"):
        fake.enqueue(calls(tool, arguments, call_id), then or says("All done."))
        run_id = owner.say(channel, "Please.")["run_id"]
        fake.wait_until(lambda: 'class="approval"' in ada.get(path).text)
        return run_id

    return _asked


def events(owner, run_id, kind):
    return [e.data for e in owner.stream(f"/api/runs/{run_id}/stream") if e.data["type"] == kind]


def test_a_call_that_was_allowed_is_made_and_the_answer_goes_on(ada, owner, asked, path):
    run_id = asked("send_mail", MAIL)
    assert "Assistant</b> wants to use <b" in ada.page
    assert "Hi &lt;b&gt;there&lt;/b&gt;" in ada.page
    done = ada.submit(f"/runs/{run_id}/approvals/call_1", approve="yes")
    assert (done.status_code, done.location) == (303, path)
    (result,) = events(owner, run_id, "tool_result")
    assert (result["result"], result["is_error"]) == ("Sent to Bo.", False)
    page = ada.get(path).text
    assert 'data-state="done"' in page
    assert "All done." in page
    assert 'class="approval"' not in page


def test_a_call_that_was_refused_is_not_made_and_says_so(ada, owner, asked, path):
    run_id = asked("send_mail", MAIL)
    ada.submit(f"/runs/{run_id}/approvals/call_1", approve="no")
    (result,) = events(owner, run_id, "tool_result")
    assert (result["is_error"], result["error_code"]) == (True, "tool_denied")
    assert 'data-state="refused"' in ada.get(path).text


def test_a_form_is_filled_in_and_its_answer_reaches_the_tool(ada, owner, asked, path):
    run_id = asked("book", '{"day": "Monday"}')
    assert "Which boat comes on Monday?" in ada.page
    assert "<script>document" not in ada.page
    assert "<img src=x" not in ada.page
    fields = {"field.boat": "Kelp", "field.length": "12", "field.side": "starboard"}
    action = f"/runs/{run_id}/approvals/call_1"
    assert ada.submit(action, approve="yes", **fields, **{"field.crane": "yes"}).status_code == 303
    (result,) = events(owner, run_id, "tool_result")
    assert result["result"] == "Monday: Kelp, 12 m, starboard, with crane"
    assert "All done." in ada.get(path).text


def test_a_form_that_was_declined_reaches_the_tool_as_that(ada, owner, asked):
    run_id = asked("book", '{"day": "Monday"}')
    ada.submit(f"/runs/{run_id}/approvals/call_1", approve="no")
    (result,) = events(owner, run_id, "tool_result")
    assert result["is_error"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "is missing."),
        ({"field.boat": "Kelp", "field.length": "long"}, "is not a number."),
        ({"field.boat": "Kelp", "field.length": "400"}, ""),
    ],
)
def test_a_form_that_does_not_fit_is_refused_and_still_waits(ada, asked, path, fields, sentence):
    run_id = asked("book", '{"day": "Monday"}')
    refused = ada.submit(f"/runs/{run_id}/approvals/call_1", approve="yes", **fields)
    assert refused.status_code == 400
    assert sentence in refused.text
    assert 'class="approval"' in ada.get(path).text
    ada.submit(f"/runs/{run_id}/approvals/call_1", approve="no")


def test_the_form_alone_is_the_one_of_the_page_until_it_is_answered(ada, asked):
    run_id = asked("send_mail", MAIL)
    where = f"/runs/{run_id}/approvals/call_1"
    alone = ada.get(where)
    assert alone.status_code == 200
    assert alone.text.lstrip().startswith('<form class="approval"')
    assert "wants to use" in alone.text
    assert ada.submit(where, approve="no").status_code == 303
    assert (ada.get(where).status_code, ada.get(where).text) == (204, "")


def test_who_decides_twice_decides_once(ada, owner, asked, path):
    run_id = asked("send_mail", MAIL)
    where = f"/runs/{run_id}/approvals/call_1"
    kept = ada.hidden()
    assert ada.submit(where, approve="yes", **kept).status_code == 303
    assert ada.submit(where, approve="yes", **kept).status_code == 303
    assert ada.submit(where, approve="no", **kept).status_code == 409
    assert len(events(owner, run_id, "tool_result")) == 1


def test_a_page_is_not_loaded_again_under_the_hands_of_who_fills_in_a_form(ada, asked, path):
    run_id = asked("book", '{"day": "Monday"}')
    assert "http-equiv" not in ada.page
    assert "Look again" in ada.page
    ada.submit(f"/runs/{run_id}/approvals/call_1", approve="no")


def test_where_only_two_buttons_wait_the_page_looks_again_now_and_then(ada, asked):
    run_id = asked("send_mail", MAIL)
    assert re.search(r'http-equiv="refresh" content="15;', ada.page)
    ada.submit(f"/runs/{run_id}/approvals/call_1", approve="no")


def test_a_call_with_a_strange_id_can_be_decided(ada, owner, asked):
    run_id = asked("send_mail", MAIL, call_id="../../logout?a=b#" + HOSTILE[:20])
    action = re.search(r'<form class="approval" method="post" action="([^"]+)"', ada.page)[1]
    assert "/../" not in action
    assert ada.submit(action, approve="yes").status_code == 303
    (result,) = events(owner, run_id, "tool_result")
    assert not result["is_error"]


@pytest.mark.parametrize(("who", "status"), [("member", 404), ("stranger", 404), ("viewer", 403)])
def test_who_may_not_write_here_decides_nothing(request, ada, owner, asked, channel, who, status):
    owner.post(f"/api/channels/{channel}/members", {"email": "viewer@example.com"})
    run_id = asked("send_mail", MAIL)
    visitor = request.getfixturevalue(who)
    visitor.get("/channels")
    where = f"/runs/{run_id}/approvals/call_1"
    assert visitor.submit(where, approve="yes").status_code == status
    assert ada.submit(where, approve="no").status_code == 303


def test_a_form_without_our_token_decides_nothing(ada, asked):
    run_id = asked("send_mail", MAIL)
    where = f"/runs/{run_id}/approvals/call_1"
    assert ada.submit(where, approve="yes", csrf_token="x").status_code == 403
    assert 'class="approval"' in ada.get(where).text
    ada.submit(where, approve="no")


def test_what_a_tool_said_is_text_on_the_page(ada, owner, fake, channel, path):
    fake.enqueue(calls("fail", json.dumps({HOSTILE: HOSTILE})), says("It failed."))
    owner.say(channel, "Please.", reply="wait")
    page = ada.get(path).text
    assert 'data-state="failed"' in page
    assert "The tide is out." in page
    assert "<script>document" not in page
    assert "<img src=x" not in page


def test_a_picture_is_shown(ada, owner, fake, channel, path):
    fake.enqueue(calls("picture", "{}"), says("Nice, is it not?"))
    owner.say(channel, "Please.", reply="wait")
    assert '<img src="data:image/png;base64,iVBORw0KGgo' in ada.get(path).text


@pytest.mark.parametrize(("answer", "sentence"), [("yes", "Allowed a tool"), ("no", "Refused a")])
def test_the_audit_log_says_who_decided(ada, owner, asked, answer, sentence):
    run_id = asked("send_mail", MAIL)
    ada.submit(f"/runs/{run_id}/approvals/call_1", approve=answer)
    newest = ada.get("/settings/audit").text.partition("<tbody>")[2].partition("</tr>")[0]
    assert sentence in newest
    assert "Harbour: send_mail" in newest
    assert "Owner" in newest
    events(owner, run_id, "tool_result")
