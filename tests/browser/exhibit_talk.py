"""What was said in the exhibit's channels, as rows: nobody has to answer for it to be there."""

import hashlib
import struct
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chat_app.access import Person
from chat_app.runtime import Runtime
from chat_app.services import channels
from chat_app.store.agents import AgentRow
from chat_app.store.approvals import ApprovalRow
from chat_app.store.attachments import AttachmentRow
from chat_app.store.base import now
from chat_app.store.channels import ChannelRow, take_numbers
from chat_app.store.db import Session
from chat_app.store.messages import MessageRow
from chat_app.store.remote_tasks import RemoteTaskRow
from chat_app.store.run_events import StoredEvent, append_events
from chat_app.store.runs import RunRow
from chat_app.streaming import events
from chat_app.streaming.events import Event
from tests.browser import exhibit_words as words
from tests.browser.exhibit_words import ADA, BO, Line

MODEL = "gpt-4.1-mini"
USED = {"prompt_tokens": 812, "completion_tokens": 164, "total_tokens": 976}
CALL_ID = "call_1"
DAYS = 28
PEOPLE = [(BO, "bo@example.com", "member"), ("林美華", "meihua@example.com", "viewer")]
SEA = 480, 270


@dataclass
class Scene:
    """What is being filled, by whom, and who is there to speak."""

    rt: Runtime
    person: Person
    people: dict[str, int]
    agents: dict[str, int]
    times: datetime


def channel(scene: Scene, title: str, project_id: int | None = None) -> int:
    fields = {"title": title, "project_id": project_id}
    made = channels.create(scene.rt, scene.person, fields)
    channels.add_member(scene.rt, scene.person, made.id, None, PEOPLE[0][1])
    return int(made.id)


def talk(
    scene: Scene, title: str, lines: list[Line], project_id: int | None = None
) -> tuple[int, list[int]]:
    """A channel in which this was said; its id, and those of its messages."""
    channel_id = channel(scene, title, project_id)
    with scene.rt.db.transaction() as session:
        rows: list[MessageRow] = []
        for line in lines:
            scene.times += timedelta(minutes=2)
            parent = rows[-1] if rows and line.is_answer else None
            rows.append(_said(scene, session, channel_id, line, parent))
        return channel_id, [row.id for row in rows]


def _said(
    scene: Scene, session: Session, channel_id: int, line: Line, parent: MessageRow | None
) -> MessageRow:
    row = MessageRow(
        channel_id=channel_id,
        seq=take_numbers(session, channel_id, 1, 0)[0],
        role="assistant" if line.is_answer else "user",
        author_user_id=scene.people.get(line.author),
        author_agent_id=scene.agents.get(line.author),
        author_name=line.author,
        body=line.body,
        status=line.status,
        error_code=line.error_code,
        parent_id=parent.id if parent else None,
        tool_calls=line.calls,
        created_at=scene.times,
    )
    if line.is_answer and line.status == "complete":
        row.model, row.usage = MODEL, USED
    session.add(row)
    session.flush()
    if line.has_files:
        row.attachments = [file.about for file in _files(session, row)]
    return row


def _files(session: Session, message: MessageRow) -> list[AttachmentRow]:
    """A picture of the sea, and a table."""
    width, height = SEA
    files = [
        _file(message, "crossing.png", "image/png", _picture(), width=width, height=height),
        _file(message, "heights.csv", "text/csv", b"hour,metres\n0,4.1\n3,2.6\n6,0.9\n"),
    ]
    session.add_all(files)
    session.flush()
    return files


def _file(
    message: MessageRow, name: str, media_type: str, content: bytes, **size: int
) -> AttachmentRow:
    return AttachmentRow(
        workspace_id=1,
        uploader_id=message.author_user_id,
        message_id=message.id,
        name=name,
        media_type=media_type,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        **size,
    )


