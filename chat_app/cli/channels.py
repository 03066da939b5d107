"""Channels, and who is in them."""

import click

from chat_app import current
from chat_app.cli import params, printing
from chat_app.cli.commands import Commands
from chat_app.services import agents, channels, projects, users

FIELDS = (
    "id",
    "public_id",
    "title",
    "reply_mode",
    "agent_id",
    "project_id",
    "created_at",
    "updated_at",
)
COLUMNS = ("id", "title", "reply_mode", "agent_id", "updated_at")
MEMBER_FIELDS = ("id", "public_id", "email", "name")
MEMBER_COLUMNS = ("id", "email", "name")
LIST_MAX = 10_000

group = Commands("channels", help="Channels, and who is in them.")


@group.command("create")
@click.argument("title", type=params.TITLE)
@click.option("--agent", help="Who answers, by id or public id; else the default agent.")
@click.option("--reply-mode", type=click.Choice(["auto", "mention"]), default="auto")
@click.option("--project", help="The project it is of, by id or public id.")
@click.option("--owner", type=params.EMAIL, help="Who is in it first; else the first operator.")
@printing.json_option
def create(
    title: str,
    agent: str | None,
    reply_mode: str,
    project: str | None,
    owner: str | None,
    as_json: bool,
) -> None:
    """Make a channel."""
    rt = current.runtime()
    person = users.person(rt, owner) if owner else users.operator(rt)
    fields: dict[str, str | int] = {"title": title, "reply_mode": reply_mode}
    if agent is not None:
        fields["agent_id"] = agents.get(rt, person, agent).id
    if project is not None:
        fields["project_id"] = projects.get(rt, person, project).id
    channel = channels.create(rt, person, fields)
    sentence = f"Created channel {channel.id} for {person.email}."
    printing.one(printing.fields(channel, FIELDS), sentence, as_json)


@group.command("list")
@click.option(
    "--limit", type=click.IntRange(1, LIST_MAX), default=100, show_default=True, help="How many."
)
@printing.json_option
def list_channels(limit: int, as_json: bool) -> None:
    """List the channels of all workspaces, last active first."""
    rt = current.runtime()
    found = channels.list_all(rt, users.operator(rt), limit)
    printing.many([printing.fields(channel, FIELDS) for channel in found], COLUMNS, as_json)


@group.command("members")
@click.argument("channel_id")
@printing.json_option
def members(channel_id: str, as_json: bool) -> None:
    """List the people in a channel."""
    rt = current.runtime()
    found = channels.members(rt, users.operator(rt), channel_id)
    items = [printing.fields(user, MEMBER_FIELDS) for user in found]
    printing.many(items, MEMBER_COLUMNS, as_json)


@group.command("add-member")
@click.argument("channel_id")
@click.argument("email", type=params.EMAIL)
def add_member(channel_id: str, email: str) -> None:
    """Bring a person of the workspace into a channel."""
    rt = current.runtime()
    user = channels.add_member(rt, users.operator(rt), channel_id, None, email)
    click.echo(f"{user.email} is in channel {channel_id}.")


@group.command("remove")
@click.argument("channel_id")
@click.confirmation_option(prompt="All that was said in it is deleted for good. Go on?")
def remove(channel_id: str) -> None:
    """Delete a channel with all that was said in it."""
    rt = current.runtime()
    channels.delete(rt, users.operator(rt), channel_id)
    click.echo(f"Deleted channel {channel_id}.")
