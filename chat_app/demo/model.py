"""The demo model's HTTP API: OpenAI's chat completions as a plain WSGI application."""

import secrets
import time
from collections.abc import Iterable, Iterator
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug import Request, Response
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from chat_app.demo import wire
from chat_app.demo.asked import MODEL, Asked, parse
from chat_app.demo.refusals import Refusal, unknown_model
from chat_app.demo.replies import reply
from chat_app.demo.said import Call

PACE_S = 1 / 60
MAX_BODY_BYTES = 32 * 1024 * 1024  # of that the most are images


class DemoModel:
    """The WSGI application. `pace_s` is the time between two tokens of a stream."""

    def __init__(self, pace_s: float = PACE_S) -> None:
        self._pace_s = pace_s
        self._created = int(time.time())

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            response = self._response(Request(environ))
        except Refusal as refusal:
            response = refusal.response()
        return response(environ, start_response)

    def _response(self, request: Request) -> Response:
        if request.path == "/v1/chat/completions":
            _allow(request, "POST")
            return self._completion(parse(_body(request)))
        if request.path == "/v1/models":
            _allow(request, "GET")
            return _json(wire.models(self._created))
        if request.path.startswith("/v1/models/"):
            _allow(request, "GET")
            return self._model(request.path.removeprefix("/v1/models/"))
        message = f"Invalid URL ({request.method} {request.path})"
        raise Refusal(404, message, code="unknown_url")

    def _model(self, name: str) -> Response:
        if name != MODEL:
            raise unknown_model(name)
        return _json(wire.model(self._created))

    def _completion(self, asked: Asked) -> Response:
        completion = _completion(asked)
        if not asked.stream:
            return _json(wire.whole(completion))
        events = self._paced(wire.chunks(completion, asked.include_usage))
        return Response(events, mimetype="text/event-stream", headers={"Cache-Control": "no-cache"})

    def _paced(self, events: Iterator[bytes]) -> Iterator[bytes]:
        # Due times instead of pauses: what a busy moment costs is made up for afterwards.
        due = time.monotonic()
        for event in events:
            yield event
            due += self._pace_s
            time.sleep(max(due - time.monotonic(), 0))


def _completion(asked: Asked) -> wire.Completion:
    said = reply(asked)
    tokens = wire.tokens(said.text)
    kept = tokens[: asked.max_tokens]
    is_cut = len(kept) < len(tokens)
    calls = () if is_cut else said.calls
    return wire.Completion(
        id=f"chatcmpl-{secrets.token_hex(12)}",
        created=int(time.time()),
        tokens=kept,
        finish_reason="length" if is_cut else "tool_calls" if calls else "stop",
        prompt_tokens=wire.prompt_tokens(asked.conversation),
        calls=[Call(f"call_{secrets.token_hex(12)}", wish.tool, wish.arguments) for wish in calls],
    )


def _body(request: Request) -> bytes:
    request.max_content_length = MAX_BODY_BYTES
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise Refusal(413, f"The body may have {MAX_BODY_BYTES} bytes at most.") from None
    except ClientDisconnected:
        raise Refusal(400, "The body of your request ended too early.") from None


def _allow(request: Request, method: str) -> None:
    if request.method != method:
        message = f"Not allowed to {request.method} on {request.path}."
        raise Refusal(405, message, code="method_not_supported")


def _json(body: bytes) -> Response:
    return Response(body, mimetype="application/json")
