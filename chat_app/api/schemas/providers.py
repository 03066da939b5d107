"""Providers. A key goes in and never comes out."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from chat_app.api.schemas.base import AnyText, In, Line, ModelName, Out

DEMO_BASE_URL = "demo://holdfast/v1"


def _endpoint(url: str) -> str:
    # Read the port too: a wrong one is a ValueError here, a puzzle later.
    parts, port = urlsplit(url), urlsplit(url).port
    is_address = parts.scheme in ("http", "https") and parts.hostname and port != 0
    if url != DEMO_BASE_URL and not (is_address and url.isprintable() and " " not in url):
        raise ValueError("not an http or https address")
    if parts.username or parts.password:
        raise ValueError("a key belongs into api_key, not into the address")
    return url.rstrip("/")


BaseUrl = Annotated[AnyText, Field(max_length=500), AfterValidator(_endpoint)]
Key = Annotated[AnyText, Field(min_length=1, max_length=1_000, pattern=r"^[\x21-\x7e]+$")]


class ProviderChanges(In):
    name: Line = ""
    base_url: BaseUrl = ""
    api_key: Key | None = None
    default_model: ModelName | None = None
    enabled: bool = True


class ProviderIn(ProviderChanges):
    name: Line
    base_url: BaseUrl


class ProviderOut(Out):
    id: int
    name: str
    base_url: str
    default_model: str | None
    has_key: bool
    enabled: bool
