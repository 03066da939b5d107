"""What goes to an AI server and what comes back. Values only."""

from dataclasses import dataclass, field
from typing import Literal

TaskStatus = Literal["RUNNING", "DONE", "FAILED", "STOPPED"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where an AI server is. `url` is its base, such as `http://127.0.0.1:9000`.

    `is_free`: the operator typed it or started what is there, so it may be private; all else only
    leads where `egress.Networks` allows. The token never shows in a repr.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    is_free: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """One server-sent event as the AI server sent it.

    `event` is `message` where it names none. `id` is the one that came with this event (the
    standard's "last event ID" of earlier ones is not carried over), None without one, "" when the
    server took its ids back. `is_cut`: the event was over `sse.MAX_EVENT_BYTES`, and `data` is its
    beginning (so JSON in it does not parse).
    """

    event: str
    data: str
    id: str | None = None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """What an AI server says of a task. `why` is set where it says why the task failed."""

    id: str
    status: TaskStatus
    result: str | None = None
    why: str | None = None
    thread_id: str | None = None
    spec: str | None = None


class Cut(Exception):
    """A stream that could not be opened or did not come to its end; asking again may help.

    `sentence` is for a person. `is_gone`: the AI server does not know the task (404).
    """

    def __init__(self, sentence: str, is_gone: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.is_gone = is_gone
