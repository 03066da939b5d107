"""Is this installation well?"""

from dataclasses import asdict

import click
from flask.cli import with_appcontext

from chat_app import current
from chat_app.cli import printing
from chat_app.services import installation


@click.command("doctor")
@printing.json_option
@with_appcontext
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Check the database, its migrations, every enabled provider, and the sign-in's issuer.

    The exit status is 1 where something is wrong.
    """
    checks = installation.doctor(current.runtime())
    is_well = all(check.is_ok for check in checks)
    lines = [f"{'ok ' if check.is_ok else 'BAD'}  {check.name}: {check.detail}" for check in checks]
    item = {"ok": is_well, "checks": [asdict(check) for check in checks]}
    printing.one(item, "\n".join(lines), as_json)
    context.exit(0 if is_well else 1)
