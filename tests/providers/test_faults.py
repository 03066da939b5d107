import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import openai
import pytest

from chat_app.errors import (
    ContentFiltered,
    ContextTooLong,
    HoldfastError,
    ImagesRefused,
    InternalError,
    ProviderAuthFailed,
    ProviderBadResponse,
    ProviderModelNotFound,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
)
from chat_app.providers import Endpoint, Finish, ModelRequest, Providers, Text
from chat_app.providers.faults import FAULTS, map_fault
from chat_app.providers.redact import MAX_SHOWN_CHARS
from chat_app.providers.reply import MAX_WHOLE_BYTES
from chat_app.providers.reported import by_status
from chat_app.providers.sse_lines import MAX_LINE_BYTES
from tests.fakes import Chunk, Cut, FakeProvider, FinishChunk, Json, Open, Raw, Stall, Status
from tests.providers.conftest import KEY, QUESTION, Play, endpoint_at

TOO_LONG = "This model's maximum context length is 8192 tokens."


def failure(play: Play, *scripts: list) -> HoldfastError:
    with pytest.raises(HoldfastError) as raised:
        play(*scripts)
    assert KEY not in raised.value.message
    return raised.value


def unreachable(providers: Providers, base_url: str) -> HoldfastError:
    with pytest.raises(HoldfastError) as raised:
        list(providers.stream(endpoint_at(base_url, patience_s=1.0), QUESTION))
    return raised.value


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, ProviderBadResponse),
        (400, ProviderBadResponse),
        (401, ProviderAuthFailed),
        (402, ProviderAuthFailed),
        (403, ProviderAuthFailed),
        (404, ProviderModelNotFound),
        (405, ProviderBadResponse),
        (408, ProviderTimeout),
        (409, ProviderUnavailable),
        (413, ContextTooLong),
        (422, ProviderBadResponse),
        (429, ProviderRateLimited),
        (500, ProviderUnavailable),
        (502, ProviderUnavailable),
        (503, ProviderUnavailable),
        (504, ProviderTimeout),
        (524, ProviderTimeout),
        (529, ProviderUnavailable),
        (599, ProviderUnavailable),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>oops</html>", {"error": {"message": "why"}}, [1]])
def test_each_status_has_its_error_whatever_the_body(
    play: Play, status: int, error: type, body: object
):
    script = [Status(status, {"Location": "http://127.0.0.1:1/"}, body)]
    assert type(failure(play, script, script)) is error


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"code": "context_length_exceeded"}, ContextTooLong),
        ({"message": TOO_LONG, "type": "invalid_request_error"}, ContextTooLong),
        ({"message": "exceeds the Context Window"}, ContextTooLong),
        ({"message": "too many tokens"}, ContextTooLong),
        ({"code": "content_filter"}, ContentFiltered),
        ({"code": "content_policy_violation"}, ContentFiltered),
        ({"code": "invalid_api_key"}, ProviderAuthFailed),
        ({"code": "model_not_found"}, ProviderModelNotFound),
        ({"type": "invalid_request_error", "message": "bad"}, ProviderBadResponse),
    ],
)
def test_a_400_says_in_words_what_is_wrong(play: Play, said: dict, error: type):
    assert type(failure(play, [Status(400, body={"error": said})])) is error


