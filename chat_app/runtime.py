"""Everything that lives as long as the process: built once, handed to every service."""

from collections.abc import Callable
from dataclasses import dataclass

from chat_app.demo.server import DemoServer
from chat_app.egress import Networks
from chat_app.providers.client import Providers
from chat_app.settings import Settings, child_environment
from chat_app.store.db import Database
from chat_app.store.secrets import Cipher
from chat_app.streaming.channel_news import ChannelNews
from chat_app.streaming.drain import Drain, InFlight
from chat_app.streaming.engine import RunEngine
from chat_app.streaming.feeds import Feeds
from chat_app.streaming.housekeeper import Housekeeper
from chat_app.streaming.journal import Journal
from chat_app.streaming.keeper import Keeper
from chat_app.streaming.lease import USUAL, Lease
from chat_app.streaming.planning import Planner
from chat_app.streaming.points import Reached, nothing
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
    engine: RunEngine
    keeper: Keeper
    housekeeper: Housekeeper
    demo: DemoServer
    tool_client: ToolClient
    tool_servers: ToolServers
    sign_ins: SignIns

    @classmethod
    def build(
        cls, settings: Settings, lease: Lease = USUAL, reached: Reached = nothing
    ) -> "Runtime":
        db = Database(settings.database_url)
        cipher = Cipher(settings.secret_keys)
        providers = Providers()
        demo = DemoServer()
        limits = _tool_limits(settings)
        tool_client = ToolClient(
            limits,
            Networks(settings.egress_allow),
            on_tools=lambda spec, listing: tool_servers.saw(spec, listing),
            on_lost=lambda spec, message: tool_servers.lost(spec, message),
            notes=ChannelNotes(db),
            environ=child_environment(),
        )
        oauth = OAuthRequests(tool_client.ask)
        signed = SignedTools(tool_client, Logins(db, cipher, oauth), oauth)
        tool_servers = ToolServers(db, cipher, signed)
        tooling = Tooling(db, cipher, signed, tool_servers, limits, reached)
        planner = Planner(cipher, demo.base_url, tooling.offer)
        feeds, news = Feeds(db), ChannelNews(db)
        engine = RunEngine(
            db,
            feeds,
            Journal(db, reached),
            planner,
            providers,
            tooling,
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
            engine=engine,
            keeper=Keeper(db, engine, lease),
            housekeeper=Housekeeper(db, settings.events_keep_hours),
            demo=demo,
            tool_client=tool_client,
            tool_servers=tool_servers,
            sign_ins=SignIns(db, cipher, oauth, f"{settings.url}/tools/callback"),
        )

    def serve(self, is_alive: Callable[[], bool], in_flight: InFlight) -> Callable[[], None]:
        """Begin a worker's life: keep leases, and drain once `is_alive` says no.

        Gives what waits for the drain's end.
        """
        self.keeper.start()
        self.housekeeper.start()
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
        self.tool_client.close()
        self.providers.close()
        self.demo.close()
        self.db.close()


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
