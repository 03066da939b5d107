"""The installation as a whole: its first contents, its health."""

from dataclasses import dataclass
from itertools import count

import structlog

from chat_app.access import Person
from chat_app.auth import passwords, secrets
from chat_app.errors import HoldfastError
from chat_app.openid.issuer import Issuer
from chat_app.runtime import Runtime
from chat_app.settings import Settings
from chat_app.store import schema
from chat_app.store.agents import AgentRow, agent_by_handle, agents_in, default_agent
from chat_app.store.channels import ChannelMemberRow, ChannelRow, channels_of
from chat_app.store.db import Session
from chat_app.store.projects import PROCESS, ProjectRow
from chat_app.store.providers import DEMO_BASE_URL, ProviderRow, all_providers
from chat_app.store.run_events import last_seq
from chat_app.store.tool_servers import (
    SYSTEM,
    ToolServerRow,
    offer_servers,
    system_servers,
    withdraw_server,
)
from chat_app.store.users import UserRow
from chat_app.store.workspaces import WorkspaceMemberRow, WorkspaceRow, first_workspace
from chat_app.streaming import opening
from chat_app.tools.values import DEMO

OPENAI_BASE_URL = "https://api.openai.com/v1"
OPENAI_MODEL = "gpt-4.1-mini"
DEMO_NAME = "Demo model (built in)"
DEMO_MODEL = "holdfast-demo"
DEMO_TOOLS_NAME = "Built-in tools"
LATEST_CHANNELS = 50
SYSTEM_PROMPT = (
    "You are {{ agent }}, an assistant in the channel “{{ channel }}”. Today is {{ date }}. "
    "Answer in the language of the question, in Markdown, and be brief."
)
DEMO_SPEC = "Count the lines of the Python packages json, email and asyncio."
GREETING = "Hello! Ask me anything; my answer streams in as I write it."

log = structlog.get_logger()


@dataclass(frozen=True)
class FirstLogin:
    """How the admin signs in. `password` is None where the operator chose it."""

    email: str
    password: str | None


@dataclass(frozen=True)
class Check:
    """One line of the doctor's report."""

    name: str
    is_ok: bool
    detail: str


def upgrade(rt: Runtime) -> FirstLogin | None:
    """Bring the schema up to date and fill an empty installation; the login where it was empty."""
    rt.db.ping()
    schema.upgrade(rt.db)
    with rt.db.transaction() as session:
        if first_workspace(session) is not None:
            _replace_demo(rt, session)
            return None
        login, demo_tools = _seed(rt, session)
    if demo_tools is not None:
        _read_demo_tools(rt, demo_tools)
    return login


def _read_demo_tools(rt: Runtime, server_id: int) -> None:
    """Know the built-in tools before the first question; else that one waits for them."""
    try:
        rt.tool_servers.sync(server_id)
    except HoldfastError as error:
        log.warning("demo_tools_not_read", error=error.message)


def _replace_demo(rt: Runtime, session: Session) -> None:
    """Let the environment's provider take the demo's place, and its agents with it, once."""
    given = _first_provider(rt, rt.settings)
    providers = all_providers(session)
    if given.is_demo or len(providers) != 1 or not providers[0].is_demo:
        return
    for server in system_servers(session):
        if server.transport == DEMO:
            withdraw_server(session, server.id)  # not every model takes tools
    demo = providers[0]
    demo.name, demo.base_url = given.name, given.base_url
    demo.api_key_encrypted, demo.default_model = given.api_key_encrypted, given.default_model


def _seed(rt: Runtime, session: Session) -> tuple[FirstLogin, int | None]:
    """The first contents; the login, and the built-in tool server where the demo model uses it."""
    settings = rt.settings
    made_up = None if settings.admin_password else secrets.new_password()
    admin = UserRow(
        email=settings.admin_email,
        name=settings.admin_email.partition("@")[0].title(),
        password_hash=passwords.hash_password(settings.admin_password or made_up or ""),
        is_operator=True,
    )
    workspace = WorkspaceRow(name="Home")
    provider = _first_provider(rt, settings)
    session.add_all([admin, workspace, provider])
    session.flush()
    session.add(WorkspaceMemberRow(workspace_id=workspace.id, user_id=admin.id, role="owner"))
    agent = AgentRow(
        workspace_id=workspace.id,
        name="Assistant",
        handle="assistant",
        system_prompt=SYSTEM_PROMPT,
        greeting=GREETING,
        provider_id=provider.id,
        is_default=True,
    )
    session.add(agent)
    session.flush()
    _first_channel(session, workspace, admin, agent)
    if settings.ai_server_command:
        session.add(_first_project(workspace, admin))
    demo_tools = ToolServerRow(name=DEMO_TOOLS_NAME, scope=SYSTEM, transport=DEMO)
    session.add(demo_tools)
    session.flush()
    if provider.is_demo:
        offer_servers(session, agent.id, [demo_tools.id])
    login = FirstLogin(admin.email, made_up)
    return login, demo_tools.id if provider.is_demo else None


def _first_provider(rt: Runtime, settings: Settings) -> ProviderRow:
    key, base_url = settings.openai_api_key, settings.openai_base_url
    if key is None and base_url is None:
        return ProviderRow(name=DEMO_NAME, base_url=DEMO_BASE_URL, default_model=DEMO_MODEL)
    return ProviderRow(
        name="OpenAI" if base_url is None else "Default",
        base_url=base_url or OPENAI_BASE_URL,
        api_key_encrypted=rt.cipher.encrypt(key) if key else None,
        default_model=settings.openai_model or OPENAI_MODEL,
    )


