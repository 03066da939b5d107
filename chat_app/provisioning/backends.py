"""The two ways in which a project gets an AI server: by its address, or as a process of ours."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from chat_app.errors import AIServerUnavailable
from chat_app.provisioning.addresses import address
from chat_app.provisioning.holding import Held, child_of
from chat_app.provisioning.patience import Patience, is_over
from chat_app.remote import children
from chat_app.remote.children import Child, Children
from chat_app.remote.client import AiServers
from chat_app.store.ai_servers import (
    AiServerRow,
    ai_server_of,
    count_ai_servers,
    forget_ai_servers,
    left_ai_servers,
    note_health,
)
from chat_app.store.base import now
from chat_app.store.db import Database
from chat_app.store.projects import PROVISIONING
from chat_app.store.secrets import Cipher

# What a host left that never came back. Its AI servers ended themselves long ago (minder.py).
LEFT_KEPT = timedelta(days=7)

_VARIABLE = re.compile(r"\{(\w+)\}")


class Backend(Protocol):
    """One of the two."""

    def tend(self, held: Held) -> None:
        """Bring a project a step nearer to being ready, or look after one that is.

        Called again and again; nothing is kept between the calls but what the database says.
        """


@dataclass(frozen=True)
class AtAddress:
    """An AI server that runs already: it has to answer."""

    ai_servers: AiServers
    cipher: Cipher

    def tend(self, held: Held) -> None:
        if not held.is_due:
            return
        try:
            self.ai_servers.health(address(held.project, self.cipher))
        except AIServerUnavailable as error:
            held.failed(error)
        else:
            held.ready()


@dataclass(frozen=True)
class Command:
    """What the operator runs for a project: a program with its arguments, where it listens, and
    how many of them this host has at most.
    """

    words: tuple[str, ...]
    host: str
    most: int

    def filled(self, variables: Mapping[str, str]) -> list[str]:
        """The words with `{port}` and so on replaced; settings.py knows which there are."""
        return [_VARIABLE.sub(lambda used: variables[used[1]], word) for word in self.words]

    def url(self, port: int) -> str:
        return f"http://[{self.host}]:{port}" if ":" in self.host else f"http://{self.host}:{port}"


@dataclass(frozen=True)
class AsProcess:
    """An AI server that we start, watch, and start anew when it ends."""

    db: Database
    ai_servers: AiServers
    cipher: Cipher
    command: Command
    children: Children
    here: str
    patience: Patience

    def tend(self, held: Held) -> None:
        with self.db.reading() as session:
            row = ai_server_of(session, held.project.id)
        if row is None or row.host != self.here:
            # Another host's ends there, once it sees that it has lost the project.
            self._start(held)
        elif self.children.watch(child := child_of(row)):
            self._look_after(held, row)
        else:
            self._fail(held, child, AIServerUnavailable("The AI server ended."))

    def end_left(self, project: str = "") -> None:
        """End what belongs to no project any more; only what was that one's (its public id)."""
        with self.db.reading() as session:
            rows = left_ai_servers(session, self.here, f"{project}." if project else "")
        for row in rows:
            self.children.end(child_of(row), self.patience.grace_s)
        if rows:
            with self.db.transaction() as session:
                forget_ai_servers(session, [row.id for row in rows], now() - LEFT_KEPT)

    def _start(self, held: Held) -> None:
        if not held.is_due:
            return
        if not self.command.words:
            unset = AIServerUnavailable("The operator has not set AI_SERVER_COMMAND.")
            held.failed(unset, is_final=True)
        elif not self._has_room():
            full = AIServerUnavailable(
                f"{self.command.most} AI servers run on this machine, as many as may "
                "(AI_SERVERS_MAX)."
            )
            held.failed(full, is_final=True)
        else:
            self.end_left(held.project.public_id)
            try:
                self._launch(held)
            except AIServerUnavailable as error:
                held.failed(error)

    def _has_room(self) -> bool:
        with self.db.reading() as session:
            return count_ai_servers(session, self.here) < self.command.most

    def _launch(self, held: Held) -> None:
        project, token = held.project.public_id, secrets.token_urlsafe(32)
        port = children.free_port(self.command.host)
        variables = {
            "port": str(port),
            "host": self.command.host,
            "project": project,
            "dir": str(self.children.directory(project)),
        }
        environ = {f"AI_SERVER_{name.upper()}": value for name, value in variables.items()}
        environ["AI_SERVER_TOKEN"] = token
        starting = self.children.start(self.command.filled(variables), environ, project)
        try:
            url, kept = self.command.url(port), self.cipher.encrypt(token)
            if held.started(self.here, starting.child, url, kept):
                starting.go()
            else:
                self.children.end(starting.child, 0)
        finally:
            starting.close()

    def _look_after(self, held: Held, row: AiServerRow) -> None:
        since = row.healthy_at or row.created_at
        is_ready = held.project.status != PROVISIONING
        if is_ready and not is_over(since, self.patience.health_every_s):
            return
        try:
            self.ai_servers.health(address(held.project, self.cipher))
        except AIServerUnavailable as error:
            waits_s = self.patience.silent_s if row.healthy_at else self.patience.start_s
            if is_over(since, waits_s):
                self._fail(held, child_of(row), error)
        else:
            with self.db.transaction() as session:
                note_health(session, row.id, now())
            is_stable = is_over(row.created_at, self.patience.stable_s)
            held.ready(0 if is_stable else held.project.tries)

    def _fail(self, held: Held, child: Child, error: AIServerUnavailable) -> None:
        output = self._without_token(held, self.children.last_words(child))
        if held.failed(error, output):
            self.end_left(held.project.public_id)

    def _without_token(self, held: Held, said: str) -> str:
        try:
            token = address(held.project, self.cipher).token
        except AIServerUnavailable:
            return ""
        return said.replace(token, "…") if token else said
