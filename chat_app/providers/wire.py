"""The HTTP client under the SDK, and the SDK without what it takes from the environment."""

from contextlib import suppress
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ssl import SSLContext
from typing import Any

import httpx2
import openai.resources.chat.completions  # noqa: F401  else the first question waits for it, 40 ms
from openai import Omit, OpenAI

from chat_app.providers.values import Endpoint

MAX_CONNECTIONS = 2_000
# The pool polls every idle connection twice a request: with 100 of them a request costs 3.3 ms of
# CPU instead of 0.7.
MAX_IDLE_CONNECTIONS = 20
IDLE_S = 30.0
# With MAX_CONNECTIONS answers under way another one must fail at once, not queue.
POOL_TIMEOUT_S = 0.0
MAX_ERROR_BODY_BYTES = 64 * 1024

_LOOPBACK = ("all://localhost", "all://127.0.0.0/8", "all://[::1]")


class WireClient(httpx2.Client):
    """One pool for all endpoints. No redirects, no cookies; loopback never goes by proxy."""

    def __init__(self) -> None:
        super().__init__(
            verify=_tls(),
            limits=httpx2.Limits(
                max_connections=MAX_CONNECTIONS,
                max_keepalive_connections=MAX_IDLE_CONNECTIONS,
                keepalive_expiry=IDLE_S,
            ),
            mounts=dict.fromkeys(_LOOPBACK),
            follow_redirects=False,
            # A jar shared by all workspaces would carry one's session into another's requests.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Gives the answer; the body of a failed one at most MAX_ERROR_BODY_BYTES long.

        The SDK would read such a body to its end, and whoever runs the provider decides where
        that is.
        """
        response = super().send(request, **options)
        if response.is_success:
            return response
        try:
            body = _beginning(response)
        finally:
            response.close()
        headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
        return httpx2.Response(response.status_code, headers=headers, content=body, request=request)


@lru_cache(1)
def _tls() -> SSLContext:
    """One for the process: reading the certificates takes 25 ms. It heeds SSL_CERT_FILE."""
    return httpx2.create_ssl_context()


_KEPT = ("content-type", "retry-after")


def _beginning(response: httpx2.Response) -> bytes:
    body = b""
    # A broken body changes nothing about the status, which is what counts.
    with suppress(httpx2.HTTPError):
        for piece in response.iter_bytes():
            body += piece
            if len(body) >= MAX_ERROR_BODY_BYTES:
                break
    return body[:MAX_ERROR_BODY_BYTES]


class Sdk(OpenAI):
    """The SDK for one endpoint, which gets this endpoint's key and nothing else.

    Left alone the SDK fills what is not given from OPENAI_API_KEY, OPENAI_ADMIN_KEY,
    OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS, and so would send the operator's
    secrets to whatever address a member typed. An empty key counts as given.
    """

    def __init__(self, endpoint: Endpoint, wire: WireClient) -> None:
        super().__init__(
            base_url=endpoint.base_url,
            api_key=endpoint.api_key or "",
            admin_api_key="",
            max_retries=0,
            timeout=httpx2.Timeout(
                connect=endpoint.connect_timeout_s,
                read=endpoint.read_timeout_s,
                write=endpoint.write_timeout_s,
                pool=POOL_TIMEOUT_S,
            ),
            http_client=wire,
        )

    @property
    def default_headers(self) -> dict[str, str | Omit]:
        """The headers of every request, all of them."""
        return {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": "holdfast",
        }
