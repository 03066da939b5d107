"""Projects: contexts for channels, with tool servers of their own."""

from typing import Any

import click

from chat_app import current
from chat_app.cli import params, printing
from chat_app.cli.commands import Commands
from chat_app.services import projects, users

FIELDS = ("id", "public_id", "name", "context", "owner_id", "created_at")
COLUMNS = ("id", "public_id", "name", "owner_id", "created_at")

group = Commands("projects", help="Contexts for channels, with tool servers of their own.")
context_option = click.option("--context", type=params.PROMPT, help="Told in its channels.")


@group.command("create")
@click.argument("name", type=params.LINE)
@context_option
@click.option("--owner", type=params.EMAIL, help="Whose it is; else the first operator's.")
@printing.json_option
def create(name: str, context: str | None, owner: str | None, as_json: bool) -> None:
    """Make a project."""
    rt = current.runtime()
    person = users.person(rt, owner) if owner else users.operator(rt)
    project = projects.create(rt, person, {"name": name, "context": context or ""})
    sentence = f"Created project {project.id} for {person.email}."
    printing.one(printing.fields(project, FIELDS), sentence, as_json)


@group.command("list")
@printing.json_option
def list_projects(as_json: bool) -> None:
    """List the projects of all workspaces."""
    rt = current.runtime()
    found = projects.list_projects(rt, users.operator(rt))
    printing.many([printing.fields(project, FIELDS) for project in found], COLUMNS, as_json)


@group.command("update")
@click.argument("project_id")
@click.option("--name", type=params.LINE)
@context_option
@printing.json_option
def update(project_id: str, as_json: bool, **options: Any) -> None:
    """Change a project, by id or public id."""
    rt = current.runtime()
    changes = {name: value for name, value in options.items() if value is not None}
    if not changes:
        raise click.UsageError("Say what to change.")
    project = projects.update(rt, users.operator(rt), project_id, changes)
    printing.one(printing.fields(project, FIELDS), f"Changed {project.name}.", as_json)


@group.command("remove")
@click.argument("project_id")
@click.confirmation_option(prompt="Its tool servers go with it; its channels stay. Go on?")
def remove(project_id: str) -> None:
    """Remove a project with its tool servers, by id or public id."""
    rt = current.runtime()
    projects.delete(rt, users.operator(rt), project_id)
    click.echo(f"Removed project {printing.plain(project_id)}.")
