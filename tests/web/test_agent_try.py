"""The box in which an agent is tried."""

from threading import Event

import pytest
from sqlalchemy import func, select

from chat_app.services import tokens, tries
from chat_app.store.base import now
from chat_app.store.channels import ChannelRow
from chat_app.store.db import Session
from chat_app.store.runs import RunRow
from chat_app.streaming.hangup import Hangup
from tests.clients import read_events
from tests.fakes import Chunk, Hold, Status, calls, says
from tests.web.harbour import offered

TRY = "/settings/agents/1/try"
STREAM = {"Accept": "text/event-stream"}


@pytest.fixture
def rt(built):
    return built.rt


@pytest.fixture
def asked(ada):
    """Asks the agent of the page a question, without JavaScript."""

    def _asked(question="What is *up*?"):
        ada.get("/settings/agents/1")
        return ada.submit(TRY, question=question)

    return _asked


@pytest.fixture
def streamed(ada):
    """Asks it as the script does; gives the events."""

    def _streamed(question="What is up?"):
        ada.get("/settings/agents/1")
        fields = ada.hidden() | {"question": question}
        answer = ada.client.post(TRY, data=fields, headers=STREAM)
        if answer.mimetype != "text/event-stream":
            return answer
        return [event.data for event in read_events(answer.data)]

    return _streamed


def rows(rt) -> tuple[int, int]:
    """How many channels and runs there are."""
    with rt.db.reading() as session:
        return _count(session, ChannelRow), _count(session, RunRow)


def _count(session: Session, table) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_answer_is_on_the_page_as_markdown_with_the_question(asked, fake):
    fake.enqueue(says("All ", "**well**."))
    answer = asked()
    assert answer.status_code == 200
    assert "<p>All <strong>well</strong>.</p>" in answer.text
    assert "What is *up*?</textarea>" in answer.text


def test_nothing_of_a_try_is_kept_nor_ever_in_the_list(ada, asked, streamed, fake, rt):
    ada.get("/channels")
    before, shown = rows(rt), ada.page.count("/channels/")
    fake.enqueue(says("One."), says("Two."))
    asked()
    assert streamed()[-1] == {"type": "html", "html": "<p>Two.</p>\n"}
    assert rows(rt) == before
    assert ada.get("/channels").text.count("/channels/") == shown


def test_the_script_gets_the_answer_as_it_is_written(streamed, fake):
    fake.enqueue(says("Hel", "lo"))
    events = streamed()
    assert events[0]["type"] == "start"
    assert "".join(e["content"] for e in events if e["type"] == "chunk") == "Hello"
    assert [event["type"] for event in events][-2:] == ["done", "html"]


def test_what_a_provider_refuses_is_said_beside_the_box(asked, streamed, fake, rt):
    before = rows(rt)
    fake.enqueue([Status(401)], [Status(401)])
    assert "The model provider refused our key." in asked().text
    (error,) = [event for event in streamed() if event["type"] == "error"]
    assert error["error_code"] == "provider_auth_failed"
    assert rows(rt) == before


def test_a_question_that_is_none_is_refused_on_the_page_and_as_json(asked, streamed):
    answer = asked(" ")
    assert (answer.status_code, "The message is empty." in answer.text) == (400, True)
    assert streamed(" ").get_json()["error_code"] == "no_message"


def test_an_agent_that_cannot_answer_says_why(ada, owner):
    agent = owner.post("/api/agents", {"name": "Off", "enabled": False}).get_json()["id"]
    path = f"/settings/agents/{agent}"
    ada.get(path)
    assert ada.submit(f"{path}/try", question="Hi").status_code == 409
    assert "The agent is switched off." in ada.page
    owner.patch(f"/api/agents/{agent}", {"enabled": True, "provider_id": None})
    assert ada.submit(f"{path}/try", question="Hi").status_code == 503
    owner.delete(f"/api/agents/{agent}")


def test_its_tools_are_used_and_shown(asked, streamed, fake, rt, tmp_path):
    with offered(rt, tmp_path / "gate", {}):
        fake.enqueue(calls("fail", "{}"), says("Pity."))
        page = asked().text
        assert '<span class="tried-name">fail</span>' in page
        assert "The tide is out." in page
        fake.enqueue(calls("picture", "{}"), says("Nice."))
        kinds = [event["type"] for event in streamed()]
        assert kinds.index("tool_call") < kinds.index("tool_result") < kinds.index("html")


def test_a_tool_that_asks_first_ends_the_try_and_says_so(asked, streamed, fake, rt, tmp_path):
    mail = '{"to": "Bo", "text": "Hi"}'
    before = rows(rt)
    with offered(rt, tmp_path / "gate", {"send_mail": "ask"}):
        fake.enqueue([Chunk("I will."), *calls("send_mail", mail)], calls("send_mail", mail))
        page = asked().text
        assert "The agent wants to use send_mail, which asks a person first." in page
        assert "<p>I will.</p>" in page
        kept = stream_until_error(rt, built_person(rt))
        assert kept["error_code"] == "tool_denied"
    assert rows(rt) == before


def built_person(rt):
    owner = tokens.owner_of(rt, "owner@example.com")
    return tokens.identify(rt, tokens.issue(rt, owner.id, "try", tokens.SCOPES, 1).secret)


def stream_until_error(rt, person):
    """The error of a try's stream, whose client then hangs up."""
    frames = tries.stream(rt, tries.begin(rt, person, 1, "Write."), Hangup(), str)
    for frame in frames:
        for event in read_events(frame):
            if event.data["type"] == "error":
                frames.close()
                return event.data
    raise AssertionError("it went on")


def test_who_hangs_up_ends_the_try(fake, rt):
    before, hold = rows(rt), Event()
    fake.enqueue([Chunk("So "), Hold(hold), Chunk("much.")])
    frames = tries.stream(rt, tries.begin(rt, built_person(rt), 1, "Talk."), Hangup(), str)
    assert b"start" in next(frames)
    frames.close()
    assert rows(rt) == before
    hold.set()


def test_what_a_killed_process_left_behind_goes_with_the_next_try(asked, fake, rt):
    with rt.db.transaction() as session:
        old = ChannelRow(workspace_id=1, title=tries.TITLE, updated_at=now() - 2 * tries.LEFT_OVER)
        session.add(old)
        session.flush()
        old_id = old.id
    fake.enqueue(says("Well."))
    asked()
    with rt.db.reading() as session:
        assert session.get(ChannelRow, old_id) is None


def test_a_channel_of_that_name_with_somebody_in_it_stays(asked, fake, rt, owner):
    channel = owner.channel(title=tries.TITLE)
    with rt.db.transaction() as session:
        session.get_one(ChannelRow, channel).updated_at = now() - 2 * tries.LEFT_OVER
    fake.enqueue(says("Well."))
    asked()
    with rt.db.reading() as session:
        assert session.get(ChannelRow, channel) is not None
