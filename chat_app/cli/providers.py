"""Providers: the endpoints that agents get their models from."""

import click

from chat_app import current
from chat_app.cli import params, printing
from chat_app.cli.commands import Commands
from chat_app.services import providers, users

FIELDS = ("id", "name", "base_url", "default_model", "has_key", "read_timeout_s", "enabled")
READ_TIMEOUT_MAX_S = 3_600

group = Commands("providers", help="OpenAI-compatible endpoints for models.")


@group.command("add")
@click.argument("name", type=params.LINE)
@click.option("--base-url", type=params.BASE_URL, required=True, help="Up to and with its /v1.")
@click.option(
    "--api-key",
    type=params.API_KEY,
    envvar="PROVIDER_API_KEY",
    show_envvar=True,
    help=f"Its key, if it wants one; {params.FROM_TERMINAL} asks for it, unseen.",
)
@click.option("--model", type=params.MODEL, help="What agents use that name no model themselves.")
@click.option(
    "--read-timeout",
    type=params.Number(0, READ_TIMEOUT_MAX_S, min_open=True),
    default=30,
    show_default=True,
    help="The longest silence to bear, in seconds.",
)
@printing.json_option
def add(
    name: str,
    base_url: str,
    api_key: str | None,
    model: str | None,
    read_timeout: float,
    as_json: bool,
) -> None:
    """Add a provider."""
    fields = {
        "name": name,
        "base_url": base_url.rstrip("/"),
        "api_key": params.key(api_key, params.API_KEY),
        "default_model": model,
        "read_timeout_s": read_timeout,
    }
    rt = current.runtime()
    provider = providers.create(rt, users.operator(rt), fields)
    sentence = f"Added {provider.name}, id {provider.id}."
    printing.one(printing.fields(provider, FIELDS), sentence, as_json)


@group.command("list")
@printing.json_option
def list_providers(as_json: bool) -> None:
    """List all providers, never their keys."""
    found = providers.list_providers(current.runtime())
    printing.many([printing.fields(provider, FIELDS) for provider in found], FIELDS, as_json)


@group.command("test")
@click.argument("name_or_id")
@printing.json_option
def test(name_or_id: str, as_json: bool) -> None:
    """Ask a provider's default model for a word."""
    rt = current.runtime()
    found = providers.check(rt, users.operator(rt), name_or_id)
    item = {
        "ok": True,
        "model": found.model,
        "first_token_ms": found.first_token_ms,
        "models": found.models,
    }
    printing.one(item, f"{found.model} answered in {found.first_token_ms} ms.", as_json)


@group.command("remove")
@click.argument("name_or_id")
def remove(name_or_id: str) -> None:
    """Remove a provider. Its agents stay, and cannot answer until they get another."""
    rt = current.runtime()
    providers.delete(rt, users.operator(rt), name_or_id)
    click.echo(f"Removed {printing.plain(name_or_id)}.")