def test_a_400_may_say_it_in_plain_text(play: Play):
    assert type(failure(play, [Status(400, body=TOO_LONG.encode())])) is ContextTooLong


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"message": "x"}, ProviderUnavailable),
        ("x", ProviderUnavailable),
        ({"type": "server_error"}, ProviderUnavailable),
        ({"type": "overloaded_error"}, ProviderUnavailable),
        ({"code": "rate_limit_exceeded"}, ProviderRateLimited),
        ({"code": "insufficient_quota"}, ProviderRateLimited),
        ({"code": 429}, ProviderRateLimited),
        ({"code": "429"}, ProviderRateLimited),
        ({"status": "RESOURCE_EXHAUSTED"}, ProviderRateLimited),
        ({"code": 401, "message": "bad key"}, ProviderAuthFailed),
        ({"type": "authentication_error"}, ProviderAuthFailed),
        ({"code": "context_length_exceeded"}, ContextTooLong),
        ({"code": 400, "message": TOO_LONG}, ContextTooLong),
        (TOO_LONG, ContextTooLong),
        ({"type": "timeout_error"}, ProviderTimeout),
        ({"type": "invalid_request_error"}, ProviderBadResponse),
        ({"code": True, "message": [1], "type": {}}, ProviderUnavailable),
        ([5], ProviderUnavailable),
    ],
)
def test_an_error_inside_the_answer_says_by_code_type_or_words_what_it_is(
    play: Play, said: Any, error: type
):
    assert type(failure(play, [Chunk("a"), Json({"error": said})])) is error
    assert type(failure(play, [Status(200, body={"error": said})])) is error


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("1.2", 2),
        ("0", 0),
        ("-5", None),
        ("soon", None),
        ("inf", None),
        ("1e999", None),
        ("9" * 5000, None),
        ("99999999", 86_400),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 99 Oct 2015", None),
    ],
)
def test_retry_after_is_whole_seconds_or_nothing(play: Play, value: str, seconds: int | None):
    fault = failure(play, [Status(429, {"Retry-After": value})])
    assert fault.fields == {"retry_after": seconds}


def test_retry_after_may_be_a_date(play: Play):
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    fault = failure(play, [Status(429, {"Retry-After": later})])
    assert 58 <= fault.fields["retry_after"] <= 60


def test_a_rate_limit_without_retry_after_says_so(play: Play):
    assert failure(play, [Status(429)]).fields == {"retry_after": None}


@pytest.mark.parametrize("status", [400, 404, 422, 429, 500])
def test_what_the_provider_says_is_shown_short_clean_and_without_the_key(play: Play, status: int):
    said = f"Bad\x00 \x1b[31mkey\n {KEY}\u202e " + "x" * 285 + KEY
    script = [Status(status, body={"error": {"message": said}})]
    shown = failure(play, script, script).message.partition("It said: ")[2]
    assert shown.startswith("Bad [31mkey … x")
    assert len(shown) <= MAX_SHOWN_CHARS
    assert shown.isprintable()
    assert KEY[:8] not in shown


@pytest.mark.parametrize("status", [401, 403])
def test_nothing_that_is_said_about_a_key_is_shown(play: Play, status: int):
    script = [Status(status, body={"error": {"message": f"{KEY[:-1]} is wrong"}})]
    assert failure(play, script).message == ProviderAuthFailed.sentence


def test_a_page_is_not_shown(play: Play):
    script = [Status(404, {"Content-Type": "text/html"}, b"<html>oops</html>")]
    assert "oops" not in failure(play, script).message


def test_the_fault_under_ours_does_not_come_with_it_into_a_log(play: Play):
    fault = failure(play, [Status(400, body={"error": {"message": KEY}})])
    assert fault.__suppress_context__
    assert fault.__cause__ is None


def test_the_body_of_an_error_is_read_only_so_far(fake: FakeProvider, play: Play):
    fault = failure(play, [Status(400, body=b"x" * 5_000_000)])
    assert type(fault) is ProviderBadResponse


@pytest.mark.parametrize("script", [[Stall()], [Open(), Stall()], [Chunk("a"), Stall()]])
def test_silence_before_or_in_the_answer_is_a_timeout(
    fake: FakeProvider, providers: Providers, script: list
):
    fake.enqueue(script)
    with pytest.raises(ProviderTimeout):
        list(providers.stream(endpoint_at(fake.base_url, patience_s=0.3), QUESTION))


