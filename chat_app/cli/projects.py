"""Projects: contexts for channels, with tool servers and an AI server of their own."""

import time
from typing import Any

import click

from chat_app import current
from chat_app.cli import params, printing
from chat_app.cli.commands import Commands
from chat_app.services import project_members, projects, users

FIELDS = (
    "id",
    "public_id",
    "name",
    "context",
    "spec",
    "backend",
    "ai_server_url",
    "has_token",
    "status",
    "last_error",
    "owner_id",
    "created_at",
)
COLUMNS = ("id", "public_id", "name", "backend", "status", "owner_id", "created_at")
WAIT_MAX_S, LOOK_EVERY_S = 180.0, 0.5

group = Commands("projects", help="Contexts for channels, with an AI server of their own.")
context_option = click.option("--context", type=params.PROMPT, help="Told in its channels.")
spec_option = click.option("--spec", type=params.PROMPT, help="What a run is for, unless it says.")
url_option = click.option(
    "--ai-server", "ai_server_url", metavar="URL", help='Where its AI server is; "" for nowhere.'
)
token_option = click.option(
    "--token",
    "ai_server_token",
    type=params.TOOL_KEY,
    envvar="PROJECT_AI_SERVER_TOKEN",
    show_envvar=True,
    help=f"Its token; {params.FROM_TERMINAL} asks for it, unseen.",
)
backend_option = click.option(
    "--backend",
    type=click.Choice(["url", "process"]),
    help="An AI server at an address, or one that Holdfast starts (AI_SERVER_COMMAND).",
)


@group.command("create")
@click.argument("name", type=params.LINE)
@context_option
@spec_option
@backend_option
@url_option
@token_option
@click.option("--owner", type=params.EMAIL, help="Whose it is; else the first operator's.")
@printing.json_option
def create(owner: str | None, as_json: bool, **options: Any) -> None:
    """Make a project."""
    rt = current.runtime()
    person = users.person(rt, owner) if owner else users.operator(rt)
    project = projects.create(rt, person, _given(options))
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
@spec_option
@backend_option
@url_option
@token_option
@printing.json_option
def update(project_id: str, as_json: bool, **options: Any) -> None:
    """Change a project, by id or public id."""
    rt = current.runtime()
    changes = _given(options)
    if not changes:
        raise click.UsageError("Say what to change.")
    project = projects.update(rt, users.operator(rt), project_id, changes)
    printing.one(printing.fields(project, FIELDS), f"Changed {project.name}.", as_json)


@group.command("show")
@click.argument("project_id")
@printing.json_option
def show(project_id: str, as_json: bool) -> None:
    """Show a project, by id or public id, and why it is not ready."""
    rt = current.runtime()
    project = projects.get(rt, users.operator(rt), project_id)
    item = printing.fields(project, FIELDS)
    lines = (f"{name}: {value}" for name, value in item.items() if value not in (None, ""))
    printing.one(item, "\n".join(lines), as_json)


@group.command("provision")
@click.argument("project_id")
@click.option("--wait", is_flag=True, help="Until it is ready; fails when it is not.")
@printing.json_option
def provision(project_id: str, wait: bool, as_json: bool) -> None:
    """Get a project its AI server; a server of Holdfast that runs does it."""
    rt = current.runtime()
    person = users.operator(rt)
    project = projects.provision(rt, person, project_id)
    deadline = time.monotonic() + (WAIT_MAX_S if wait else 0)
    while project.status == "PROVISIONING" and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
        project = projects.get(rt, person, project.id)
    sentence = f"{project.name} is {project.status}."
    if project.last_error:
        sentence += f" {project.last_error}"
    printing.one(printing.fields(project, FIELDS), sentence, as_json)
    if wait and project.status not in ("READY", "RUNNING"):
        raise SystemExit(1)


@group.command("stop")
@click.argument("project_id")
@printing.json_option
def stop(project_id: str, as_json: bool) -> None:
    """Stop a project's run, and its AI server if Holdfast started it."""
    rt = current.runtime()
    project = projects.stop(rt, users.operator(rt), project_id)
    printing.one(printing.fields(project, FIELDS), f"Stopped {project.name}.", as_json)


@group.command("members")
@click.argument("project_id")
@click.option("--add", type=params.EMAIL, multiple=True, help="Let this person use it.")
@click.option("--remove", type=params.EMAIL, multiple=True, help="Take this person out.")
@printing.json_option
def members(project_id: str, add: tuple[str, ...], remove: tuple[str, ...], as_json: bool) -> None:
    """List who uses a project besides those who run its workspace; or change that."""
    rt = current.runtime()
    person = users.operator(rt)
    for email in add:
        project_members.add(rt, person, project_id, None, email)
    for email in remove:
        user = users.person(rt, email)
        project_members.remove(rt, person, project_id, str(user.id))
    found = project_members.list_members(rt, person, project_id)
    items = [
        printing.fields(user, ("id", "name", "email")) | {"role": role} for user, role in found
    ]
    printing.many(items, ("id", "name", "email", "role"), as_json)


@group.command("remove")
@click.argument("project_id")
@click.confirmation_option(
    prompt="Its tool servers and its AI server go with it; its channels stay. Go on?"
)
def remove(project_id: str) -> None:
    """Remove a project with its tool servers, by id or public id."""
    rt = current.runtime()
    projects.delete(rt, users.operator(rt), project_id)
    click.echo(f"Removed project {printing.plain(project_id)}.")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Only what was said on the command line."""
    given = {name: value for name, value in options.items() if value is not None}
    if "ai_server_token" in given:
        given["ai_server_token"] = params.key(given["ai_server_token"], params.TOOL_KEY)
    return given
