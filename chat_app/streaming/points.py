"""Points in a run's life at which the fault suite kills the process. Off, each is an empty call.

The hook is handed over at construction (`create_app(settings, reached=…)`): no variable of a real
installation can switch it on.
"""

from collections.abc import Callable

Reached = Callable[[str], None]

LAUNCH = "launch"  # the question is committed, and nobody answers it yet
CLAIMED = "claimed"
APPENDING = "appending"  # events are in the transaction, which is not committed
APPENDED = "appended"  # events are committed, and nobody has seen them
FINISHING = "finishing"  # the model has said all, and the end is not written
CLOSING = "closing"  # the end is in the transaction, which is not committed
CLOSED = "closed"  # the end is committed, and nobody has seen it
CALLING = "calling"  # tool calls are on disk, and none has begun
CALLED = "called"  # a tool has been called, and its result is not on disk
PARKING = "parking"  # a person was asked, and the run is still held
ASKING = "asking"  # it is written down that the AI server is asked, and it was not yet
ASKED = "asked"  # the task has begun, and its id is not on disk
ALL = (LAUNCH, CLAIMED, APPENDING, APPENDED, FINISHING, CLOSING, CLOSED)
OF_TOOLS = (CALLING, CALLED, PARKING)
OF_REMOTE = (ASKING, ASKED)


def nothing(point: str) -> None:
    """The hook of every real installation."""
