"""Asks model providers. Callers see parts and our errors, nothing of HTTP or the SDK."""

import time
from collections.abc import Generator
from contextlib import ExitStack, closing
from functools import lru_cache
from typing import Any

import orjson
from openai import omit

from chat_app.errors import ProviderAuthFailed
from chat_app.providers.faults import FOREIGN, map_fault, worth_a_second_try
from chat_app.providers.reply import Reply, read_at_most
from chat_app.providers.values import Endpoint, ModelRequest, Part, ProviderCheck
from chat_app.providers.wire import Sdk, WireClient

RETRY_PAUSE_S = 0.5
MAX_SDKS = 256
MAX_MODELS_BYTES = 2 * 1024 * 1024
MAX_MODELS = 1_000
# What listing models may fail with: the rest, or no JSON.
UNLISTED: tuple[type[Exception], ...] = (*FOREIGN, ValueError)
_HELLO = [{"role": "user", "content": "Say OK."}]


class Providers:
    """All connections of this process to model providers: one pool, used by all runs."""

    def __init__(self, retry_pause_s: float = RETRY_PAUSE_S) -> None:
        self._retry_pause_s = retry_pause_s
        self._wire = WireClient()
        # Making an SDK client costs a millisecond; the pool under them is shared.
        self._sdk = lru_cache(MAX_SDKS)(self._new_sdk)

    def stream(self, endpoint: Endpoint, request: ModelRequest) -> Generator[Part, None, None]:
        """The parts of the answer as they come; the last one is always Finish.

        Nothing is sent before the first `next`. Read it to the end, which lets the connection be
        used again, or `close()` it, which hangs up on the provider at once. A reader may act on
        Finish right away: after it comes nothing but the end, within `reply.TAIL_S`.

        Raises ProviderError's children, ContextTooLong and ContentFiltered.
        """
        try:
            with closing(self._ask(endpoint, request)) as reply:
                yield from reply.parts()
        except FOREIGN as fault:
            # `from None`: the SDK's errors quote the provider, and so maybe the key, in logs.
            raise map_fault(fault, endpoint.api_key, request.has_images) from None

    def check(self, endpoint: Endpoint, model: str) -> ProviderCheck:
        """Asks for a tiny answer and waits for its first part. Raises like `stream`."""
        began_s = time.monotonic()
        with closing(self.stream(endpoint, ModelRequest(model, _HELLO))) as parts:
            next(parts)
        first_token_ms = round((time.monotonic() - began_s) * 1000)
        return ProviderCheck(model, first_token_ms, self._models(endpoint))

    def close(self) -> None:
        """Closes all connections; answers under way end with ProviderUnavailable."""
        self._wire.close()

    def _ask(self, endpoint: Endpoint, request: ModelRequest) -> Reply:
        try:
            return self._ask_once(endpoint, request)
        except FOREIGN as fault:
            if not worth_a_second_try(fault):
                raise
        time.sleep(self._retry_pause_s)
        return self._ask_once(endpoint, request)

    def _ask_once(self, endpoint: Endpoint, request: ModelRequest) -> Reply:
        completions = self._sdk(endpoint).chat.completions.with_streaming_response
        with ExitStack() as stack:
            response = stack.enter_context(
                completions.create(
                    model=request.model,
                    messages=[],
                    stream=True,
                    stream_options={"include_usage": True},
                    extra_headers=_headers(endpoint),
                    extra_body=_body(request),
                )
            )
            reply = Reply(response.http_response, request.model)
            stack.pop_all()
            return reply

    def _models(self, endpoint: Endpoint) -> list[str]:
        """Many compatible servers list no models, so whatever goes wrong here says nothing."""
        models = self._sdk(endpoint).models.with_streaming_response
        try:
            with models.list(extra_headers=_headers(endpoint)) as response:
                listed = orjson.loads(read_at_most(response.iter_bytes(), MAX_MODELS_BYTES))
        except UNLISTED:
            return []
        return _model_names(listed)[:MAX_MODELS]

    def _new_sdk(self, endpoint: Endpoint) -> Sdk:
        key = endpoint.api_key or ""
        if not (key.isascii() and key.isprintable()):
            raise ProviderAuthFailed("The provider's key has characters that no key can have.")
        return Sdk(endpoint, self._wire)


def _headers(endpoint: Endpoint) -> dict[str, Any]:
    """The SDK refuses to ask without a key unless told that this is meant."""
    return {} if endpoint.api_key else {"Authorization": omit}


def _body(request: ModelRequest) -> dict[str, Any]:
    """What is asked. As `extra_body` it skips the SDK's walk through every message's types."""
    fields = {
        "messages": request.messages,
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
        "tools": request.tools,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _model_names(listed: Any) -> list[str]:
    entries = listed.get("data") if isinstance(listed, dict) else None
    entries = entries if isinstance(entries, list) else []
    names = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    return [name for name in names if isinstance(name, str)]
