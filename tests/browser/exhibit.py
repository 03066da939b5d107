"""Fills an installation with what every page has something to show of, for those who look at them.

`python -m tests.browser.exhibit` writes to the database of the environment, which must be migrated
and hold nothing but its first contents, and prints the ids that addresses need, as JSON. Nothing
of it reaches for a network.
"""

import json
import sys
from datetime import timedelta
from typing import Any

from chat_app.runtime import Runtime
from chat_app.services import agents, invitations, projects, providers, tokens, users
from chat_app.settings import Settings
from chat_app.store.base import now
from chat_app.store.messages import FeedbackRow
from chat_app.store.projects import READY, ProjectRow
from chat_app.store.tool_servers import ToolServerRow, offer_servers
from chat_app.store.tools import ToolRow
from chat_app.store.users import UserRow
from tests.browser import exhibit_talk
from tests.browser import exhibit_words as words
from tests.browser.exhibit_talk import PEOPLE, Scene
from tests.browser.exhibit_words import ADA

PASSWORD = "correct-horse"
TOOLS = {
    words.TIMETABLE: [
        ("list_departures", "All departures of a day, from one pier or from all of them.", "auto"),
        ("count_seats", "How many seats are left on each departure.", "auto"),
        ("send_mail", "Send a letter to a crew or an office. It cannot be taken back.", "ask"),
    ],
    words.ISSUES: [
        ("search_issues", "Find issues by words, labels and time.", "auto"),
        ("close_issue", "Close an issue with a comment.", "never"),
    ],
}


def fill(rt: Runtime) -> dict[str, Any]:
    """Write everything; the ids and secrets by the names that addresses have for them."""
    person = users.operator(rt)
    with rt.db.transaction() as session:
        session.get_one(UserRow, person.id).name = ADA
    people = {
        name: users.create(rt, email, PASSWORD, name, role).id for name, email, role in PEOPLE
    }
    person = users.operator(rt)
    servers = _tools(rt)
    provider = providers.create(rt, person, _provider())
    reviewer = agents.create(rt, person, _reviewer(provider.id))
    project = projects.create(rt, person, {"name": "Summer timetable", "context": words.CONTEXT})
    scene = Scene(
        rt,
        person,
        people | {ADA: person.id},
        {words.ASSISTANT: 1, words.REVIEWER: reviewer.id},
        now() - timedelta(minutes=50),
    )
    archive = exhibit_talk.archive(scene)
    trouble, _ = exhibit_talk.talk(scene, "Booking service", words.TROUBLE)
    tides, _ = exhibit_talk.talk(scene, "Tides and crossings", words.TIDES)
    waiting = exhibit_talk.waiting(scene)
    built = exhibit_talk.remote(scene, project.id)
    empty = exhibit_talk.channel(scene, "Lost property")
    talk, messages = exhibit_talk.talk(scene, "Saturday’s departures", words.TALK, project.id)
    with rt.db.transaction() as session:
        session.add(FeedbackRow(message_id=messages[3], user_id=person.id, rating="up"))
        row = session.get_one(ProjectRow, project.id)
        row.ai_server_url, row.status, row.spec = "http://10.4.0.7:9000", READY, words.SPEC
    tokens.create(rt, person, "Nightly report", ("read",), 90)
    invitations.create(rt, person, None, "member", 7, 5)
    return {
        "channel": talk,
        "trouble": trouble,
        "tides": tides,
        "waiting": waiting,
        "empty": empty,
        "archive": archive[0],
        "late": archive[1],
        "message": messages[2],
        "answer": messages[3],
        "thread": built[0],
        "run": built[1],
        "agent": reviewer.id,
        "provider": provider.id,
        "project": project.id,
        "server": servers[words.TIMETABLE],
        "invitation": invitations.create(rt, person, None, "member").secret,
    }


def _provider() -> dict[str, Any]:
    return {
        "name": "Ollama in the office",
        "base_url": "http://127.0.0.1:11434/v1",
        "default_model": "qwen3:14b",
    }


def _reviewer(provider_id: int) -> dict[str, Any]:
    return {
        "name": words.REVIEWER,
        "system_prompt": words.GUIDE,
        "greeting": "Show me a change.",
        "provider_id": provider_id,
        "temperature": 0.2,
    }


def _tools(rt: Runtime) -> dict[str, int]:
    """Two tool servers of the system, as if their tools had been read; their ids by name."""
    found = {}
    with rt.db.transaction() as session:
        for name, listed in TOOLS.items():
            url = f"https://tools.ferries.example/{name.lower()}/mcp"
            server = ToolServerRow(name=name, scope="system", transport="http", url=url)
            session.add(server)
            session.flush()
            found[name] = server.id
            for tool, description, policy in listed:
                schema = {"type": "object", "properties": {}}
                session.add(
                    ToolRow(
                        server_id=server.id,
                        name=tool,
                        description=description,
                        input_schema=schema,
                        annotations={},
                        policy=policy,
                    )
                )
            server.state, server.last_sync = "connected", now()
        session.get_one(ToolServerRow, found[words.ISSUES]).state = "error"
        session.get_one(
            ToolServerRow, found[words.ISSUES]
        ).state_message = "The server did not answer within 10 s."
        offer_servers(session, 1, list(found.values()))
    return found


if __name__ == "__main__":
    runtime = Runtime.build(Settings.from_env())
    json.dump(fill(runtime), sys.stdout)
    runtime.close()
