"""Runs: the answers of the installation, those under way and those of the past."""

from typing import Any

import click
import orjson

from chat_app import current
from chat_app.cli import printing
from chat_app.cli.commands import Commands
from chat_app.services import approvals, runs, users

FIELDS = (
    "id",
    "public_id",
    "channel_id",
    "agent_id",
    "question_id",
    "reply_id",
    "generation",
    "status",
    "attempt",
    "owner",
    "error_code",
    "error",
    "finish_reason",
    "usage",
    "model",
    "created_at",
    "started_at",
    "finished_at",
)
COLUMNS = ("id", "channel_id", "agent_id", "status", "attempt", "error_code", "model", "created_at")
LIST_MAX = 10_000

group = Commands("runs", help="The answers, those under way and those of the past.")


@group.command("list")
@click.option("--status", type=click.Choice(runs.STATUSES), help="Only these.")
@click.option(
    "--limit", type=click.IntRange(1, LIST_MAX), default=100, show_default=True, help="How many."
)
@printing.json_option
def list_runs(status: str | None, limit: int, as_json: bool) -> None:
    """List the runs of all workspaces, newest first."""
    rt = current.runtime()
    found = runs.list_all(rt, users.operator(rt), status, limit)
    printing.many([printing.fields(run, FIELDS) for run in found], COLUMNS, as_json)


@group.command("watch")
@click.argument("run_id")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document a line.")
@click.pass_context
def watch(context: click.Context, run_id: str, as_json: bool) -> None:
    """Print a run's events as they come, by id or public id, until its end.

    The exit status is 0 where the answer is whole, else 1.
    """
    rt = current.runtime()
    last = ""
    for event in runs.watch(rt, users.operator(rt), run_id):
        last = event.type
        click.echo(_line({"seq": event.seq, **orjson.loads(event.data)}, as_json))
    context.exit(0 if last == "done" else 1)


@group.command("cancel")
@click.argument("run_id")
@printing.json_option
def cancel(run_id: str, as_json: bool) -> None:
    """Stop an answer, by id or public id, in whichever process it is; what was said is kept."""
    rt = current.runtime()
    run = runs.cancel(rt, users.operator(rt), run_id)
    sentence = f"Asked run {run.id} to stop." if run.is_live else f"Run {run.id} had ended."
    printing.one(printing.fields(run, FIELDS), sentence, as_json)


@group.command("approve")
@click.argument("run_id")
@click.argument("call_id")
@click.option("--refuse", is_flag=True, help="Say no.")
@printing.json_option
def approve(run_id: str, call_id: str, refuse: bool, as_json: bool) -> None:
    """Allow the tool call CALL_ID that waits for a person, or refuse it."""
    rt = current.runtime()
    run = approvals.approve(rt, users.operator(rt), run_id, call_id, not refuse)
    said = "Refused" if refuse else "Allowed"
    printing.one(printing.fields(run, FIELDS), f"{said} the call; run {run.id} goes on.", as_json)


def _line(event: dict[str, Any], as_json: bool) -> str:
    if as_json:
        return orjson.dumps(event).decode()
    seq, kind = event.pop("seq"), event.pop("type")
    told = event["content"] if "content" in event else orjson.dumps(event).decode()
    return f"{seq:>5}  {kind:<9}  {printing.plain(told).replace(chr(10), '⏎')}"
