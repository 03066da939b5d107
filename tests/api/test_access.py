"""Who gets in where: every door of the application's own map, as every kind of person.

A door that is not in the table below fails the first test: say there who may use it.
"""

import secrets
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.api.tools import project, synced
from tests.clients import Client, read_events, uploaded
from tests.houses import House, on_each_database

pytestmark = pytest.mark.usefixtures("mcp")

# What a door belongs to, and whether it changes anything.
ANYBODY = {"health.alive", "health.ready", "auth.login", "auth.register"}
ONES_OWN_READ = {"auth.me", "auth.members", "auth.list_tokens", "channels.list_channels"}
ONES_OWN_READ |= {"workspaces.list_workspaces"}
ONES_OWN_READ |= {"agents.list_agents", "messages.search", "projects.list_projects"}
INSTALLATION_READ = {"providers.list_providers", "providers.get_provider"}
OPERATE = {"providers.create_provider", "providers.update_provider", "providers.delete_provider"}
OPERATE |= {"providers.test_provider", "tool_servers.create_server", "tool_servers.update_server"}
OPERATE |= {"tool_servers.delete_server", "tool_servers.sync_server", "tool_servers.test_server"}
OPERATE |= {"tools.update_tool"}
# The stranger runs a workspace, too: the one of their own.
SYSTEM_TOOLS_READ = {"tool_servers.list_servers", "tool_servers.get_server"}
SYSTEM_TOOLS_READ |= {"tool_servers.list_tools"}
PROJECT_READ = {"projects.get_project", "project_tools.list_servers", "project_tools.get_server"}
PROJECT_READ |= {"project_tools.list_tools", "projects.list_members"}
PROJECT_READ |= {"project_runs.list_runs", "project_runs.health"}
PROJECT_WRITE = {"projects.update_project", "projects.delete_project", "projects.add_member"}
PROJECT_WRITE |= {"projects.provision_project", "projects.stop_project"}
PROJECT_WRITE |= {"project_runs.start_run", "project_runs.reset"}
PROJECT_WRITE |= {"project_tools.create_server", "project_tools.update_server"}
PROJECT_WRITE |= {"project_tools.delete_server", "project_tools.sync_server"}
PROJECT_WRITE |= {"project_tools.test_server", "project_tools.update_tool"}
CHANNEL_READ = {"channels.get_channel", "channels.list_members", "channels.events"}
CHANNEL_READ |= {"channels.stream", "messages.list_messages"}
CHANNEL_WRITE = {"channels.update_channel", "channels.delete_channel", "channels.add_member"}
CHANNEL_WRITE |= {"channels.remove_member", "messages.post_message"}
CHANNEL_WRITE |= {"presence.start_typing", "presence.stop_typing"}
MESSAGE_READ = {"messages.get_message"}
MESSAGE_WRITE = {"messages.edit_message", "messages.delete_message", "messages.regenerate"}
MESSAGE_WRITE |= {"messages.give_feedback"}
RUN_READ = {"runs.get_run", "runs.list_events", "runs.stream"}
RUN_WRITE = {"runs.cancel"}
AGENT_READ = {"agents.get_agent", "agents.stats"}
AGENT_WRITE = {"agents.update_agent", "agents.delete_agent"}
ASK = {"agent_chat.chat", "agent_chat.chat_stream", "agent_chat.chat_event_source"}
SESSION_READ = {"sessions.get_session"}
OTHERWISE = {
    "auth.logout",
    "auth.create_token",
    "auth.revoke_token",
    "channels.create_channel",
    "agents.create_agent",
    "projects.create_project",
    "sessions.stream",
    "sessions.web_socket",
    "invitations.accept",
    "invitations.create_invitation",
    "invitations.list_invitations",
    "invitations.look",
    "invitations.register",
}
SECRET_ALONE = {"invitations.look", "invitations.register"}

CONNECT = {"tool_logins.connect", "tool_logins.disconnect"}

WORKSPACE_READ = {"workspaces.list_members"}
WORKSPACE_WRITE = {"workspaces.change_member", "workspaces.remove_member"}

# Outcomes: in; or the code of the refusal.
IN, NOBODY, DENIED = "in", "unauthorized", "access_denied"
KINDS = ("owner", "reader", "member", "viewer", "stranger", "nobody", "expired", "revoked", "gone")
NOT_A_PERSON = dict.fromkeys(("nobody", "expired", "revoked", "gone"), NOBODY)


def row(owner: str, reader: str, member: str, viewer: str, stranger: str) -> dict[str, str]:
    return dict(zip(KINDS, (owner, reader, member, viewer, stranger), strict=False)) | NOT_A_PERSON


