"""The database: migrate it, and fill it when it is empty."""

import click
from flask.cli import AppGroup

from chat_app import current
from chat_app.services import installation

group = AppGroup("db", help="Migrate the database.")


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
        click.echo("  It is shown this once. Change it with `flask --app wsgi users password`.")
