"""Who asks, and what they may see: every service looks things up through here.

A person sees the channels of their own workspaces. In those, a channel they are not in is refused
by name (`access_denied`), and so is a project that is not theirs; anything of another workspace is
simply not found.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from chat_app.errors import (
    AccessDenied,
    AgentNotFound,
    ChannelNotFound,
    MessageNotFound,
    NotFound,
    ProjectNotFound,
    RunNotFound,
    SessionNotFound,
    ToolNotFound,
    ToolServerNotFound,
    WorkspaceNotFound,
)
from chat_app.store import agents, channels, projects, runs
from chat_app.store.agents import AgentRow
from chat_app.store.attachments import AttachmentRow
from chat_app.store.channels import ChannelRow
from chat_app.store.db import Session
from chat_app.store.messages import MessageRow
from chat_app.store.projects import ProjectRow
from chat_app.store.runs import RunRow
from chat_app.store.tool_servers import ToolServerRow
from chat_app.store.tools import ToolRow
from chat_app.store.users import UserRow
from chat_app.store.workspaces import WorkspaceRow

ID_MAX = 2**63 - 1
WRITERS = ("owner", "admin", "member")
MANAGERS = ("owner", "admin")
SCOPES = ("read", "write")


@dataclass(frozen=True)
class Person:
    """The person who asks. `roles` is `{workspace id: role}`; `scopes` is what the token allows."""

    id: int
    public_id: str
    name: str
    email: str
    is_operator: bool
    roles: dict[int, str]
    scopes: frozenset[str] = frozenset(SCOPES)

    @classmethod
    def of(cls, user: UserRow, roles: dict[int, str], scopes: Iterable[str] = SCOPES) -> "Person":
        """The person whom this row describes."""
        about = (user.id, user.public_id, user.name, user.email, user.is_operator)
        return cls(*about, roles, frozenset(scopes))

    @property
    def workspace_ids(self) -> list[int]:
        return list(self.roles)

    @property
    def home(self) -> int:
        """The workspace in which what they make is made. Raises `AccessDenied` for nobody's."""
        if not self.roles:
            raise AccessDenied("You are not in any workspace.")
        return next(iter(self.roles))

    @property
    def managed_workspace_ids(self) -> list[int]:
        """The workspaces that they run, whatever their token lets them do there."""
        managed = [id for id, role in self.roles.items() if role in MANAGERS]
        return self.workspace_ids if self.is_operator else managed

    def must_act(self) -> None:
        """Raises `AccessDenied` from a token that may only read."""
        if "write" not in self.scopes:
            raise AccessDenied

    def may_write(self, workspace_id: int) -> bool:
        """Whether they may post and change things there."""
        return self._has_role(workspace_id, WRITERS)

    def may_manage(self, workspace_id: int) -> bool:
        """Whether they run that workspace."""
        return self._has_role(workspace_id, MANAGERS)

    def must_write(self, workspace_id: int) -> None:
        """Raises `AccessDenied` unless they may post and change things there."""
        self._must_have_role(workspace_id, WRITERS)

    def must_manage(self, workspace_id: int) -> None:
        """Raises `AccessDenied` unless they run that workspace."""
        self._must_have_role(workspace_id, MANAGERS)

    def must_oversee(self, workspace_id: int) -> None:
        """Raises `AccessDenied` unless they run that workspace, were it only to look."""
        if not self.is_operator and workspace_id not in self.managed_workspace_ids:
            raise AccessDenied

    def must_see_system_tools(self) -> None:
        """Raises `AccessDenied` unless they run a workspace: who does offers tools to agents."""
        if not self.is_operator and not self.managed_workspace_ids:
            raise AccessDenied

    def must_operate(self) -> None:
        """Raises `AccessDenied` unless they run the installation."""
        if not self.is_operator or "write" not in self.scopes:
            raise AccessDenied

    def _must_have_role(self, workspace_id: int, roles: tuple[str, ...]) -> None:
        if not self._has_role(workspace_id, roles):
            raise AccessDenied

    def _has_role(self, workspace_id: int, roles: tuple[str, ...]) -> bool:
        may = self.is_operator or self.roles.get(workspace_id) in roles
        return may and "write" in self.scopes


def number(ref: str | int) -> int | None:
    """The integer id that `ref` spells, None for anything that cannot be one."""
    text = str(ref)
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        return None
    return int(text) if 0 < int(text) <= ID_MAX else None


def public(ref: str) -> str | None:
    """The public id that `ref` spells in its usual form, None for anything that is none."""
    try:
        return str(UUID(ref)) if len(ref) == 36 else None
    except ValueError:
        return None


def workspace(session: Session, person: Person, ref: str | int | None) -> WorkspaceRow:
    """The workspace with this id: one they are in, for an operator any; None is their home.

    Raises `WorkspaceNotFound`, `AccessDenied`.
    """
    workspace_id = person.home if ref is None else number(ref)
    if workspace_id not in person.roles and not person.is_operator:
        raise WorkspaceNotFound
    found = session.get(WorkspaceRow, workspace_id) if workspace_id is not None else None
    if found is None:
        raise WorkspaceNotFound
    return found


def channel(session: Session, person: Person, ref: str | int) -> ChannelRow:
    """The channel with this integer id. Raises `ChannelNotFound`, `AccessDenied`."""
    found = None
    if (channel_id := number(ref)) is not None:
        found = channels.channel_in(session, person.workspace_ids, channel_id, person.id)
    return _entered(person, found)


