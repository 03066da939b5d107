"""How commands print: aligned columns for people, one JSON document for programs."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click

Item = dict[str, Any]

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def fields(row: object, names: Iterable[str]) -> Item:
    """`{name: value}` of a row."""
    return {name: getattr(row, name) for name in names}


def one(item: Item, sentence: str, as_json: bool) -> None:
    """What a command made: in a sentence, or the thing itself."""
    click.echo(_json(item) if as_json else plain(sentence))


def many(items: Sequence[Item], columns: Sequence[str], as_json: bool) -> None:
    """A list, in the API's form as JSON; for people only these columns of it."""
    if as_json:
        click.echo(_json({"items": items, "next": None}))
        return
    rows = [list(columns), *([_cell(item[name]) for name in columns] for item in items)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def plain(text: str) -> str:
    """`text` without what a terminal would obey: people choose their own names."""
    return "".join(char if char.isprintable() or char == "\n" else "�" for char in text)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, list):
        return " ".join(value)
    return "-" if value in (None, "") else plain(str(value)).replace("\n", " ")


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, default=_time)


def _time(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")
