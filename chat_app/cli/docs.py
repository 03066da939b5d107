"""Pages of docs/ that are written from the code."""

import inspect

import click
from flask.cli import AppGroup

from chat_app import errors
from chat_app.errors import HoldfastError

INTRODUCTION = """\
# Error codes

<!-- Written by `make docs` from chat_app/errors.py. Change it there. -->

Every refusal and every failure is one JSON object:

    {"error": "Channel not found", "error_code": "channel_not_found", "retryable": false}

`error` is a sentence for a person and may be more exact than the one below; programs go by
`error_code`. `retryable` says whether the same request can succeed later. Some codes add fields
of their own. Doors for EventSource answer 200 in any case and send the object as an `error`
event; see [the API](api.md#errors).
"""

group = AppGroup("docs", help="Write pages of docs/ from the code.")


@group.command("errors")
def show_errors() -> None:
    """Print docs/errors.md."""
    click.echo(errors_page(), nl=False)


def errors_page() -> str:
    """The table of codes, as Markdown."""
    lines = [INTRODUCTION]
    part = None
    for cls in errors.codes():
        if _part_of(cls) is not part:
            part = _part_of(cls)
            lines += [f"\n## {inspect.getdoc(part)}\n\n", "| code | status | retry | sentence |\n"]
            lines.append("|---|---|---|---|\n")
        retry = "yes" if cls.retryable else "no"
        lines.append(f"| `{cls.error_code}` | {cls.http_status} | {retry} | {_sentence(cls)} |\n")
    return "".join(lines)


def _part_of(cls: type[HoldfastError]) -> type[HoldfastError]:
    """The branch of the tree that a class is on."""
    return next(parent for parent in cls.__mro__[::-1] if parent in HoldfastError.__subclasses__())


def _sentence(cls: type[HoldfastError]) -> str:
    about = inspect.cleandoc(cls.__doc__ or "").replace("\n", " ")
    return f"{cls.sentence} {about}".strip()