# The member and the viewer are of the workspace and not of the channel.
TABLE: list[tuple[set[str], dict[str, str]]] = [
    (ANYBODY, dict.fromkeys(KINDS, IN)),
    (ONES_OWN_READ, row(IN, IN, IN, IN, IN)),
    (INSTALLATION_READ, row(IN, IN, IN, IN, IN)),
    (OPERATE, row(IN, DENIED, DENIED, DENIED, DENIED)),
    (SYSTEM_TOOLS_READ, row(IN, IN, DENIED, DENIED, IN)),
    # Each for themselves, and not for a server that agents of theirs do not use.
    (CONNECT, row(IN, DENIED, DENIED, DENIED, IN)),
    (PROJECT_READ, row(IN, IN, DENIED, DENIED, "project_not_found")),
    (PROJECT_WRITE, row(IN, DENIED, DENIED, DENIED, "project_not_found")),
    # The run of the table is none of the project's.
    (
        {"project_runs.get_run", "project_runs.stream"},
        row("run_not_found", "run_not_found", DENIED, DENIED, "project_not_found"),
    ),
    (
        {"project_runs.stop_run", "project_runs.resume_run"},
        row("run_not_found", DENIED, DENIED, DENIED, "project_not_found"),
    ),
    # The table's person is the owner, and no member.
    (
        {"projects.remove_member"},
        row("user_not_found", DENIED, DENIED, DENIED, "project_not_found"),
    ),
    (CHANNEL_READ, row(IN, IN, DENIED, DENIED, "channel_not_found")),
    (CHANNEL_WRITE, row(IN, DENIED, DENIED, DENIED, "channel_not_found")),
    (MESSAGE_READ, row(IN, IN, *["message_not_found"] * 3)),
    (MESSAGE_WRITE, row(IN, DENIED, *["message_not_found"] * 3)),
    # One that is not sent yet is the uploader's alone; a file of a message is in its own tests.
    ({"attachments.upload"}, row(IN, DENIED, IN, DENIED, IN)),
    ({"attachments.get_attachment"}, row(IN, IN, *["not_found"] * 3)),
    ({"attachments.discard"}, row(IN, DENIED, *["not_found"] * 3)),
    (RUN_READ, row(IN, IN, *["run_not_found"] * 3)),
    (RUN_WRITE, row(IN, DENIED, *["run_not_found"] * 3)),
    # The run of the table asked nobody about the call.
    ({"runs.approve"}, row("not_found", DENIED, *["run_not_found"] * 3)),
    (AGENT_READ, row(IN, IN, IN, IN, "agent_not_found")),
    (AGENT_WRITE, row(IN, DENIED, DENIED, DENIED, "agent_not_found")),
    (ASK, row(IN, DENIED, IN, DENIED, "agent_not_found")),
    (SESSION_READ, row(IN, IN, DENIED, DENIED, "session_not_found")),
    ({"auth.logout"}, row(IN, IN, IN, IN, IN)),
    ({"auth.create_token"}, row(IN, DENIED, IN, IN, IN)),
    ({"auth.revoke_token"}, row(IN, DENIED, *["not_found"] * 3)),
    ({"channels.create_channel"}, row(IN, DENIED, IN, DENIED, IN)),
    ({"agents.create_agent"}, row(IN, DENIED, DENIED, DENIED, IN)),
    ({"projects.create_project"}, row(IN, DENIED, IN, DENIED, IN)),
    ({"sessions.stream"}, row(IN, DENIED, IN, DENIED, IN)),
    (WORKSPACE_READ, row(IN, IN, IN, IN, "workspace_not_found")),
    (WORKSPACE_WRITE, row(IN, DENIED, DENIED, DENIED, "workspace_not_found")),
    ({"invitations.list_invitations"}, row(IN, IN, DENIED, DENIED, IN)),
    ({"invitations.create_invitation"}, row(IN, DENIED, DENIED, DENIED, IN)),
    ({"invitations.revoke_invitation"}, row(IN, DENIED, DENIED, DENIED, "invitation_not_found")),
    # The secret of the table is nobody's.
    ({"invitations.accept"}, row("invitation_not_found", DENIED, *["invitation_not_found"] * 3)),
    (SECRET_ALONE, dict.fromkeys(KINDS, "invitation_not_found")),
    # It begins as HTTP and refuses what is no WebSocket before it looks at the person.
    ({"sessions.web_socket"}, {}),
]
EXPECTED = {endpoint: expected for endpoints, expected in TABLE for endpoint in endpoints}

