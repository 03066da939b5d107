"""Agents of the first workspace."""

from collections.abc import Callable
from typing import Any

import click

from chat_app import current
from chat_app.cli import params, printing
from chat_app.cli.commands import Command, Commands
from chat_app.services import agents, projects, providers, tool_servers, users

ID_MAX = 2**63 - 1
KINDS = ("model", "remote")

FIELDS = (
    "id",
    "public_id",
    "name",
    "handle",
    "system_prompt",
    "greeting",
    "provider_id",
    "model",
    "temperature",
    "max_tokens",
    "tool_server_ids",
    "disabled_tool_ids",
    "tool_policies",
    "is_default",
    "enabled",
    "kind",
    "project_id",
)
COLUMNS = ("id", "public_id", "handle", "name", "kind", "model", "is_default", "enabled")

group = Commands("agents", help="Those who answer.")


def described(command: Command) -> Command:
    """The options that describe an agent."""
    options: tuple[Callable[[Command], Command], ...] = (
        click.option("--handle", type=params.HANDLE, help="For @mention; made of the name."),
        click.option("--provider", help="Name or id; without it the first provider there is."),
        click.option("--model", type=params.MODEL, help="Else its provider's default model."),
        click.option("--system-prompt", type=params.PROMPT, help="What it is told about itself."),
        click.option("--greeting", type=params.PROMPT, help="What it says first in a session."),
        click.option("--temperature", type=params.Number(0, 2)),
        click.option("--max-tokens", type=click.IntRange(1, 1_000_000)),
        click.option(
            "--tool-server",
            "servers",
            multiple=True,
            help="It may use this server's tools; name or id, once for each.",
        ),
        click.option(
            "--disable-tool",
            "disabled",
            type=click.IntRange(1, ID_MAX),
            multiple=True,
            help="It may not use this one; an id, once for each.",
        ),
        click.option("--project", help="Of one of kind remote: whose AI server answers; an id."),
        click.option("--default", "is_default", is_flag=True, help="New channels get it."),
        printing.json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@group.command("create")
@click.argument("name", type=params.LINE)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default=KINDS[0],
    help="Who answers: a model, or the AI server of a project.",
)
@described
def create(name: str, as_json: bool, **options: Any) -> None:
    """Make an agent."""
    rt = current.runtime()
    fields = {"name": name, **_given(options)}
    agent = agents.create(rt, users.operator(rt), fields)
    sentence = f"Created @{agent.handle}, id {agent.id}, {agent.public_id}."
    printing.one(printing.fields(agent, FIELDS), sentence, as_json)


@group.command("list")
@printing.json_option
def list_agents(as_json: bool) -> None:
    """List the agents of all workspaces."""
    rt = current.runtime()
    found = agents.list_agents(rt, users.operator(rt))
    printing.many([printing.fields(agent, FIELDS) for agent in found], COLUMNS, as_json)


@group.command("update")
@click.argument("agent_id")
@click.option("--name", type=params.LINE)
@click.option("--enable/--disable", "enabled", default=None, help="Whether it answers at all.")
@click.option("--no-tools", is_flag=True, help="It may use no server, until told otherwise.")
@described
def update(agent_id: str, no_tools: bool, as_json: bool, **options: Any) -> None:
    """Change an agent, by id or public id.

    --tool-server and --disable-tool replace all that there were.
    """
    rt, changes = current.runtime(), _given(options)
    if no_tools:
        changes = {"tool_server_ids": [], "disabled_tool_ids": []} | changes
    if not changes:
        raise click.UsageError("Say what to change.")
    agent = agents.update(rt, users.operator(rt), agent_id, changes)
    printing.one(printing.fields(agent, FIELDS), f"Changed @{agent.handle}.", as_json)


@group.command("remove")
@click.argument("agent_id")
def remove(agent_id: str) -> None:
    """Remove an agent, by id or public id. What it said stays under its name."""
    rt = current.runtime()
    agents.delete(rt, users.operator(rt), agent_id)
    click.echo(f"Removed agent {printing.plain(agent_id)}.")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The fields that the options name; one that was not given is left as it is."""
    given = {name: value for name, value in options.items() if value not in (None, ())}
    if "servers" in given:
        given["tool_server_ids"] = _server_ids(given.pop("servers"))
    if "disabled" in given:
        given["disabled_tool_ids"] = list(given.pop("disabled"))
    if not given.get("is_default"):
        given.pop("is_default", None)
    if "project" in given:
        rt = current.runtime()
        given["project_id"] = projects.get(rt, users.operator(rt), given.pop("project")).id
    if "provider" in given:
        given["provider_id"] = providers.get(current.runtime(), given.pop("provider")).id
    return given


def _server_ids(names: tuple[str, ...]) -> list[int]:
    rt = current.runtime()
    person = users.operator(rt)
    return [tool_servers.named(rt, person, name).id for name in names]
