"""A project in the hands of this process: what is written about it proves that it still is."""

from dataclasses import dataclass
from typing import Any

import structlog

from chat_app.errors import AIServerUnavailable
from chat_app.provisioning.patience import Patience, next_try
from chat_app.remote.children import Child
from chat_app.store.ai_servers import AiServerRow, disown_ai_server
from chat_app.store.base import now
from chat_app.store.db import Database, Session
from chat_app.store.projects import FAILED, PROCESS, PROVISIONING, READY, ProjectRow
from chat_app.store.supervision import change_held

ERROR_MAX_CHARS = 4_000

log = structlog.get_logger()


@dataclass(frozen=True)
class Held:
    """A project as it was read a moment ago, and how to change it while it is `owner`'s."""

    db: Database
    patience: Patience
    owner: str
    project: ProjectRow

    @property
    def is_due(self) -> bool:
        """Whether it may be tried now; after a failure that takes a while."""
        return self.project.next_try_at is None or self.project.next_try_at <= now()

    def ready(self, tries: int = 0) -> bool:
        """It answers. One whose AI server is somebody else's is nobody's to watch."""
        watches = self.project.backend == PROCESS
        free: dict[str, Any] = {} if watches else {"supervisor": None, "supervised_until": None}
        with self.db.transaction() as session:
            is_ours = self._change(
                session, status=READY, last_error=None, tries=tries, next_try_at=None, **free
            )
        if is_ours and self.project.status != READY:
            log.info("project_ready", project=self.project.public_id)
        return is_ours

    def failed(self, error: AIServerUnavailable, output: str = "", is_final: bool = False) -> bool:
        """It did not work: try again later, or never. An AI server of ours is to be ended;
        `output` is what it said last.
        """
        tries, is_process = self.project.tries + 1, self.project.backend == PROCESS
        pauses_s = self.patience.restart_s if is_process else self.patience.ask_again_s
        next_try_at = None if is_final else next_try(tries, pauses_s)
        status = FAILED if next_try_at is None else PROVISIONING
        free: dict[str, Any] = {"supervisor": None, "supervised_until": None}
        with self.db.transaction() as session:
            is_ours = self._change(
                session,
                status=status,
                last_error=f"{error.message}\n{output}".rstrip()[:ERROR_MAX_CHARS],
                tries=tries,
                next_try_at=next_try_at,
                **free if status == FAILED else {},
            )
            if is_ours and is_process:
                disown_ai_server(session, self.project.id)
        if is_ours:
            project = self.project.public_id
            log.warning("project_not_provisioned", project=project, tries=tries, status=status)
        return is_ours

    def started(self, host: str, child: Child, url: str, token: bytes) -> bool:
        """An AI server waits to be let go; False: somebody else sees to the project by now."""
        with self.db.transaction() as session:
            is_ours = self._change(
                session,
                status=PROVISIONING,
                ai_server_url=url,
                ai_server_token_encrypted=token,
                next_try_at=None,
            )
            if is_ours:
                disown_ai_server(session, self.project.id)
                session.add(_row(self.project.id, host, child))
            return is_ours

    def _change(self, session: Session, **values: Any) -> bool:
        return change_held(session, self.project.id, self.owner, **values)


def _row(project_id: int, host: str, child: Child) -> AiServerRow:
    return AiServerRow(
        project_id=project_id,
        host=host,
        mark=child.mark,
        pid=child.pid,
        started=child.started,
    )


def child_of(row: AiServerRow) -> Child:
    """The process that this row names."""
    return Child(row.pid, row.started, row.mark)
