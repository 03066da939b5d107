"""Rules that every command keeps."""

from dataclasses import replace

import pytest

from chat_app import create_app
from chat_app.settings import Settings
from tests.cli.conftest import Shell

GROUPS = (
    *("agents", "channels", "db", "docs", "mcp", "projects", "providers", "runs", "tokens"),
    "users",
)
LISTS = (
    ("agents", "list"),
    ("channels", "list"),
    ("channels", "members", "1"),
    ("mcp", "list"),
    ("projects", "list"),
    ("providers", "list"),
    ("runs", "list"),
    ("tokens", "list", "owner@example.com"),
    ("users", "list"),
)


@pytest.mark.parametrize("group", GROUPS)
def test_every_command_explains_itself_without_a_database(empty: Shell, group: str) -> None:
    listed = empty.run(group, "--help")
    assert listed.exit_code == 0
    names = listed.stdout.partition("Commands:\n")[2].split("\n  ")
    for name in [line.split()[0] for line in names if line.strip()]:
        told = empty.run(group, name, "--help")
        assert told.exit_code == 0
        assert told.stdout.splitlines()[2].strip()


@pytest.mark.parametrize("command", LISTS)
def test_every_list_is_one_json_document_in_the_form_of_the_api(
    shell: Shell, command: tuple[str, ...]
) -> None:
    shown = shell.json(*command)
    assert set(shown) == {"items", "next"}
    assert isinstance(shown["items"], list)


@pytest.mark.parametrize("command", LISTS)
def test_a_command_on_an_empty_database_says_what_to_run_first(
    empty: Shell, command: tuple[str, ...]
) -> None:
    assert empty.refusal(*command).startswith("conflict: The database is at revision none")
    assert "db upgrade" in empty.refusal(*command)


def test_a_database_that_is_out_of_reach_is_one_line(settings: Settings) -> None:
    nowhere = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    shell = Shell(create_app(replace(settings, database_url=nowhere)))
    for command in (("users", "list"), ("db", "upgrade"), ("db", "current")):
        assert shell.refusal(*command) == "server_busy: The database cannot be reached."


def test_bad_usage_is_status_2(empty: Shell) -> None:
    empty.misused("users", "create")
    empty.misused("users", "list", "--nonsense")
    empty.misused("users", "nonsense")


def test_names_cannot_command_the_terminal_that_lists_them(shell: Shell) -> None:
    escape = "\x1b[2J\x9b31mred"
    assert "this is not text" in shell.misused(
        "users", "create", "eve@example.com", "--password", "long enough", "--name", escape
    )
    register = shell.app.test_client().post(
        "/api/v1/auth/register",
        json={"email": "eve@example.com", "password": "long enough", "name": escape},
    )
    assert register.status_code == 201
    assert "\x1b" not in shell.run("users", "list").stdout
    assert "\x9b" not in shell.run("users", "list").stdout
    assert not set("\x1b\x9b") & set(shell.run("users", "list", "--json").stdout)
