"""Asks AI servers (CONTRACT §7). Callers see values and our errors, nothing of HTTP."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx2
import orjson

from chat_app.egress import Networks, parse_url
from chat_app.errors import AIServerUnavailable, HoldfastError
from chat_app.remote import answers
from chat_app.remote.faults import FOREIGN, UNSENT, TooLarge, by_status, map_fault
from chat_app.remote.sse import SseParser
from chat_app.remote.values import Address, Cut, Sent, Task
from chat_app.remote.wire import Wire, trusting, within

CONNECT_S = 3.0
# For a whole answer, from its connection to its last byte; of a stream for its headers.
ANSWER_S = 10.0
STOP_S = 5.0
# Of a stream; any byte breaks it, so a ping does.
SILENCE_S = 45.0
# With `wire.MAX_CONNECTIONS` open another one must fail at once, not queue.
_POOL_S = 0.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_LAST_ID_CHARS = 1_000

# A stop of a task that is over, or that nobody knows any more, has nothing left to do.
_STOPPED_ALREADY = (404, 409)


class AiServers:
    """All connections of this process to AI servers: one pool, used by all runs.

    What is asked raises AIServerUnavailable, with a sentence that says what is wrong; see
    faults.py. Nothing is asked twice: whether that is wanted is up to who asks.
    """

    def __init__(
        self, networks: Networks, answer_s: float = ANSWER_S, silence_s: float = SILENCE_S
    ) -> None:
        self._answer_s, self._silence_s = answer_s, silence_s
        self._guarded, self._free = Wire(networks, trusting()), Wire(None, trusting())

    def health(self, address: Address, answer_s: float | None = None) -> dict[str, Any]:
        """What `GET /health` answers; {} where that is a 2xx without a JSON object. With
        `answer_s` it gets no more than that to answer.
        """
        body = _of_success(*self._answer(address, "GET", "/health", answer_s=answer_s))
        try:
            answer = answers.parsed(body)
        except AIServerUnavailable:
            return {}
        return answer if isinstance(answer, dict) else {}

    def run(self, address: Address, spec: str, thread_id: str, verbose: bool = True) -> str:
        """Starts a task and gives its id. Where it may have been started although this fails, the
        error has the field `may_have_run=True`."""
        asked = {"spec": spec, "thread_id": thread_id, "verbose": verbose}
        status, body = self._answer(address, "POST", "/run", orjson.dumps(asked))
        try:
            return answers.read_task_id(answers.parsed(_of_success(status, body)))
        except AIServerUnavailable as fault:
            if not 300 <= status < 500:
                fault.fields["may_have_run"] = True
            raise

    def tasks(self, address: Address) -> list[Task]:
        """The tasks that the server knows."""
        return answers.read_tasks(answers.parsed(self._ask(address, "GET", "/tasks")))

    def task(self, address: Address, task_id: str) -> Task | None:
        """The task, None when the server does not know it (404)."""
        status, body = self._answer(address, "GET", _path(task_id))
        if status == 404:
            return None
        return answers.read_task(answers.parsed(_of_success(status, body)), task_id)

    def stop(self, address: Address, task_id: str) -> None:
        """Asks the server to stop the task. One that is over or unknown (409, 404) is stopped."""
        status, body = self._answer(
            address, "POST", _path(task_id, "/stop"), b"{}", min(STOP_S, self._answer_s)
        )
        if status not in _STOPPED_ALREADY:
            _of_success(status, body)

    def stream(self, address: Address, task_id: str, last_id: str | None = None) -> "TaskStream":
        """Opens the task's stream; iterating gives its events and ends where the server ends it.

            with ai_servers.stream(address, task_id, rejoining.ask_from) as events:
                for sent in events: ...

        Opening (here) and reading raise Cut. `last_id` goes as Last-Event-ID.
        """
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-cache"}
        if last_id and _is_header(last_id):
            headers["Last-Event-ID"] = last_id
        try:
            with within(self._answer_s):
                response = self._send(
                    address, "GET", _path(task_id, "/stream"), None, headers, self._silence_s
                )
        except AIServerUnavailable as fault:
            raise Cut(fault.message) from None
        return TaskStream(response)

    def close(self) -> None:
        """Closes all connections; streams under way end with Cut."""
        self._guarded.close()
        self._free.close()

    def _ask(self, address: Address, method: str, path: str, content: bytes | None = None) -> bytes:
        return _of_success(*self._answer(address, method, path, content))

    def _answer(
        self,
        address: Address,
        method: str,
        path: str,
        content: bytes | None = None,
        answer_s: float | None = None,
    ) -> tuple[int, bytes]:
        """Status and body, whole."""
        answer_s = answer_s or self._answer_s
        with within(answer_s):
            headers = {"Accept": "application/json"}
            response = self._send(address, method, path, content, headers, answer_s)
            try:
                return response.status_code, _read(response)
            except FOREIGN as fault:
                raise _mapped(fault, method) from None
            finally:
                response.close()

    def _send(
        self,
        address: Address,
        method: str,
        path: str,
        content: bytes | None,
        headers: dict[str, str],
        read_s: float,
    ) -> httpx2.Response:
        wire = self._free if address.is_free else self._guarded
        try:
            request = _request(address, method, path, content, headers)
            request.extensions["timeout"] = {
                "connect": min(CONNECT_S, self._answer_s),
                "read": read_s,
                "write": self._answer_s,
                "pool": _POOL_S,
            }
            return wire.handle_request(request)
        except FOREIGN as fault:
            raise _mapped(fault, method) from None


class TaskStream:
    """An open stream: `with` closes it, and so does `close()` from anywhere, at once.

    A greenlet that is killed while it reads leaves no connection behind.
    """

    def __init__(self, response: httpx2.Response) -> None:
        """Raises Cut when the answer is no event stream."""
        self._response = response
        try:
            _check_stream(response)
        except Cut:
            response.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Sent]:
        """The events; raises Cut."""
        parser = SseParser()
        try:
            for piece in self._response.iter_raw():
                yield from parser.feed(piece)
        except FOREIGN as fault:
            error = map_fault(fault)
            raise Cut(error.message) if isinstance(error, AIServerUnavailable) else error from None
        if parser.is_amid and not self.shows_its_end:
            raise Cut("The AI server hung up in the midst of an event.")

    @property
    def shows_its_end(self) -> bool:
        """Whether a cut can be told from the end. Where the end of the connection is that of the
        body (RFC 9112, section 6.3, as servers of HTTP/1.0 do), a cut in good order looks the same.
        """
        headers = self._response.headers
        return "Transfer-Encoding" in headers or "Content-Length" in headers

    def close(self) -> None:
        """Hangs up. Whoever is reading gets Cut."""
        self._response.close()


def _request(
    address: Address, method: str, path: str, content: bytes | None, headers: dict[str, str]
) -> httpx2.Request:
    parse_url(address.url)
    base = httpx2.URL(address.url)
    prefix = base.raw_path.partition(b"?")[0].rstrip(b"/")
    url = base.copy_with(raw_path=prefix + path.encode("ascii"), fragment=None)
    every = {"User-Agent": "holdfast", "Accept-Encoding": "identity", **headers}
    if address.token:
        if not (address.token.isascii() and address.token.isprintable()):
            raise AIServerUnavailable(
                "The AI server's token has characters that no token can have."
            )
        every["Authorization"] = f"Bearer {address.token}"
    if content is not None:
        every["Content-Type"] = "application/json"
    # As UTF-8: so the standard of server-sent events has it for ids.
    encoded = [(name.encode("ascii"), value.encode("utf-8")) for name, value in every.items()]
    return httpx2.Request(method, url, headers=encoded, content=content)


def _is_header(value: str) -> bool:
    return value.isprintable() and value == value.strip() and len(value) <= MAX_LAST_ID_CHARS


def _path(task_id: str, rest: str = "") -> str:
    return f"/tasks/{quote(task_id, safe='')}{rest}"


def _read(response: httpx2.Response) -> bytes:
    """The body as it came: one that is packed although we did not ask for that stays packed."""
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise TooLarge
    return bytes(body)


def _of_success(status: int, body: bytes) -> bytes:
    if not 200 <= status < 300:
        raise by_status(status)
    return body


def _mapped(fault: Exception, method: str) -> HoldfastError:
    """Our error; after a request that was sent it says that what was asked may have been begun."""
    error = map_fault(fault)
    if method == "POST" and not isinstance(fault, UNSENT):
        error.fields["may_have_run"] = True
    return error


def _check_stream(response: httpx2.Response) -> None:
    if response.status_code == 404:
        raise Cut("The AI server does not know the task any more.", is_gone=True)
    if response.status_code != 200:
        raise Cut(by_status(response.status_code).message)
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "text/event-stream":
        raise Cut("The AI server sent something else than a stream of events.")
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Cut("The AI server sent its stream packed, which was not asked for.")