BODIES: dict[str, Any] = {
    "auth.create_token": {"name": "x"},
    "agents.create_agent": {"name": "x"},
    "agents.update_agent": {"name": "x"},
    "channels.update_channel": {"title": "x"},
    "channels.add_member": {"email": "owner@example.com"},
    "messages.post_message": {"body": "x", "reply": "none"},
    "messages.edit_message": {"body": "x"},
    "messages.give_feedback": {"rating": "up"},
    "providers.create_provider": {"name": "x", "base_url": "http://127.0.0.1:1/v1"},
    "providers.update_provider": {"enabled": True},
    "runs.approve": {"approve": True},
    "tool_servers.create_server": {"name": "x", "url": "https://x.example/mcp"},
    "project_tools.create_server": {"name": "x", "url": "https://x.example/mcp"},
    "projects.create_project": {"name": "x"},
    "projects.update_project": {"name": "x"},
    "projects.add_member": {"email": "owner@example.com"},
    "workspaces.change_member": {"role": "owner"},
    "invitations.look": {"secret": "x"},
    "invitations.accept": {"secret": "x"},
    "invitations.register": {"secret": "x", "email": "x@example.com", "password": "correct-horse"},
    "agent_chat.chat": {"message": "x"},
    "agent_chat.chat_stream": {"message": "x"},
}


@dataclass
class Things:
    """What the owner has: one of each, or where a try may change them new ones for each door."""

    owner: Client
    always_new: bool
    _ids: dict[str, Any] | None = None

    def path(self, rule: Rule) -> str:
        if self._ids is None or (self.always_new and rule.arguments):
            # Reading a server's tools takes long, and may not be done too often.
            has_tools = not self.always_new or rule.arguments & {"server_id", "tool_id"}
            self._ids = self._made() | (self._tools() if has_tools else {})
        ids = self._ids
        if rule.endpoint.startswith("agent_chat"):
            ids = ids | {"agent_id": ids["agent"]}
        if rule.endpoint.startswith("project_tools"):
            ids = ids | ids.get("project", {})
        path = rule.rule
        for name, value in ids.items():
            path = path.replace(f"<path:{name}>", str(value)).replace(f"<{name}>", str(value))
        return f"{path}?message=x&q=x"

    def _made(self) -> dict[str, Any]:
        owner, named = self.owner, {"name": secrets.token_hex(8)}
        channel_id = owner.channel()
        said = owner.say(channel_id, "Hi", reply="wait")
        agent = owner.post("/api/agents", named).get_json()
        endpoint = {"base_url": "http://127.0.0.1:1/v1"}
        return {
            "channel_id": channel_id,
            "session_id": owner.get(f"/api/channels/{channel_id}").get_json()["public_id"],
            "message_id": said["message"]["id"],
            "attachment_id": uploaded(owner)["id"],
            "run_id": said["run_id"],
            "call_id": "none",
            "user_id": 1,
            "workspace_id": 1,
            "invitation_id": owner.post("/api/invitations").get_json()["id"],
            "agent_id": agent["id"],
            "agent": agent["public_id"],
            "provider_id": owner.post("/api/providers", named | endpoint).get_json()["id"],
            "token_id": owner.post("/api/tokens", named).get_json()["id"],
            "project_id": project(owner, ai_server_url="http://127.0.0.1:1")["id"],
        }

    def _tools(self) -> dict[str, Any]:
        """With a project of its own."""
        project_id = project(self.owner)["id"]
        tools = self._tools_of(f"/api/projects/{project_id}/tool-servers")
        return {
            **self._tools_of("/api/tool-servers"),
            "project": tools | {"project_id": project_id},
        }

    def _tools_of(self, place: str) -> dict[str, Any]:
        server, (tool, _) = synced(self.owner, place)
        return {"server_id": server["id"], "tool_id": tool["id"]}


def client_of(house: House, kind: str) -> Client:
    """A person of this kind with a token of their own, for some doors end it."""
    match kind:
        case "owner":
            return house.client(house.token(house.settings.admin_email))
        case "member" | "viewer" | "stranger":
            return house.client(house.token(f"{kind}@example.com"))
        case "reader":
            return house.reader()
        case "expired":
            return house.expired()
        case "revoked":
            return house.revoked()
        case _:
            return house.client(None)


def outcome(answer: TestResponse) -> str:
    """The code of the refusal in whichever form it came; `in` for all else, mistakes included,
    for one must be in to be told of them.
    """
    if (answer.content_type or "").startswith("text/event-stream"):
        first = next(read_events(next(iter(answer.iter_encoded()))), None)
        answer.close()
        code = first.data.get("error_code", IN) if first else IN
    else:
        code = answer.get_json()["error_code"] if answer.status_code >= 400 else IN
    return code if code in (NOBODY, DENIED, "csrf_failed") or code.endswith("not_found") else IN


