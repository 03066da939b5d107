"""Finds out which request a too long, or broken, message answers, from its two ends. Pure."""

import re

from chat_app.tools.lines import LongLine

# JSON-RPC puts no order on members: Python's SDK writes the id before the result, JavaScript's
# after it.
_FIRST = re.compile(
    rb'\A\s*\{\s*"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*(\d{1,15})\s*,\s*"(?:result|error)"'
)
_LAST = re.compile(rb'[,{]\s*"id"\s*:\s*(\d{1,15})\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*\Z')


def answered_id(line: LongLine) -> int | None:
    """The id of the request, or None where the ends do not say it."""
    found = _FIRST.search(line.head) or _LAST.search(line.tail)
    return int(found[1]) if found else None