@pytest.mark.parametrize(
    "script",
    [
        [Chunk("a"), Cut()],
        [Chunk("a"), Cut(reset=True)],
        [Chunk("a")],
        [Chunk("a"), Raw(b'data: {"choi')],
        [Open()],
        [Raw(b": ping\n\n"), Cut()],
    ],
)
def test_an_answer_without_its_end_is_cut(play: Play, script: list):
    assert type(failure(play, script, script)) is ProviderUnavailable


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Invalid content type. image_url is only supported by certain models."),
        (400, "m is not a multimodal model"),
        (400, "messages[0].content must be a string"),
        (404, "No endpoints found that support image input"),
        (422, "messages[0]: unknown variant `image_url`, expected `text`"),
        (500, "image input is not supported - hint: provide the mmproj"),
    ],
)
def test_a_model_that_takes_no_images_is_told_from_other_faults(
    fake: FakeProvider, providers: Providers, endpoint: Endpoint, status: int, message: str
):
    script = [Status(status, body={"error": {"message": message, "type": "invalid_request_error"}})]
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,eA=="}}
    request = ModelRequest("m", [{"role": "user", "content": [image]}])
    fake.enqueue(script, script)
    with pytest.raises(ImagesRefused, match="It said: "):
        list(providers.stream(endpoint, request))


def test_without_images_nothing_is_said_of_them(play: Play):
    error = {"error": {"message": "The image of the container is gone", "type": "x"}}
    assert type(failure(play, [Status(400, body=error)])) is ProviderBadResponse


def test_a_filter_or_a_full_window_is_named_also_where_there_are_images():
    for message, cls in (
        ("This model's maximum context length is 8 tokens, images included", ContextTooLong),
        ("The image was stopped by our content filter", ContentFiltered),
    ):
        assert type(by_status(400, {}, {"message": message}, None, has_images=True)) is cls


def test_a_finish_reason_is_an_end_even_if_the_connection_then_breaks(play: Play):
    assert play([Chunk("a"), FinishChunk(), Cut()]) == [Text("a"), Finish("stop", "fake")]


@pytest.mark.parametrize("end", [b"data: [DONE]", b'data: {"choices":[{"finish_reason":"stop"}]}'])
def test_a_last_line_without_its_line_break_counts(play: Play, end: bytes):
    assert type(play([Chunk("a"), Raw(end)])[-1]) is Finish


@pytest.mark.parametrize(
    "script",
    [
        [Status(200, {"Content-Type": "text/html"}, b"<html>Sign in</html>")],
        [Open("text/plain"), Chunk("a")],
        [Status(200, {"Content-Type": "application/json"}, b"{")],
        [Status(200, {"Content-Type": "application/json"}, b" " * (MAX_WHOLE_BYTES + 1))],
        [Raw(b"data: {oops}\n\n")],
        [Raw(b"data: \xff\xfe\n\n")],
        [Raw(b"data: " + b"x" * (MAX_LINE_BYTES + 1) + b"\n\n")],
        [Json({"choices": 5})],
        [Open(headers={"Content-Encoding": "gzip"}), Raw(b"data: no gzip\n\n")],
    ],
)
def test_what_cannot_be_read_is_a_bad_response(play: Play, script: list):
    assert type(failure(play, script)) is ProviderBadResponse


def test_an_answer_without_a_content_type_is_read_as_a_stream(play: Play):
    assert play([Open(None), Chunk("a"), FinishChunk()])[0] == Text("a")


def test_a_server_that_ignores_stream_is_understood(play: Play):
    choice = {"message": {"content": "Hi"}, "finish_reason": "stop"}
    whole = {"object": "chat.completion", "model": "fake", "choices": [choice]}
    assert play([Status(200, body=whole)]) == [Text("Hi"), Finish("stop", "fake")]


def test_a_refused_connection_says_so(providers: Providers):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        fault = unreachable(providers, f"http://127.0.0.1:{closed.getsockname()[1]}/v1")
    assert type(fault) is ProviderUnavailable
    assert "refused" in fault.message


