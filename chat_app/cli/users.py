"""People: add them, list them, give them a new password."""

import click

from chat_app import current
from chat_app.cli import params, printing
from chat_app.cli.commands import Commands
from chat_app.services import users

FIELDS = ("id", "public_id", "email", "name", "is_operator", "is_active", "created_at")
COLUMNS = ("id", "email", "name", "is_operator", "is_active", "created_at")
ROLES = ("owner", "admin", "member", "viewer")

group = Commands("users", help="People of this installation.")
password_option = click.option("--password", help="Asked for, unseen, when it is not given.")
generate_option = click.option("--generate", is_flag=True, help="Make one up and print it.")


@group.command("create")
@click.argument("email", type=params.EMAIL)
@click.option("--name", type=params.LINE, help="How others see them.")
@password_option
@generate_option
@click.option("--role", type=click.Choice(ROLES), default="member", show_default=True)
@click.option("--operator", is_flag=True, help="May do everything in every workspace.")
@printing.json_option
def create(
    email: str,
    name: str | None,
    password: str | None,
    generate: bool,
    role: str,
    operator: bool,
    as_json: bool,
) -> None:
    """Add a person to the first workspace."""
    password = _password(password, generate)
    user = users.create(current.runtime(), email, password, name, role, operator)
    item, sentence = printing.fields(user, FIELDS), f"Created {user.email}, id {user.id}."
    _print_with_password(item, sentence, password if generate else None, as_json)


@group.command("list")
@printing.json_option
def list_users(as_json: bool) -> None:
    """List all people."""
    found = users.list_users(current.runtime())
    printing.many([printing.fields(user, FIELDS) for user in found], COLUMNS, as_json)


@group.command("password")
@click.argument("email", type=params.EMAIL)
@password_option
@generate_option
@printing.json_option
def set_password(email: str, password: str | None, generate: bool, as_json: bool) -> None:
    """Give a person a new password."""
    password = _password(password, generate)
    user = users.set_password(current.runtime(), email, password)
    item, sentence = printing.fields(user, FIELDS), f"{user.email} has a new password."
    _print_with_password(item, sentence, password if generate else None, as_json)


def _password(given: str | None, generate: bool) -> str:
    if given is not None and generate:
        raise click.UsageError("--password and --generate exclude each other.")
    if generate:
        return users.new_password()
    return params.secret("Password", confirm=True) if given is None else given


def _print_with_password(
    item: printing.Item, sentence: str, password: str | None, as_json: bool
) -> None:
    if password is not None:
        item, sentence = item | {"password": password}, f"{sentence}\nPassword: {password}"
    printing.one(item, sentence, as_json)
