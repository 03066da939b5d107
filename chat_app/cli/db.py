"""The database: migrate it, and fill it when it is empty."""

import click

from chat_app import current
from chat_app.cli import printing
from chat_app.cli.commands import Commands
from chat_app.services import installation, schema

group = Commands("db", help="Migrate the database.", needs_schema=False)


@group.command("upgrade")
def upgrade() -> None:
    """Bring the schema up to date; an empty installation gets its first contents."""
    login = installation.upgrade(current.runtime())
    if login is None:
        click.echo("The database is up to date.")
        return
    password = login.password or "(the one in ADMIN_PASSWORD)"
    click.echo(f"\n  Sign in as  {login.email}\n  Password    {password}")
    if login.password:
        click.echo(
            "\n  The password is shown this once. To choose your own:\n"
            f"  .venv/bin/flask --app wsgi users password {login.email}"
        )


@group.command("downgrade")
@click.argument("revision")
@click.confirmation_option(prompt="This may delete data for good. Go on?")
def downgrade(revision: str) -> None:
    """Bring the schema back to REVISION; `base` empties the database."""
    schema.downgrade(current.runtime(), revision)
    click.echo(f"The database is at revision {revision}.")


@group.command("current")
@printing.json_option
def show_current(as_json: bool) -> None:
    """Show where the schema stands, and where this code needs it."""
    found = schema.revisions(current.runtime())
    item = {"current": found.current, "needed": found.needed}
    sentence = f"At revision {found.current or 'none'}; this code needs {found.needed}."
    printing.one(item, sentence, as_json)


@group.command("revise")
@click.argument("message")
def revise(message: str) -> None:
    """Write a new migration from the difference between the code and the database."""
    click.echo(schema.revise(current.runtime(), message))