def _picture() -> bytes:
    """A PNG (RFC 2083) of rows that get darker."""
    width, height = SEA
    rows = b"".join(
        b"\0" + bytes((30, 190 - at // 2, 200 - at // 3)) * width for at in range(height)
    )
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def _run(question: MessageRow, reply: MessageRow, **fields: Any) -> RunRow:
    return RunRow(
        channel_id=question.channel_id,
        agent_id=reply.author_agent_id,
        question_id=question.id,
        reply_id=reply.id,
        user_id=question.author_user_id,
        created_at=question.created_at,
        model=MODEL,
        **fields,
    )


def waiting(scene: Scene) -> int:
    """A channel in which a call waits for a person."""
    channel_id = channel(scene, "Crew of Razorbill")
    lines = [Line(ADA, words.ASKED), Line(words.ASSISTANT, "", status="streaming")]
    until = now() + timedelta(days=1)
    with scene.rt.db.transaction() as session:
        question = _said(scene, session, channel_id, lines[0], None)
        reply = _said(scene, session, channel_id, lines[1], question)
        run = _run(question, reply, parked_until=until, attempt=1)
        session.add(run)
        session.flush()
        agent = session.get_one(AgentRow, 1)
        public_id = session.get_one(ChannelRow, channel_id).public_id
        about = (CALL_ID, "send_mail", words.TIMETABLE, words.LETTER)
        told = [
            events.start(run.public_id, channel_id, public_id, events.about(agent), question.id),
            events.Event("chunk", "I will ask them to bring one."),
            events.tool_approval(*about, until),
        ]
        _journal(session, run, told)
        session.add(ApprovalRow(run_id=run.id, call_id=CALL_ID, ask=0, expires_at=until))
        return channel_id


def remote(scene: Scene, project_id: int) -> tuple[int, str]:
    """A run on the project's AI server that has ended; the id of its channel, and its public id."""
    channel_id = channel(scene, "Timetable builds", project_id)
    with scene.rt.db.transaction() as session:
        question = _said(scene, session, channel_id, Line(ADA, words.SPEC), None)
        answer = Line(words.ASSISTANT, words.BUILT)
        reply = _said(scene, session, channel_id, answer, question)
        ended = {"started_at": scene.times, "finished_at": scene.times + timedelta(minutes=3)}
        run = _run(question, reply, status="done", attempt=1, **ended)
        session.add(run)
        session.flush()
        thread = session.get_one(ChannelRow, channel_id).public_id
        session.add(
            RemoteTaskRow(
                run_id=run.id,
                project_id=project_id,
                thread_id=thread,
                spec=words.SPEC,
                asked_at=scene.times,
                task_id="build-41",
            )
        )
        lines = [Event("log", fields={"content": line}) for line in words.LOG]
        _journal(session, run, lines)
        return channel_id, str(run.public_id)


def _journal(session: Session, run: RunRow, told: list[Event]) -> None:
    encoded = [events.encode(event) for event in told]
    journal = [StoredEvent(run.id, seq, *event) for seq, event in enumerate(encoded, 1)]
    append_events(session.connection(), journal)


def archive(scene: Scene) -> tuple[int, int]:
    """Four weeks of talk, for usage and for older messages; the channel's id, and the last
    message's.
    """
    channel_id, today = channel(scene, "Harbour office"), scene.times
    with scene.rt.db.transaction() as session:
        for day in range(DAYS):
            for turn in range((day * 5 + 3) % 7):
                scene.times = today - timedelta(days=DAYS - day, minutes=9 * (7 - turn))
                who = BO if (day + turn) % 3 else ADA
                agent = words.REVIEWER if turn % 4 == 3 else words.ASSISTANT
                asked = _said(scene, session, channel_id, Line(who, "And today?"), None)
                answer = Line(agent, "All piers are open; *Guillemot* runs five minutes late.")
                reply = _said(scene, session, channel_id, answer, asked)
                session.add(_run(asked, reply, status="done", usage=USED, finished_at=now()))
    scene.times = today
    return channel_id, reply.id