def doors(house: House) -> list[tuple[str, Rule]]:
    return [
        (method, rule)
        for rule in house.app.url_map.iter_rules()
        if rule.rule.startswith(("/api/", "/v1/", "/healthz", "/readyz")) and not rule.defaults
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def test_it_is_said_of_every_door_who_may_use_it(house: House):
    found = {rule.endpoint for _, rule in doors(house)}
    assert found - set(EXPECTED) == set()
    assert set(EXPECTED) - found - OTHERWISE == set()


@pytest.mark.parametrize("kind", KINDS)
def test_every_door_lets_in_whom_it_should(house: House, kind: str):
    assert wrong_doors(house, kind) == []


@pytest.mark.parametrize("built", ["postgres"], indirect=True)
@pytest.mark.parametrize("kind", ["owner", "member", "stranger"])
def test_every_door_lets_in_whom_it_should_on_postgresql(house: House, kind: str):
    assert wrong_doors(house, kind) == []


def wrong_doors(house: House, kind: str) -> list[tuple[str, str, str]]:
    """The doors that treat this kind otherwise than the table: (door, shown, expected)."""
    wrong = []
    things = Things(house.people.owner, always_new=kind == "owner")
    gone = house.deactivated() if kind == "gone" else None
    for method, rule in doors(house):
        if kind in EXPECTED[rule.endpoint]:
            path, client = things.path(rule), gone or client_of(house, kind)
            shown = outcome(client.open(method, path, **sent(method, rule.endpoint)))
            if shown != EXPECTED[rule.endpoint][kind]:
                wrong.append((rule.endpoint, shown, EXPECTED[rule.endpoint][kind]))
    return wrong


def sent(method: str, endpoint: str) -> dict[str, Any]:
    """What a door is asked with, that it would take."""
    if endpoint == "attachments.upload":
        return {"data": {"file": (BytesIO(b"x"), "x.txt")}}
    return {"json": BODIES.get(endpoint, {}) if method != "GET" else None}


def test_a_member_of_the_channel_may_all_but_what_is_the_owners(house: House):
    people = house.people
    channel_id = people.owner.channel()
    people.owner.post(f"/api/channels/{channel_id}/members", {"email": "member@example.com"})
    said = people.owner.say(channel_id, "Hi", reply="wait")
    member = people.member
    assert member.get(f"/api/channels/{channel_id}").status_code == 200
    assert member.say(channel_id, "Me too", reply="none")["message"]["author"]["name"] == "Member"
    assert member.stream(f"/api/runs/{said['run_id']}/stream")[-1].data["type"] == "done"
    assert member.post(f"/api/messages/{said['message']['id']}/regenerate").status_code == 202
    assert member.patch(f"/api/messages/{said['message']['id']}", {"body": "x"}).status_code == 403


def test_a_viewer_of_the_channel_reads_and_writes_nothing(house: House):
    people = house.people
    channel_id = people.owner.channel()
    people.owner.post(f"/api/channels/{channel_id}/members", {"email": "viewer@example.com"})
    said = people.owner.say(channel_id, "Hi", reply="wait")
    viewer, message = people.viewer, said["message"]["id"]
    assert viewer.get(f"/api/channels/{channel_id}/messages").status_code == 200
    assert viewer.stream(f"/api/ai/stream/{channel_id}")[-1].data["type"] == "done"
    for answer in (
        viewer.post(f"/api/channels/{channel_id}/messages", {"body": "x"}),
        viewer.patch(f"/api/channels/{channel_id}", {"title": "x"}),
        viewer.delete(f"/api/channels/{channel_id}"),
        viewer.delete(f"/api/messages/{message}"),
        viewer.post(f"/api/messages/{message}/regenerate"),
        viewer.post(f"/api/messages/{message}/feedback", {"rating": "up"}),
        viewer.post(f"/api/runs/{said['run_id']}/cancel"),
        viewer.post(f"/api/channels/{channel_id}/members", {"email": "member@example.com"}),
    ):
        assert (answer.status_code, answer.get_json()["error_code"]) == (403, "access_denied")


@on_each_database
def test_who_leaves_the_workspace_leaves_its_channels(house: House):
    people = house.people
    channel_id = people.owner.channel(title="Left")
    word = f"left{channel_id}"
    people.owner.say(channel_id, word, reply="none")
    stranger = people.stranger.get("/api/v1/auth/me").get_json()["id"]
    with house.rt.db.engine.begin() as connection:
        connection.exec_driver_sql(
            f"insert into channel_members (channel_id, user_id) values ({channel_id}, {stranger})"
        )
    found = people.stranger.get("/api/channels?limit=200").get_json()["items"]
    assert channel_id not in [channel["id"] for channel in found]
    assert people.stranger.get(f"/api/search?q={word}").get_json()["items"] == []
    answer = people.stranger.get(f"/api/channels/{channel_id}")
    assert answer.get_json()["error_code"] == "channel_not_found"
