"""Holdfast as gunicorn serves it, with two doors more: how late its hub was, and calls of tools
timed from inside, without what a model and a browser add.
"""

import time

import gevent
from flask import request
from flask.typing import ResponseReturnValue

from chat_app.runtime import Runtime
from chat_app.store.tool_servers import ToolServerRow
from chat_app.toolbox.specs import spec_of
from wsgi import app

BEAT_S = 0.005
CALL_S = 30.0


class Heart:
    """Beats in a greenlet of its own, from the first time that it is asked."""

    def __init__(self) -> None:
        self._worst_s = self._worst_own_s = 0.0
        self._beats: gevent.Greenlet[[], None] | None = None

    def worst_ms(self) -> tuple[float, float]:
        """The longest that a beat was late since this was asked last, and the most CPU that this
        process took between two: what it had kept itself waiting, whatever the machine did.
        """
        if self._beats is None:
            self._beats = gevent.spawn(self._beat)
        worst = self._worst_s * 1000, self._worst_own_s * 1000
        self._worst_s = self._worst_own_s = 0.0
        return worst

    def _beat(self) -> None:
        while True:
            began_s, began_own_s = time.perf_counter(), time.process_time()
            gevent.sleep(BEAT_S)
            self._worst_s = max(self._worst_s, time.perf_counter() - began_s - BEAT_S)
            self._worst_own_s = max(self._worst_own_s, time.process_time() - began_own_s)


heart = Heart()


@app.get("/bench/late")
def late() -> ResponseReturnValue:
    late_ms, own_ms = heart.worst_ms()
    return {"late_ms": late_ms, "own_ms": own_ms}


@app.get("/bench/calls/<int:server_id>/<tool>/<int:number>")
def calls(server_id: int, tool: str, number: int) -> ResponseReturnValue:
    """What each call took, and all of them; one after the other, or with `?at_once=1` not."""
    rt: Runtime = app.extensions["holdfast"]
    with rt.db.reading() as session:
        spec = spec_of(session.get_one(ToolServerRow, server_id), rt.cipher)

    def call() -> float:
        began_s = time.perf_counter()
        rt.tool_client.call(spec, tool, {}, CALL_S)
        return (time.perf_counter() - began_s) * 1000

    began_s = time.perf_counter()
    if "at_once" in request.args:
        each_ms = [one.get() for one in [gevent.spawn(call) for _ in range(number)]]
    else:
        each_ms = [call() for _ in range(number)]
    return {"each_ms": each_ms, "all_ms": (time.perf_counter() - began_s) * 1000}
