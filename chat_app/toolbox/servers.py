"""The tool servers as this installation knows them: what they list is stored, and how they are."""

from collections.abc import Iterable
from typing import Protocol

import gevent
import structlog

from chat_app.errors import HoldfastError, ToolServerNotFound, ToolUnavailable
from chat_app.store.db import Database
from chat_app.store.secrets import Cipher
from chat_app.store.tool_logins import who_is_signed_in
from chat_app.store.tool_servers import OAUTH, ToolServerRow, set_state
from chat_app.toolbox.listing import store_listing
from chat_app.toolbox.specs import spec_of
from chat_app.tools.values import Listing, ServerSpec

WAKE_WAIT_S = 3.0
REVIVE_FIRST_S = 1.0
REVIVE_MOST_S = 60.0
REVIVE_TRIES = 20
MESSAGE_MAX_CHARS = 500
STILL_AWAY = ToolUnavailable("A tool server does not answer yet.")

log = structlog.get_logger()


class Lister(Protocol):
    """What is needed of the sidecar's client."""

    def list_tools(self, spec: ServerSpec, fresh: bool = False) -> Listing: ...

    def forget(self, server_id: int) -> None: ...


class ToolServers:
    """Joins the rows with the live servers of this process.

    The client reports each listing that it reads to `saw`, and each session that broke by itself
    to `lost`.
    """

    def __init__(self, db: Database, cipher: Cipher, client: Lister) -> None:
        self._db = db
        self._cipher = cipher
        self._client = client
        self._reviving: set[int] = set()

    def sync(self, server_id: int, user_id: int | None = None) -> ToolServerRow:
        """Ask a server for its tools now and store them; where people sign in, as this person, or
        else as any who has.

        Raises `ToolServerNotFound`, and `ToolUnavailable` or `ToolTimeout` once that is stored as
        the server's state.
        """
        return self._read(server_id, fresh=True, user_id=user_id)

    def wake(self, server_ids: Iterable[int]) -> dict[int, str]:
        """Try servers that are not connected, side by side, for at most `WAKE_WAIT_S`.

        Gives `{server id: why not}` of those that still are not; who takes longer goes on in the
        background, for the next run.
        """
        tries = {server_id: gevent.spawn(self._why_not, server_id) for server_id in server_ids}
        gevent.joinall(list(tries.values()), timeout=WAKE_WAIT_S)
        reasons = {
            server_id: attempt.value if attempt.ready() else STILL_AWAY.message
            for server_id, attempt in tries.items()
        }
        return {server_id: reason for server_id, reason in reasons.items() if reason}

    def saw(self, spec: ServerSpec, listing: Listing) -> None:
        """Store what a server listed by itself: at a reconnect, or because it changed."""
        try:
            with self._db.transaction() as session:
                store_listing(session, spec, listing)
        except HoldfastError as error:
            log.warning("tools_not_stored", server_id=spec.id, error=repr(error))

    def lost(self, spec: ServerSpec, message: str) -> None:
        """Note that a server is away, and try to reach it again now and then.

        Where people sign in it may be one of them who cannot reach it: a single try tells.
        """
        tries = 1 if spec.session else REVIVE_TRIES
        if not spec.session:
            self._note_failure(spec.id, message)
        if spec.id not in self._reviving:
            self._reviving.add(spec.id)
            gevent.spawn(self._revive, spec.id, tries)

    def forget(self, server_id: int) -> None:
        """Close what is open to a server that was changed, switched off or deleted."""
        self._client.forget(server_id)

    def _read(self, server_id: int, fresh: bool, user_id: int | None = None) -> ToolServerRow:
        with self._db.reading() as session:
            row = session.get(ToolServerRow, server_id)
            user_id = who_is_signed_in(session, server_id, user_id)
        if row is None:
            raise ToolServerNotFound
        try:
            spec = spec_of(row, self._cipher, user_id)
            listing = self._client.list_tools(spec, fresh=fresh)
        except HoldfastError as error:
            if error.fields.get("auth") == OAUTH:
                self._note_sign_in(row, error.message)
            elif "retry_after" not in error.fields:  # else it is the last failure, told again
                self._note_failure(server_id, error.message)
            raise
        with self._db.transaction() as session:
            stored = store_listing(session, spec, listing)
        if stored is None:
            raise ToolServerNotFound
        return stored

    def _why_not(self, server_id: int) -> str:
        try:
            self._read(server_id, fresh=False)
        except HoldfastError as error:
            return error.message
        except Exception as error:
            log.warning("tool_server_failed", server_id=server_id, error=repr(error))
            return ToolUnavailable.sentence
        return ""

    def _note_failure(self, server_id: int, message: str) -> None:
        self._note(server_id, state="error", state_message=message[:MESSAGE_MAX_CHARS])

    def _note_sign_in(self, row: ToolServerRow, message: str) -> None:
        """That one person is not signed in says nothing of a server, but that people have to."""
        if row.auth != OAUTH:
            self._note(row.id, auth=OAUTH, state="draft", state_message=message)

    def _note(self, server_id: int, **values: str) -> None:
        try:
            with self._db.transaction() as session:
                set_state(session, server_id, **values)
        except HoldfastError as error:
            log.warning("tool_server_state_not_stored", server_id=server_id, error=repr(error))

    def _revive(self, server_id: int, tries: int) -> None:
        pause_s = REVIVE_FIRST_S
        try:
            for _ in range(tries):
                gevent.sleep(pause_s)
                if not self._is_away(server_id) or not self._why_not(server_id):
                    return
                pause_s = min(pause_s * 2, REVIVE_MOST_S)
        finally:
            self._reviving.discard(server_id)

    def _is_away(self, server_id: int) -> bool:
        """Whether somebody still wants a server that cannot be reached."""
        with self._db.reading() as session:
            row = session.get(ToolServerRow, server_id)
            return row is not None and row.enabled and row.state == "error"