def channel_by_public_id(session: Session, person: Person, ref: str) -> ChannelRow:
    """The channel with this public id. Raises `ChannelNotFound`, `AccessDenied`."""
    found = None
    if (public_id := public(ref)) is not None:
        found = channels.channel_by_public_id(session, person.workspace_ids, public_id, person.id)
    return _entered(person, found)


def session_channel(session: Session, person: Person, ref: str) -> ChannelRow:
    """The channel that a session is. Raises `SessionNotFound`, `AccessDenied`."""
    try:
        return channel_by_public_id(session, person, ref)
    except ChannelNotFound as error:
        raise SessionNotFound from error


def _entered(person: Person, found: tuple[ChannelRow, bool] | None) -> ChannelRow:
    if found is None:
        raise ChannelNotFound
    channel, is_in = found
    if not (is_in or person.is_operator):
        raise AccessDenied("You are not in this channel. Someone who is can add you.")
    return channel


def message(session: Session, person: Person, ref: str | int) -> MessageRow:
    """The message with this id, in a channel they are in. Raises `MessageNotFound`."""
    message_id = number(ref)
    found = session.get(MessageRow, message_id) if message_id is not None else None
    if found is None or found.deleted_at or not _sees(session, person, found.channel_id):
        raise MessageNotFound
    return found


def attachment(session: Session, person: Person, ref: str | int) -> AttachmentRow:
    """The file with this id: of a message that they see, or their own. Raises `NotFound`."""
    attachment_id = number(ref)
    found = session.get(AttachmentRow, attachment_id) if attachment_id is not None else None
    if found is None:
        raise NotFound
    if found.message_id is None:
        is_seen = found.uploader_id == person.id
    else:
        is_seen = _sees(session, person, session.get_one(MessageRow, found.message_id).channel_id)
    if not is_seen:
        raise NotFound
    return found


def run(session: Session, person: Person, ref: str | int) -> RunRow:
    """The run with this id or public id, in a channel they are in. Raises `RunNotFound`."""
    found = None
    if (run_id := number(ref)) is not None:
        found = session.get(RunRow, run_id)
    elif (public_id := public(str(ref))) is not None:
        found = runs.run_by_public_id(session, public_id)
    if found is None or not _sees(session, person, found.channel_id):
        raise RunNotFound
    return found


def _sees(session: Session, person: Person, channel_id: int) -> bool:
    try:
        channel(session, person, channel_id)
    except (ChannelNotFound, AccessDenied):
        return False
    return True


def agent(session: Session, person: Person, ref: str | int) -> AgentRow:
    """The agent with this id or public id in their workspaces. Raises `AgentNotFound`."""
    found = None
    if (agent_id := number(ref)) is not None:
        found = agents.agent_in(session, person.workspace_ids, agent_id)
    elif (public_id := public(str(ref))) is not None:
        found = agents.agent_by_public_id(session, person.workspace_ids, public_id)
    if found is None:
        raise AgentNotFound
    return found


def project(session: Session, person: Person, ref: str | int) -> ProjectRow:
    """The project with this id or public id, for who may see and use it: its owner, its members,
    and those who run its workspace.

    Raises `ProjectNotFound`, `AccessDenied`.
    """
    found = _project_in_workspaces(session, person, ref)
    manages = found.workspace_id in person.managed_workspace_ids
    if not projects.is_used_by(session, found, person.id, manages):
        raise AccessDenied("This project is somebody else's.")
    return found


def project_to_manage(session: Session, person: Person, ref: str | int) -> ProjectRow:
    """As `project`, for who may change it: its owner, and those who run its workspace.

    Raises `ProjectNotFound`, `AccessDenied`.
    """
    found = _project_in_workspaces(session, person, ref)
    if not manages_project(person, found):
        raise AccessDenied("This project is somebody else's.")
    return found


def manages_project(person: Person, project: ProjectRow) -> bool:
    """Whether it is theirs to change, whatever their token lets them do."""
    return project.owner_id == person.id or project.workspace_id in person.managed_workspace_ids


def _project_in_workspaces(session: Session, person: Person, ref: str | int) -> ProjectRow:
    found = None
    if (project_id := number(ref)) is not None:
        found = projects.project_in(session, person.workspace_ids, project_id)
    elif (public_id := public(str(ref))) is not None:
        found = projects.project_by_public_id(session, person.workspace_ids, public_id)
    if found is None:
        raise ProjectNotFound
    return found


def tool_server(
    session: Session, person: Person, ref: str | int, project_id: int | None
) -> ToolServerRow:
    """The system's tool server with this id, or that of a project which they were let into.

    Raises `ToolServerNotFound`; `AccessDenied` where the system's are not for them.
    """
    if project_id is None:
        person.must_see_system_tools()
    server_id = number(ref)
    found = session.get(ToolServerRow, server_id) if server_id is not None else None
    if found is None or found.project_id != project_id:
        raise ToolServerNotFound
    return found


def tool(session: Session, person: Person, ref: str | int) -> ToolRow:
    """The tool with this id, of the system or of a project that is theirs to run.

    Raises `ToolNotFound`, `AccessDenied` where the system's tools are not for them.
    """
    tool_id = number(ref)
    found = session.get(ToolRow, tool_id) if tool_id is not None else None
    if found is None or not found.listed:
        raise ToolNotFound
    if found.server.project_id is None:
        person.must_see_system_tools()
    elif not _runs_project(session, person, found.server.project_id):
        raise ToolNotFound
    return found


def _runs_project(session: Session, person: Person, project_id: int) -> bool:
    try:
        project_to_manage(session, person, project_id)
    except (ProjectNotFound, AccessDenied):
        return False
    return True
