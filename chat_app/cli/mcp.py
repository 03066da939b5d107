"""Tool servers and their tools: the system's, and with --project a project's."""

from collections.abc import Callable
from typing import Any

import click

from chat_app import current
from chat_app.cli import params, printing
from chat_app.cli.commands import Command, Commands
from chat_app.errors import HoldfastError
from chat_app.services import tool_servers, tools, users
from chat_app.services.tool_servers import ServerShown

FIELDS = (
    "id",
    "name",
    "scope",
    "project_id",
    "transport",
    "url",
    "has_key",
    "state",
    "state_message",
    "last_sync",
    "enabled",
)
COLUMNS = ("id", "name", "transport", "url", "state", "last_sync", "enabled")
TOOL_FIELDS = (
    "id",
    "server_id",
    "name",
    "description",
    "input_schema",
    "annotations",
    "enabled",
    "policy",
    "changed",
)
TOOL_COLUMNS = ("id", "name", "policy", "enabled", "changed")

group = Commands("mcp", help="Tool servers (MCP) and their tools.")
project_option = click.option("--project", help="One of this project; by id or public id.")


class RestIsCommand(click.Command):
    """What follows `--stdio` is a command, its own options included."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--stdio" in args:
            rest = args.index("--stdio") + 1
            if args[rest : rest + 1] != ["--"]:
                args = [*args[:rest], "--", *args[rest:]]
        return super().parse_args(ctx, args)


def reached(command: Command) -> Command:
    """The options that say how a server is reached."""
    options: tuple[Callable[[Command], Command], ...] = (
        click.argument("command", nargs=-1, type=click.UNPROCESSED),
        click.option("--url", help="Where it is, such as https://tools.example.com/mcp."),
        click.option("--transport", type=params.TRANSPORT, help="http if absent."),
        click.option(
            "--api-key",
            type=params.TOOL_KEY,
            help=f"Its Bearer token; {params.FROM_TERMINAL} asks for it, unseen.",
        ),
        click.option(
            "--header", "headers", type=params.PAIR, multiple=True, help="Sent along; once each."
        ),
        click.option(
            "--env", type=params.PAIR, multiple=True, help="A variable of the command; once each."
        ),
        click.option(
            "--stdio", is_flag=True, help="It is a command of this machine: the rest of the line."
        ),
        click.option("--project", help="A project's own server; by id or public id."),
        printing.json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@group.command("add", cls=RestIsCommand)
@click.argument("name", type=params.LINE)
@click.option("--no-sync", is_flag=True, help="Do not reach it at once.")
@reached
def add(name: str, no_sync: bool, as_json: bool, project: str | None, **options: Any) -> None:
    """Add a server, and ask it for its tools.

    It is an address (--url), or a command of this machine (--stdio COMMAND ARGS…, last).
    """
    rt, fields = current.runtime(), {"name": name, **_given(options, project)}
    person = users.operator(rt)
    if "command" in fields:
        server = tool_servers.declare(rt, person, fields)
    elif "url" in fields:
        server = tool_servers.create(rt, person, fields, project)
    else:
        raise click.UsageError("Say where it is: --url, or --stdio with a command.")
    if not no_sync:
        server = _tried(server)
    _print(server, f"Added {server.name}, id {server.id}: {server.state}.", as_json)


@group.command("list")
@project_option
@printing.json_option
def list_servers(project: str | None, as_json: bool) -> None:
    """List the system's servers, or a project's; never their secrets."""
    rt = current.runtime()
    found = tool_servers.list_servers(rt, users.operator(rt), project)
    printing.many([printing.fields(server, FIELDS) for server in found], COLUMNS, as_json)


@group.command("sync")
@click.argument("name_or_id", required=False)
@project_option
@printing.json_option
def sync(name_or_id: str | None, project: str | None, as_json: bool) -> None:
    """Ask a server for its tools now; without a name, each that is enabled."""
    if name_or_id is None:
        _sync_all(project, as_json)
        return
    server = _synced(_named(name_or_id, project))
    _print(server, f"{server.name} is {server.state}.", as_json)


@group.command("test")
@click.argument("name_or_id")
@project_option
@printing.json_option
def test(name_or_id: str, project: str | None, as_json: bool) -> None:
    """Reach a server, and say how many tools it has."""
    rt, server = current.runtime(), _named(name_or_id, project)
    person = users.operator(rt)
    found = tool_servers.check(rt, person, server.id, server.project_id)
    item = {"ok": True, **printing.fields(found, ("tools", "state", "duration_ms"))}
    sentence = f"{server.name} listed {found.tools} tools in {found.duration_ms} ms."
    printing.one(item, sentence, as_json)


@group.command("tools")
@click.argument("name_or_id")
@project_option
@printing.json_option
def list_tools(name_or_id: str, project: str | None, as_json: bool) -> None:
    """List a server's tools as it listed them last."""
    rt, server = current.runtime(), _named(name_or_id, project)
    person = users.operator(rt)
    found = tools.list_tools(rt, person, server.id, server.project_id)
    printing.many([printing.fields(tool, TOOL_FIELDS) for tool in found], TOOL_COLUMNS, as_json)


