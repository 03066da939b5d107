"""Runs commands as the shell does, against a fresh installation."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from chat_app import create_app
from chat_app.settings import Settings
from tests.listers import FakeTools, faked


@dataclass(frozen=True)
class Shell:
    """`run` gives status and output; `json` what a command prints with --json."""

    app: Flask

    def run(self, *args: str, stdin: str | None = None) -> Result:
        runner = self.app.test_cli_runner()
        return runner.invoke(args=args, input=stdin, catch_exceptions=False)

    def json(self, *args: str, stdin: str | None = None) -> Any:
        result = self.run(*args, "--json", stdin=stdin)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def refusal(self, *args: str, stdin: str | None = None) -> str:
        """The one line on stderr of a command that a rule refuses."""
        result = self.run(*args, stdin=stdin)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.count("\n") == 1
        return result.stderr.strip()

    def misused(self, *args: str, stdin: str | None = None) -> str:
        """What a command says to arguments it cannot take."""
        result = self.run(*args, stdin=stdin)
        assert (result.exit_code, result.stdout) == (2, ""), result.output
        return result.stderr


@pytest.fixture
def shell(app: Flask) -> Shell:
    return Shell(app)


@pytest.fixture
def mcp(app: Flask) -> Iterator[FakeTools]:
    """The tool servers of this test: they list what they are told to."""
    with faked(app) as fake:
        yield fake


@pytest.fixture
def empty(settings: Settings) -> Shell:
    """An installation whose database was never migrated."""
    return Shell(create_app(settings))
