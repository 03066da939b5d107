"""The client of tool servers, which lets people use their own sign-ins (OAuth)."""

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from chat_app.errors import ToolTimeout, ToolUnavailable
from chat_app.toolbox.logins import Logins, sign_in_again, sign_in_first
from chat_app.toolbox.reaching import BY_ADDRESS
from chat_app.toolbox.servers import Lister
from chat_app.tools.oauth import OAuthRequests
from chat_app.tools.values import (
    CallResult,
    InputAnswers,
    InputRequest,
    InputRequired,
    Listing,
    Progress,
    ServerSpec,
)

Got = TypeVar("Got")


class Caller(Protocol):
    """Who makes the calls."""

    def call(
        self,
        spec: ServerSpec,
        tool: str,
        args: dict[str, Any],
        timeout_s: float,
        on_progress: Callable[[Progress], None] | None = None,
        answers: InputAnswers | None = None,
        on_input: Callable[[InputRequest], dict[str, Any]] | None = None,
        repeatable: bool = False,
        channel_id: int | None = None,
    ) -> CallResult | InputRequired: ...


class Client(Lister, Caller, Protocol):
    """What is needed of the sidecar's client."""


class SignedTools:
    """As the client itself, for specs whose `session` names a person, and for all others."""

    def __init__(self, client: Client, logins: Logins, requests: OAuthRequests) -> None:
        self._client, self._logins, self._requests = client, logins, requests

    def list_tools(self, spec: ServerSpec, fresh: bool = False) -> Listing:
        """A server that turns out to want a sign-in raises as one of which that is known."""
        try:
            return self._as_person(spec, lambda signed: self._client.list_tools(signed, fresh))
        except ToolUnavailable as error:
            if error.fields.get("sign_in") and self._offers_sign_in(spec):
                raise sign_in_first(spec.name) from None
            raise

    def call(
        self,
        spec: ServerSpec,
        tool: str,
        args: dict[str, Any],
        timeout_s: float,
        on_progress: Callable[[Progress], None] | None = None,
        answers: InputAnswers | None = None,
        on_input: Callable[[InputRequest], dict[str, Any]] | None = None,
        repeatable: bool = False,
        channel_id: int | None = None,
    ) -> CallResult | InputRequired:
        """As the client's. What it takes to get a token counts as part of the call."""
        began = time.monotonic()

        def call(signed: ServerSpec) -> CallResult | InputRequired:
            left_s = timeout_s - (time.monotonic() - began if spec.session else 0)
            if left_s <= 0:
                raise ToolTimeout
            more = (on_progress, answers, on_input, repeatable, channel_id)
            return self._client.call(signed, tool, args, left_s, *more)

        return self._as_person(spec, call)

    def forget(self, server_id: int) -> None:
        self._client.forget(server_id)

    def _as_person(self, spec: ServerSpec, use: Callable[[ServerSpec], Got]) -> Got:
        if not spec.session:
            return use(spec)
        signed = self._logins.signed(spec)
        try:
            return use(signed)
        except ToolUnavailable as error:
            if not error.fields.get("sign_in"):
                raise
        # Taken back before its time, perhaps; it was refused, so nothing has been done.
        signed = self._logins.signed(spec, refused=signed)
        try:
            return use(signed)
        except ToolUnavailable as error:
            raise sign_in_again(spec.name) if error.fields.get("sign_in") else error from None

    def _offers_sign_in(self, spec: ServerSpec) -> bool:
        has_key = any(name.lower() == "authorization" for name, _ in spec.headers)
        if spec.session or has_key or spec.transport not in BY_ADDRESS:
            return False
        try:
            self._requests.discover(spec)
        except ToolUnavailable:
            return False
        return True
