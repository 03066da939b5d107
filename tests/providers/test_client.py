import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import gevent
import pytest

from chat_app.errors import ProviderAuthFailed, ProviderUnavailable
from chat_app.providers import (
    Endpoint,
    Finish,
    ModelRequest,
    ProviderCheck,
    Providers,
    Text,
    Usage,
)
from tests.fakes import (
    DEFAULT,
    Chunk,
    Cut,
    Done,
    FakeProvider,
    FinishChunk,
    Hold,
    Open,
    Raw,
    Stall,
    Status,
    says,
)
from tests.providers.conftest import KEY, QUESTION, Play, endpoint_at

HELLO = [
    Text("Hello"),
    Text(", "),
    Text("world!"),
    Usage(5, 3, 8),
    Finish("stop", "fake"),
]


def test_an_answer_is_its_texts_then_usage_then_finish(play: Play):
    assert play() == HELLO


def test_the_request_carries_what_was_asked_and_nothing_else(
    fake: FakeProvider, providers: Providers, endpoint: Endpoint
):
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    messages = [{"role": "user", "content": "Hi", "odd": True}]
    list(providers.stream(endpoint, ModelRequest("m", messages, 0.5, 7, tools)))
    list(providers.stream(endpoint, ModelRequest("m", messages)))
    asked = {
        "model": "m",
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    settings = {"temperature": 0.5, "max_tokens": 7, "tools": tools}
    assert [request.json for request in fake.requests] == [asked | settings, asked]
    assert fake.requests[0].path == "/v1/chat/completions"


def test_a_part_is_given_while_the_provider_still_writes(
    fake: FakeProvider, providers: Providers, endpoint: Endpoint
):
    go_on = threading.Event()
    fake.enqueue([Chunk("a"), Hold(go_on), *says("b")])
    with closing(providers.stream(endpoint, QUESTION)) as parts:
        assert next(parts) == Text("a")
        go_on.set()
        assert next(parts) == Text("b")


def test_nothing_is_sent_before_the_first_part_is_asked_for(
    fake: FakeProvider, providers: Providers, endpoint: Endpoint
):
    providers.stream(endpoint, QUESTION).close()
    assert fake.requests == []


def test_answers_read_to_the_end_share_one_connection(fake: FakeProvider, play: Play):
    for _ in range(5):
        play()
    assert len({request.client for request in fake.requests}) == 1


def test_closing_hangs_up_on_the_provider(
    fake: FakeProvider, providers: Providers, endpoint: Endpoint
):
    fake.enqueue([Chunk("a"), Stall()])
    parts = providers.stream(endpoint, QUESTION)
    next(parts)
    assert fake.open_streams == 1
    parts.close()
    fake.wait_until(lambda: fake.open_streams == 0)


@pytest.mark.parametrize("script", [[Chunk("a"), Stall()], [Open(), Stall()], [Stall()]])
def test_killing_the_reader_hangs_up_on_the_provider(
    fake: FakeProvider, providers: Providers, script: list
):
    fake.enqueue(script)
    patient = Endpoint(fake.base_url, KEY)
    reader = gevent.spawn(lambda: list(providers.stream(patient, QUESTION)))
    fake.wait_until(lambda: fake.open_streams == 1)
    reader.kill()
    fake.wait_until(lambda: fake.open_streams == 0)


def test_a_connection_that_stays_open_after_done_does_not_hold_the_answer(
    fake: FakeProvider, play: Play
):
    assert play([*DEFAULT, Stall()]) == HELLO
    fake.wait_until(lambda: fake.open_streams == 0)


def test_a_finished_answer_is_whole_though_the_provider_never_says_done(
    fake: FakeProvider, providers: Providers
):
    fake.enqueue([Chunk("a"), FinishChunk("length"), Stall()])
    patient = Endpoint(fake.base_url, KEY)
    expected = [Text("a"), Finish("length", "fake")]
    assert list(providers.stream(patient, QUESTION)) == expected


def test_a_flood_after_done_is_not_read(fake: FakeProvider, play: Play):
    flood = [Raw(b":" + b"x" * 65_000 + b"\n")] * 200
    assert play([*DEFAULT, *flood, Stall()]) == HELLO
    fake.wait_until(lambda: fake.open_streams == 0)


@pytest.mark.parametrize("script", [[Cut()], [Cut(reset=True)], [Open(), Cut()]])
def test_a_connection_that_fails_before_the_answer_is_tried_once_more(
    fake: FakeProvider, play: Play, script: list
):
    assert play(script) == HELLO
    with pytest.raises(ProviderUnavailable):
        play(script, script)
    assert len(fake.requests) == 4


@pytest.mark.parametrize("status", [500, 502, 503, 529])
def test_a_stumbling_server_is_asked_once_more(fake: FakeProvider, play: Play, status: int):
    assert play([Status(status)]) == HELLO
    with pytest.raises(ProviderUnavailable):
        play([Status(status)], [Status(status)])
    assert len(fake.requests) == 4


@pytest.mark.parametrize(
    "script",
    [
        [Chunk("a"), Cut()],
        [Raw(b": hi\n\n"), Cut()],
        [Stall()],
        [Status(503, {"Retry-After": "1"})],
        [Status(429)],
        [Status(504)],
        [Status(400)],
    ],
)
def test_all_else_is_asked_only_once(fake: FakeProvider, play: Play, script: list):
    with pytest.raises(Exception, match="provider"):
        play(script)
    assert len(fake.requests) == 1


def test_the_key_is_sent_as_bearer_and_never_shown(fake: FakeProvider, play: Play):
    play()
    assert fake.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(endpoint_at(fake.base_url))


@pytest.mark.parametrize("key", [None, ""])
def test_nothing_of_the_environment_goes_to_a_provider(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch, key: str | None
):
    names = ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID", "WEBHOOK_SECRET")
    for name in names:
        monkeypatch.setenv(f"OPENAI_{name}", "ambient")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Mine: ambient\nAuthorization: ambient")
    with closing(Providers()) as providers:
        providers.check(endpoint_at(fake.base_url, key), "m")
    assert [request.method for request in fake.requests] == ["POST", "GET"]
    for request in fake.requests:
        assert "ambient" not in str(request.headers)
        assert "authorization" not in request.headers


@pytest.mark.parametrize("key", ["sk-abc…", "sk-\nabc", "sk-\u00e9"])
def test_a_key_that_no_header_can_carry_is_refused_before_it_is_sent(
    fake: FakeProvider, providers: Providers, key: str
):
    with pytest.raises(ProviderAuthFailed) as refused:
        list(providers.stream(endpoint_at(fake.base_url, key), QUESTION))
    assert key not in refused.value.message
    assert fake.requests == []


def test_one_endpoints_cookies_are_not_kept(fake: FakeProvider, play: Play):
    play([Open(headers={"Set-Cookie": "session=1"}), *DEFAULT])
    play()
    assert "cookie" not in fake.requests[1].headers


def test_loopback_goes_direct_and_the_rest_by_the_proxy_of_the_environment(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
):
    with FakeProvider() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url.removesuffix("/v1"))
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with closing(Providers()) as providers:
            assert list(providers.stream(endpoint_at(fake.base_url), QUESTION)) == HELLO
            elsewhere = endpoint_at("http://models.example/v1")
            assert list(providers.stream(elsewhere, QUESTION)) == HELLO
        hosts = [request.headers["host"] for request in proxy.requests]
    assert (len(fake.requests), hosts) == (1, ["models.example"])


