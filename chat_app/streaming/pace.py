"""How long remote runs wait for an AI server; the fault suite waits less."""

from dataclasses import dataclass

from chat_app.remote.client import ANSWER_S, SILENCE_S
from chat_app.streaming.task_writing import QUIET_S
from chat_app.streaming.upstream import AI_SERVER_LOST_S


@dataclass(frozen=True, slots=True)
class Pace:
    """An AI server has `answer_s` to answer, and its stream is cut after `silence_s` without a
    byte. After `quiet_s` without an event it is asked whether the task is over, and it is given up
    once it was away for `lost_s`.
    """

    answer_s: float = ANSWER_S
    silence_s: float = SILENCE_S
    quiet_s: float = QUIET_S
    lost_s: float = AI_SERVER_LOST_S


PACE = Pace()
