"""Everything that lives as long as the process: built once, handed to every service."""

from collections.abc import Callable
from dataclasses import dataclass

from chat_app.demo.server import DemoServer
from chat_app.egress import Networks
from chat_app.openid.issuer import Issuer
from chat_app.openid.values import Client
from chat_app.providers.client import Providers
from chat_app.provisioning.backends import AsProcess, AtAddress, Backend, Command
from chat_app.provisioning.patience import Patience
from chat_app.provisioning.supervisor import Supervisor
from chat_app.remote.children import Children, host
from chat_app.remote.client import AiServers
from chat_app.settings import ROOT, Settings, child_environment
from chat_app.store.db import Database
from chat_app.store.projects import PROCESS, URL
from chat_app.store.secrets import Cipher
from chat_app.streaming.channel_news import ChannelNews
from chat_app.streaming.drain import Drain, InFlight
from chat_app.streaming.engine import RunEngine
from chat_app.streaming.feeds import Feeds
from chat_app.streaming.housekeeper import Housekeeper
from chat_app.streaming.journal import Journal
from chat_app.streaming.keeper import Keeper
from chat_app.streaming.lease import USUAL, Lease
from chat_app.streaming.pace import PACE, Pace
from chat_app.streaming.planning import Planner
from chat_app.streaming.points import Reached, nothing
from chat_app.streaming.presence import Presence
from chat_app.streaming.relay import Relay
from chat_app.streaming.tooling import Tooling
from chat_app.toolbox.logins import Logins
from chat_app.toolbox.notes import ChannelNotes
from chat_app.toolbox.servers import ToolServers
from chat_app.toolbox.sign_ins import SignIns
from chat_app.toolbox.signed import SignedTools
from chat_app.tools.client import ToolClient
from chat_app.tools.oauth import OAuthRequests
from chat_app.tools.values import ToolLimits


@dataclass(frozen=True)
class Runtime:
    """Nothing in it opens a connection or starts a greenlet before its first use, so that it may
    be built before a fork.
    """

    settings: Settings
    db: Database
    cipher: Cipher
    providers: Providers
    planner: Planner
    feeds: Feeds
    news: ChannelNews
    presence: Presence
    engine: RunEngine
    keeper: Keeper
    housekeeper: Housekeeper
    demo: DemoServer
    tool_client: ToolClient
    tool_servers: ToolServers
    sign_ins: SignIns
    issuer: Issuer | None
    ai_servers: AiServers
    supervisor: Supervisor

    @classmethod
    def build(
        cls, settings: Settings, lease: Lease = USUAL, reached: Reached = nothing, pace: Pace = PACE
    ) -> "Runtime":
        db = Database(settings.database_url)
        cipher = Cipher(settings.secret_keys)
        providers = Providers()
        demo = DemoServer()
        limits = _tool_limits(settings)
        tool_client = _tool_client(settings, db, limits, lambda: tool_servers)
        oauth = OAuthRequests(tool_client.ask)
        signed = SignedTools(tool_client, Logins(db, cipher, oauth), oauth)
        tool_servers = ToolServers(db, cipher, signed)
        tooling = Tooling(db, cipher, signed, tool_servers, limits, reached)
        planner = Planner(cipher, demo.base_url, tooling.offer)
        feeds, news, journal = Feeds(db), ChannelNews(db), Journal(db, reached)
        ai_servers = AiServers(Networks(settings.egress_allow), pace.answer_s, pace.silence_s)
        engine = RunEngine(
            db,
            feeds,
            journal,
            planner,
            providers,
            tooling,
            Relay(db, journal, ai_servers, reached, pace.lost_s, pace.quiet_s),
            resumes=settings.resume_runs,
            lease=lease,
            reached=reached,
        )
        return cls(
            settings=settings,
            db=db,
            cipher=cipher,
            providers=providers,
            planner=planner,
            feeds=feeds,
            news=news,
            presence=Presence(db, news, lease),
            engine=engine,
            keeper=Keeper(db, engine, lease),
            housekeeper=Housekeeper(db, settings.events_keep_hours, settings.remote_logs_keep_days),
            demo=demo,
            tool_client=tool_client,
            tool_servers=tool_servers,
            sign_ins=SignIns(db, cipher, oauth, f"{settings.url}/tools/callback"),
            issuer=_issuer(settings),
            ai_servers=ai_servers,
            supervisor=_supervisor(settings, db, cipher, ai_servers),
        )

    def serve(self, is_alive: Callable[[], bool], in_flight: InFlight) -> Callable[[], None]:
        """Begin a worker's life: keep leases, and drain once `is_alive` says no.

        Gives what waits for the drain's end.
        """
        self.keeper.start()
        self.housekeeper.start()
        self.supervisor.start()
        drain = Drain(
            self.engine,
            self.keeper,
            (self.feeds, self.news),
            in_flight,
            self.settings.drain_s,
        )
        return drain.begin_when(is_alive)

    def close(self) -> None:
        """Let go of connections, of the demo's listener, and of the tool servers."""
        self.keeper.stop()
        self.housekeeper.stop()
        self.supervisor.stop()
        self.tool_client.close()
        self.providers.close()
        self.ai_servers.close()
        self.demo.close()
        self.db.close()


def _issuer(settings: Settings) -> Issuer | None:
    if settings.oidc is None:
        return None
    oidc, redirect_uri = settings.oidc, f"{settings.url}/login/openid/callback"
    return Issuer(Client(oidc.issuer, oidc.client_id, oidc.client_secret, redirect_uri, oidc.name))


def _supervisor(
    settings: Settings, db: Database, cipher: Cipher, ai_servers: AiServers
) -> Supervisor:
    command = Command(settings.ai_server_command, settings.ai_server_host, settings.ai_servers_max)
    children = Children(settings.ai_server_dir, ROOT, child_environment())
    processes = AsProcess(db, ai_servers, cipher, command, children, host(), Patience())
    backends: dict[str, Backend] = {URL: AtAddress(ai_servers, cipher), PROCESS: processes}
    return Supervisor(db, backends, processes, Patience())


def _tool_client(
    settings: Settings, db: Database, limits: ToolLimits, servers: Callable[[], ToolServers]
) -> ToolClient:
    """`servers` are built on it, and hear from it later."""
    return ToolClient(
        limits,
        Networks(settings.egress_allow),
        on_tools=lambda spec, listing: servers().saw(spec, listing),
        on_lost=lambda spec, message: servers().lost(spec, message),
        notes=ChannelNotes(db),
        environ=child_environment(),
    )


def _tool_limits(settings: Settings) -> ToolLimits:
    return ToolLimits(
        call_s=settings.tool_call_s,
        run_s=settings.tool_run_s,
        rounds=settings.tool_rounds,
        sync_s=settings.tool_sync_s,
        servers_an_agent=settings.tool_servers_max,
        tools_a_server=settings.tools_max,
        result_bytes=settings.tool_result_kb * 1024,
    )