def test_a_check_gives_the_time_to_the_first_part_and_the_models(
    fake: FakeProvider, providers: Providers, endpoint: Endpoint
):
    checked = providers.check(endpoint, "m")
    assert checked == ProviderCheck("m", checked.first_token_ms, ["fake", "fake-mini"])
    assert 0 <= checked.first_token_ms < 30_000
    fake.wait_until(lambda: fake.open_streams == 0)


@pytest.mark.parametrize("models", [[], [1, None, {"id": 2}]])
def test_a_check_passes_without_a_list_of_models(
    fake: FakeProvider, providers: Providers, endpoint: Endpoint, models: list
):
    fake.models = models
    assert providers.check(endpoint, "m").models == []


def test_a_check_fails_like_an_answer(fake: FakeProvider, providers: Providers, endpoint: Endpoint):
    fake.enqueue([Status(401)])
    with pytest.raises(ProviderAuthFailed):
        providers.check(endpoint, "m")


def test_hundreds_of_answers_come_at_the_same_time(fake: FakeProvider, providers: Providers):
    streams, go_on = 100, threading.Event()
    fake.enqueue(*([Chunk("a"), Hold(go_on), *DEFAULT] for _ in range(streams)))
    patient = Endpoint(fake.base_url, KEY)
    with ThreadPoolExecutor(streams) as pool:
        asked = [
            pool.submit(lambda: list(providers.stream(patient, QUESTION))) for _ in range(streams)
        ]
        fake.wait_until(lambda: fake.open_streams == streams)
        go_on.set()
    assert all(answer.result() == [Text("a"), *HELLO] for answer in asked)


def test_after_close_answers_under_way_are_cut(fake: FakeProvider, endpoint: Endpoint):
    providers = Providers()
    fake.enqueue([Chunk("a"), Stall()])
    parts = providers.stream(endpoint, QUESTION)
    next(parts)
    providers.close()
    with pytest.raises(ProviderUnavailable):
        next(parts)
    fake.wait_until(lambda: fake.open_streams == 0)


def test_done_alone_is_an_empty_answer(play: Play):
    assert play([Done()]) == [Finish("stop", "m")]