def test_an_unknown_host_says_so(providers: Providers, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket, "getaddrinfo", _no_such_host)
    fault = unreachable(providers, "http://models.invalid/v1")
    assert type(fault) is ProviderUnavailable
    assert "host name" in fault.message


def _no_such_host(*_: Any, **__: Any) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_certificate_that_nobody_signed_says_so(providers: Providers):
    with FakeProvider(tls=True) as fake:
        fault = unreachable(providers, fake.base_url)
    assert type(fault) is ProviderUnavailable
    assert "certificate" in fault.message


def test_tls_to_a_server_without_it_says_so(fake: FakeProvider, providers: Providers):
    fault = unreachable(providers, fake.base_url.replace("http:", "https:"))
    assert type(fault) is ProviderUnavailable
    assert "secure connection" in fault.message


def test_a_server_that_speaks_no_http_is_unavailable(providers: Providers):
    with FakeProvider(tls=True) as fake:
        fault = unreachable(providers, fake.base_url.replace("https:", "http:"))
    assert type(fault) is ProviderUnavailable


def test_a_connection_nobody_accepts_times_out(providers: Providers):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        fault = unreachable(providers, f"http://127.0.0.1:{full.getsockname()[1]}/v1")
        for one in waiting:
            one.close()
    assert type(fault) is ProviderTimeout


@pytest.mark.parametrize("address", ["", "x y", "htp://x/", "http://[::1", "/v1", "http://"])
def test_an_address_that_is_none_says_so(providers: Providers, address: str):
    fault = unreachable(providers, address)
    assert type(fault) is ProviderUnavailable
    assert "address" in fault.message


def every_class_of(*roots: type) -> Iterator[type]:
    for root in roots:
        yield root
        yield from every_class_of(*root.__subclasses__())


def foreign_classes() -> set[type]:
    """Each exception class that openai and httpx2 define, exported or not."""
    return {
        cls
        for cls in every_class_of(Exception)
        if cls.__module__.partition(".")[0] in ("openai", "httpx2") and not issubclass(cls, Warning)
    }


# Below a class that is named in FAULTS or mapped by status, and rightly treated like it.
LIKE_THEIR_PARENT = {
    "APIStatusError",
    "BadRequestError",
    "AuthenticationError",
    "OAuthError",
    "PermissionDeniedError",
    "NotFoundError",
    "ConflictError",
    "UnprocessableEntityError",
    "RateLimitError",
    "InternalServerError",
}

# Never raised by what we call: sockets, webhooks, workload identity, Azure, the 0.x API, and
# the SDK's own parsing of streams.
NOT_USED = {
    "SubjectTokenProviderError",
    "WebSocketConnectionClosedError",
    "WebSocketQueueFullError",
    "InvalidWebhookSignatureError",
    "MissingStreamClassError",
    "StreamAlreadyConsumed",
    "_TransientTokenExchangeError",
    "MutuallyExclusiveAuthError",
    "APIRemovedInV1",
    "_AmbiguousModuleClientUsageError",
}


def test_every_exception_of_openai_and_httpx2_is_mapped_on_purpose():
    unread = {cls for cls in foreign_classes() if cls not in FAULTS}
    assert {cls.__name__ for cls in unread} - LIKE_THEIR_PARENT - NOT_USED == set()


@pytest.mark.parametrize("cls", [openai.OpenAIError, httpx2.StreamConsumed])
def test_a_wrong_use_of_the_sdk_is_our_own_error(cls: type[Exception]):
    wrong = cls("x") if cls is openai.OpenAIError else cls()
    assert type(map_fault(wrong)) is InternalError


def test_what_the_caller_was_handling_does_not_change_the_fault():
    fault = httpx2.ReadError("x")
    fault.__context__ = TimeoutError()
    assert type(map_fault(fault)) is ProviderUnavailable
