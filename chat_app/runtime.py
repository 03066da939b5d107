"""Everything that lives as long as the process: built once, handed to every service."""

from collections.abc import Callable
from dataclasses import dataclass

from chat_app.demo.server import DemoServer
from chat_app.providers.client import Providers
from chat_app.settings import Settings
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

    @classmethod
    def build(
        cls, settings: Settings, lease: Lease = USUAL, reached: Reached = nothing
    ) -> "Runtime":
        db = Database(settings.database_url)
        cipher = Cipher(settings.secret_keys)
        providers = Providers()
        demo = DemoServer()
        planner = Planner(cipher, demo.base_url)
        feeds, news = Feeds(db), ChannelNews(db)
        engine = RunEngine(
            db,
            feeds,
            Journal(db, reached),
            planner,
            providers,
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
        """Let go of connections and of the demo's listener."""
        self.keeper.stop()
        self.housekeeper.stop()
        self.providers.close()
        self.demo.close()
        self.db.close()
