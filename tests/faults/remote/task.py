"""A task under way at the AI server of the fault suite."""

from dataclasses import dataclass, field
from typing import Any

from gevent.event import Event

from tests.faults.remote.plan import Plan


@dataclass
class Task:
    """A task under way: how much of its plan is said, and how it stands."""

    id: str
    thread_id: str
    plan: Plan
    told: int = 0
    forgotten: int = 0  # the oldest events that no stream has any more
    status: str = "pending"
    why: str | None = None
    streams: int = 0  # connections to its stream so far
    looks: int = 0
    is_stopped: bool = False
    released: Event = field(default_factory=Event)
    is_watched: Event = field(default_factory=Event)

    @property
    def is_over(self) -> bool:
        return self.status not in ("pending", "running")

    @property
    def events(self) -> list[tuple[str, str]]:
        """What is said so far, the end included."""
        said = self.plan.said[: self.told]
        return [*said, ("status", self._end)] if self.is_over and self.plan.tells_end else said

    @property
    def _end(self) -> str:
        told = {"success": "Task success", "failed": f"Task failed: {self.why}"}
        return told.get(self.status, "Task stopped")

    def stop(self) -> None:
        self.is_stopped = True
        self.released.set()
        self.is_watched.set()

    def shown(self) -> dict[str, Any]:
        shown = {
            "task_id": self.id,
            "spec": self.plan.spec,
            "status": self.status,
            "result": self.plan.result if self.status == "success" else None,
            "error": self.why,
        }
        return shown | ({"thread_id": self.thread_id} if self.plan.tells_threads else {})
