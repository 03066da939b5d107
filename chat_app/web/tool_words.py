"""What a tool's server says of it, in words, and its schema as one may read it. Pure."""

import json
from typing import Any

from flask_babel import lazy_gettext as _

# The server's own word for it (MCP, "Tool annotations"): a hint, never a promise.
ONLY_READS = _("only reads")
MAY_DELETE = _("may delete")
REPEATABLE = _("twice does no more than once")
REACHES_OUT = _("reaches the outside world")


def said_of(annotations: dict[str, Any]) -> list[Any]:
    """What is true of the tool, the most important first."""
    words = []
    if annotations.get("readOnlyHint") is True:
        words.append(ONLY_READS)
    elif annotations.get("destructiveHint") is True:
        words.append(MAY_DELETE)
    if annotations.get("idempotentHint") is True:
        words.append(REPEATABLE)
    if annotations.get("openWorldHint") is True:
        words.append(REACHES_OUT)
    return words


def schema_of(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False)
