"""Bearer tokens for machines."""

from typing import Any

import click

from chat_app import current
from chat_app.cli import params, printing
from chat_app.cli.commands import Commands
from chat_app.services import tokens

FIELDS = ("id", "name", "scopes", "created_at", "expires_at", "last_used_at")

group = Commands("tokens", help="Bearer tokens for machines.")


@group.command("create")
@click.argument("email", type=params.EMAIL)
@click.option("--name", type=params.LINE, default="shell", show_default=True)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(tokens.SCOPES),
    multiple=True,
    default=tokens.SCOPES,
    help="What it may do; once for each. Without it: everything its person may.",
)
@click.option("--days", type=click.IntRange(1, tokens.TOKEN_DAYS_MAX), help="For ever if absent.")
@printing.json_option
def create(email: str, name: str, scopes: tuple[str, ...], days: int | None, as_json: bool) -> None:
    """Make a token for a person. It is shown this once."""
    rt = current.runtime()
    owner = tokens.owner_of(rt, email)
    issued = tokens.issue(rt, owner.id, name, tuple(dict.fromkeys(scopes)), days)
    printing.one(_item(issued.row) | {"token": issued.secret}, issued.secret, as_json)


@group.command("list")
@click.argument("email", type=params.EMAIL)
@printing.json_option
def list_tokens(email: str, as_json: bool) -> None:
    """List a person's tokens, never the secrets themselves."""
    rt = current.runtime()
    found = tokens.list_tokens(rt, tokens.owner_of(rt, email).id)
    printing.many([_item(token) for token in found], FIELDS, as_json)


@group.command("revoke")
@click.argument("email", type=params.EMAIL)
@click.argument("token_id")
def revoke(email: str, token_id: str) -> None:
    """Make a token of a person worthless, at once."""
    rt = current.runtime()
    tokens.revoke(rt, tokens.owner_of(rt, email).id, token_id)
    click.echo(f"Revoked token {token_id}.")


def _item(token: Any) -> printing.Item:
    """A token as the API shows it."""
    return printing.fields(token, FIELDS) | {"scopes": token.scopes.split()}
