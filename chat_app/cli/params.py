"""What an argument may look like; anything else is bad usage."""

import re
import sys
from math import isnan
from typing import Any

import click

FROM_TERMINAL = "-"


class Text(click.ParamType[str]):
    """Up to `max_chars` characters, at least one of them no space, all of them printable.

    Names end up in terminals and pages: an escape sequence is no part of one.
    """

    name = "text"

    def __init__(self, max_chars: int, pattern: str = ".+", wanted: str = "text") -> None:
        self._max_chars = max_chars
        self._pattern = re.compile(pattern, re.DOTALL)
        self._wanted = wanted

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip()
        # Handles and addresses are stored small, and some letters are two when small.
        if len(text.lower()) > self._max_chars:
            self.fail(f"more than {self._max_chars:,} characters.", param, ctx)
        if not self._pattern.fullmatch(text) or not "".join(text.split()).isprintable():
            self.fail(f"this is not {self._wanted}.", param, ctx)
        return text


class Pair(click.ParamType[tuple[str, str]]):
    """`NAME=VALUE`."""

    name = "name=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        name, sign, rest = str(value).partition("=")
        if not name or not sign:
            self.fail("this is not NAME=VALUE.", param, ctx)  # not repeated: it may be a secret
        return name, rest


class Number(click.FloatRange):
    """A number in a range; “not a number” is in none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = float(super().convert(value, param, ctx))
        if isnan(number):
            self.fail("this is not a number.", param, ctx)
        return number


class Transport(click.Choice[str]):
    """How an address is spoken to. "http" is what MCP calls Streamable HTTP, and the settings of
    other clients spell in two more ways.
    """

    def __init__(self) -> None:
        super().__init__(["http", "sse", "streamable-http", "streamable_http"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        found = super().convert(value, param, ctx)
        return "http" if found.startswith("streamable") else found


LINE = Text(100)
TITLE = Text(200)
MODEL = Text(200, wanted="the name of a model")
PROMPT = Text(32_000, ".*")
TRANSPORT = Transport()
EMAIL = Text(254, r"[^@\s]+@[^@\s]+", "an email address")
HANDLE = Text(40, r"[\w-]+", "a handle: letters, digits, _ and -")
# A key belongs into --api-key: in the address it would show wherever the address does.
BASE_URL = Text(
    500,
    r"https?://([^\s/@?#:\[\]]+|\[[0-9a-f:.]+\])(:[1-9]\d{0,4})?(/[^\s?#]*)?|demo://holdfast/v1",
    "an address such as https://api.example.com/v1",
)
API_KEY = Text(1_000, r"[\x21-\x7e]+", "a key: visible ASCII characters")
TOOL_KEY = Text(4_000, r"[\x21-\x7e]+", "a key: visible ASCII characters")
PAIR = Pair()


def key(typed: str | None, kind: Text) -> str | None:
    """The key that an option names; `-` asks for it, unseen."""
    return kind.convert(secret("API key"), None, None) if typed == FROM_TERMINAL else typed


def secret(what: str, confirm: bool = False) -> str:
    """A secret typed unseen; where standard input is no terminal, its first line."""
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True, confirmation_prompt=confirm))
    return sys.stdin.readline().rstrip("\r\n")