def _first_project(workspace: WorkspaceRow, admin: UserRow) -> ProjectRow:
    """One to try remote runs with. Its AI server is started when somebody wants it."""
    return ProjectRow(
        workspace_id=workspace.id,
        owner_id=admin.id,
        name="Demo project",
        spec=DEMO_SPEC,
        backend=PROCESS,
    )


def _first_channel(
    session: Session, workspace: WorkspaceRow, admin: UserRow, agent: AgentRow
) -> None:
    channel = ChannelRow(workspace_id=workspace.id, title="Welcome", agent_id=agent.id)
    session.add(channel)
    session.flush()
    session.add(ChannelMemberRow(channel_id=channel.id, user_id=admin.id))
    opening.write_greeting(session, channel, agent)


@dataclass(frozen=True)
class Missing:
    """What is still to be done before somebody gets an answer."""

    provider: bool
    agent: bool
    channel: bool

    @property
    def anything(self) -> bool:
        return self.provider or self.agent or self.channel


def missing(rt: Runtime, person: Person) -> Missing:
    """A model to ask, an agent that can, and a channel of the person's where one does."""
    with rt.db.reading() as session:
        providers = [provider for provider in all_providers(session) if provider.enabled]
        agents = [agent for agent in agents_in(session, person.workspace_ids) if _answers(agent)]
        latest = channels_of(session, person.id, None, LATEST_CHANNELS)
    # Where agents wait to be mentioned none need be set.
    talks = [channel for channel in latest if channel.reply_mode != "auto"]
    talks += [channel for channel in latest if channel.agent and _answers(channel.agent)]
    return Missing(not providers, not agents, not talks)


def _answers(agent: AgentRow) -> bool:
    return agent.enabled and agent.can_answer


def use_demo(rt: Runtime, person: Person) -> int:
    """Whatever is missing, with the demo model; gives the channel's id. Raises `AccessDenied`."""
    person.must_operate()
    workspace_id = person.home
    with rt.db.transaction() as session:
        demo = next((one for one in all_providers(session) if one.is_demo), None)
        if demo is None:
            demo = ProviderRow(name=_demo_name(session), base_url=DEMO_BASE_URL)
            session.add(demo)
        demo.enabled, demo.default_model = True, DEMO_MODEL
        session.flush()
        found = [agent for agent in agents_in(session, [workspace_id]) if _is_of_demo(agent)]
        agent = found[0] if found else _demo_agent(session, workspace_id, demo)
        channel = ChannelRow(workspace_id=workspace_id, title="Welcome", agent_id=agent.id)
        session.add(channel)
        session.flush()
        session.add(ChannelMemberRow(channel_id=channel.id, user_id=person.id))
        opening.write_greeting(session, channel, agent)
        return channel.id


def _is_of_demo(agent: AgentRow) -> bool:
    return _answers(agent) and agent.provider is not None and agent.provider.is_demo


def _demo_name(session: Session) -> str:
    """A name for the demo that no other provider has."""
    taken = {provider.name for provider in all_providers(session)}
    numbered = (f"{DEMO_NAME} {number}" for number in count(2))
    return DEMO_NAME if DEMO_NAME not in taken else next(n for n in numbered if n not in taken)


def _demo_agent(session: Session, workspace_id: int, demo: ProviderRow) -> AgentRow:
    """A new agent that talks to the demo; the default one where there is none."""
    handle, handles = "demo", (f"demo-{number}" for number in count(2))
    while agent_by_handle(session, workspace_id, handle) is not None:
        handle = next(handles)
    agent = AgentRow(
        workspace_id=workspace_id,
        name="Demo",
        handle=handle,
        system_prompt=SYSTEM_PROMPT,
        greeting=GREETING,
        provider_id=demo.id,
        is_default=default_agent(session, workspace_id) is None,
    )
    session.add(agent)
    session.flush()
    tools = [server.id for server in system_servers(session) if server.transport == DEMO]
    offer_servers(session, agent.id, tools)
    return agent


def readiness(rt: Runtime) -> list[Check]:
    """Whether this process can serve: the database, the event log, and the migrations."""
    try:
        rt.db.ping()
        current, head = schema.current(rt.db), schema.head()
    except Exception as error:
        return [Check("database", False, type(error).__name__)]
    migrated = Check("migrations", current == head, f"at {current or 'none'}, needed {head}")
    return [Check("database", True, "answers"), _event_log(rt), migrated]


def _event_log(rt: Runtime) -> Check:
    try:
        with rt.db.reading() as session:
            last_seq(session, 0)
    except Exception as error:
        return Check("event_log", False, type(error).__name__)
    return Check("event_log", True, "answers")


def doctor(rt: Runtime) -> list[Check]:
    """Readiness, and whether every enabled provider answers, and the issuer if one is set."""
    checks = readiness(rt)
    if all(check.is_ok for check in checks):
        with rt.db.reading() as session:
            providers = [provider for provider in all_providers(session) if provider.enabled]
        checks += [_provider_check(rt, provider) for provider in providers]
        if not providers:
            checks.append(Check("providers", False, "none is set"))
        if rt.issuer is not None:
            checks.append(_issuer_check(rt.issuer))
    return checks


def _issuer_check(issuer: Issuer) -> Check:
    try:
        issuer.check()
    except HoldfastError as error:
        return Check(f"sign-in {issuer.name}", False, f"{error.error_code}: {error.message}")
    return Check(f"sign-in {issuer.name}", True, "answers")


def _provider_check(rt: Runtime, provider: ProviderRow) -> Check:
    name = f"provider {provider.name}"
    try:
        found = rt.providers.check(rt.planner.endpoint(provider), provider.default_model or "")
    except HoldfastError as error:
        return Check(name, False, f"{error.error_code}: {error.message}")
    return Check(name, True, f"{found.model} answered in {found.first_token_ms} ms")
