"""Gets a run its tools: what it is offered once servers that were away have had their chance."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from chat_app.errors import ToolLimitReached, ToolUnavailable
from chat_app.store.channels import ChannelRow
from chat_app.store.db import Database, Session
from chat_app.store.runs import RunRow
from chat_app.store.secrets import Cipher
from chat_app.streaming import events
from chat_app.streaming.asking import Asking
from chat_app.streaming.events import Event
from chat_app.streaming.hands import ToolHands
from chat_app.streaming.points import Reached, nothing
from chat_app.toolbox.offer import NOTHING, Offer, offer
from chat_app.toolbox.servers import ToolServers
from chat_app.toolbox.signed import Caller
from chat_app.tools.values import ToolLimits

Undisturbed = Callable[[], AbstractContextManager[None]]


class Tooling:
    """The tools of all runs of this process."""

    def __init__(
        self,
        db: Database,
        cipher: Cipher,
        caller: Caller,
        servers: ToolServers,
        limits: ToolLimits,
        reached: Reached = nothing,
    ) -> None:
        self._db = db
        self._cipher = cipher
        self._caller = caller
        self._servers = servers
        self.limits = limits
        self._reached = reached

    def offer(self, session: Session, run: RunRow) -> Offer:
        """What the run's agent may use in its channel, as the store knows it; where people have to
        sign in, as the one who asked.
        """
        channel = session.get(ChannelRow, run.channel_id)
        if channel is None or run.agent_id is None:
            return NOTHING
        place = (run.agent_id, channel.project_id)
        return offer(session, self._cipher, self.limits, *place, user_id=run.user_id)

    def prepare(
        self, run: RunRow, known: Offer, undisturbed: Undisturbed
    ) -> tuple[Offer, list[Event]]:
        """The offer after servers that are away were tried, and a notice for each that still is."""
        if not known.waiting and not known.left_out:
            return known, []
        reasons = self._servers.wake(known.waiting) if known.waiting else {}
        with undisturbed(), self._db.reading() as session:
            found = self.offer(session, run)
        return found, list(_notices(reasons, found))

    def hands(
        self, run: RunRow, found: Offer, flush: Callable[[], None], undisturbed: Undisturbed
    ) -> ToolHands:
        return ToolHands(
            caller=self._caller,
            tools=found.tools,
            limits=self.limits,
            asking=Asking(self._db, run.id),
            channel_id=run.channel_id,
            flush=flush,
            undisturbed=undisturbed,
            report=self._servers.lost,
            reached=self._reached,
        )


def _notices(reasons: dict[int, str], found: Offer) -> Iterator[Event]:
    for reason in reasons.values():
        yield events.notice(reason, ToolUnavailable.error_code)
    if found.left_out:
        names = ", ".join(found.left_out)
        limit = ToolLimitReached(f"The agent has more tools than it can use; left out: {names}.")
        yield events.notice(limit.message, limit.error_code)