@group.command("update", cls=RestIsCommand)
@click.argument("name_or_id")
@click.option("--name", type=params.LINE)
@click.option("--enable/--disable", "enabled", default=None, help="Whether agents may use it.")
@click.option("--no-secrets", is_flag=True, help="Forget its key, headers and variables.")
@reached
def update(
    name_or_id: str, no_secrets: bool, as_json: bool, project: str | None, **options: Any
) -> None:
    """Change a server. One that is reached otherwise is a draft until it was reached again.

    --header and --env replace all that there were.
    """
    rt, server = current.runtime(), _named(name_or_id, project)
    person = users.operator(rt)
    changes = _given(options, server.project_id)
    if no_secrets:
        is_command = server.transport == "stdio"
        changes = dict.fromkeys(("env",) if is_command else ("api_key", "headers")) | changes
    if not changes:
        raise click.UsageError("Say what to change.")
    if server.project_id is None:
        server = tool_servers.redeclare(rt, person, server.id, changes)
    else:
        server = tool_servers.update(rt, person, server.id, changes, server.project_id)
    _print(server, f"Changed {server.name}: {server.state}.", as_json)


@group.command("remove")
@click.argument("name_or_id")
@project_option
def remove(name_or_id: str, project: str | None) -> None:
    """Remove a server with its tools. Agents go on without them."""
    rt, server = current.runtime(), _named(name_or_id, project)
    person = users.operator(rt)
    tool_servers.delete(rt, person, server.id, server.project_id)
    click.echo(f"Removed {printing.plain(server.name)}.")


@group.command("policy")
@click.argument("tool_id")
@click.argument("policy", type=click.Choice(["auto", "ask", "never", "default"]))
@printing.json_option
def set_policy(tool_id: str, policy: str, as_json: bool) -> None:
    """Say whether a tool runs by itself, asks a person first, or never runs.

    This agrees to the tool as it is now, should it have changed.
    """
    rt = current.runtime()
    change = {"policy": None if policy == "default" else policy}
    tool = tools.update(rt, users.operator(rt), tool_id, change)
    sentence = f"{tool.name}: {tool.policy}."
    printing.one(printing.fields(tool, TOOL_FIELDS), sentence, as_json)


def _named(name_or_id: str, project: str | None) -> ServerShown:
    rt = current.runtime()
    return tool_servers.named(rt, users.operator(rt), name_or_id, project)


def _given(options: dict[str, Any], project: str | int | None) -> dict[str, Any]:
    """The fields that the options name. Raises `UsageError` for those that exclude each other."""
    command, is_command = list(options.pop("command")), options.pop("stdio")
    given = {name: value for name, value in options.items() if value not in (None, ())}
    by_address = {"url", "transport", "api_key", "headers"} & set(given)
    if command and not is_command:
        raise click.UsageError("A command comes after --stdio.")
    if is_command and (by_address or project is not None):
        raise click.UsageError("A command has no address, no key, and is no project's.")
    if is_command and not command:
        raise click.UsageError("Say which command: --stdio COMMAND ARGS…")
    if by_address and "env" in given:
        raise click.UsageError("--env is for commands.")
    if "api_key" in given:
        given["api_key"] = params.key(given["api_key"], params.TOOL_KEY)
    pairs = {name: dict(given[name]) for name in ("headers", "env") if name in given}
    return given | pairs | ({"command": command} if is_command else {})


def _tried(server: ServerShown) -> ServerShown:
    """The server once it was reached; it stays, also where that fails."""
    try:
        return _synced(server)
    except HoldfastError as error:
        click.echo(printing.plain(f"{error.error_code}: {error.message}"), err=True)
        return _named(str(server.id), None)


def _sync_all(project: str | None, as_json: bool) -> None:
    rt = current.runtime()
    listed = tool_servers.list_servers(rt, users.operator(rt), project)
    found = [_tried(server) for server in listed if server.enabled]
    printing.many([printing.fields(server, FIELDS) for server in found], COLUMNS, as_json)


def _synced(server: ServerShown) -> ServerShown:
    rt = current.runtime()
    return tool_servers.sync(rt, users.operator(rt), server.id, server.project_id)


def _print(server: ServerShown, sentence: str, as_json: bool) -> None:
    printing.one(printing.fields(server, FIELDS), sentence, as_json)
