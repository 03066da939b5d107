"""HTTP to the issuer: short, small, and nothing is followed."""

import time
from typing import Any

import httpx2
from authlib.integrations.httpx_client import OAuth2Client

from chat_app.openid.values import Limits

BODY_BYTES_MAX = 256 * 1024
AS_IT_IS = {"Accept": "application/json", "Accept-Encoding": "identity"}


class TooMuch(Exception):
    """The answer is larger, or takes longer, than an issuer's ever does."""


class ShortClient(OAuth2Client):  # type: ignore[misc]  # Authlib has no types
    """Authlib's client, whose answers have a limit in bytes and in seconds as a whole.

    Its own time-outs are for the time between two bytes.
    """

    def __init__(self, limits: Limits, **options: Any) -> None:
        self.answer_s = limits.answer_s
        timeout = httpx2.Timeout(limits.read_s, connect=limits.connect_s)
        super().__init__(timeout=timeout, headers=AS_IT_IS, follow_redirects=False, **options)

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """The answer with its whole body. Raises `TooMuch`, and what httpx2 raises."""
        until = time.monotonic() + self.answer_s
        response = super().send(request, **{**options, "stream": True})
        try:
            body = b""
            for piece in response.iter_raw():
                body += piece
                if len(body) > BODY_BYTES_MAX or time.monotonic() > until:
                    raise TooMuch
        finally:
            response.close()
        head = {k: v for k, v in response.headers.items() if k.lower() != "content-encoding"}
        return httpx2.Response(response.status_code, headers=head, content=body, request=request)

    def json_of(self, url: str, token: str | None = None) -> Any:
        """What is at this address. Raises `TooMuch`, `ValueError`, and what httpx2 raises."""
        headers = {"Authorization": f"Bearer {token}"} if token else None
        response = self.request("GET", url, withhold_token=True, headers=headers)
        response.raise_for_status()
        return response.json()
