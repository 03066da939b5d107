"""What a tool server lists, written down: new tools, changed ones, and those that are gone."""

from chat_app.store.base import now
from chat_app.store.db import Session
from chat_app.store.tool_servers import ToolServerRow
from chat_app.store.tools import ToolRow, known_tools
from chat_app.tools.values import Listing, ServerSpec, ToolSpec


def store_listing(session: Session, asked: ServerSpec, listing: Listing) -> ToolServerRow | None:
    """Make the stored tools those of the listing, and the server connected.

    None where there is no such server, or one that has been moved since it was asked. A tool that
    is not what it was is marked: somebody has to agree to it anew.
    """
    server = session.get(ToolServerRow, asked.id, with_for_update=True)
    if server is None or not _is_asked(server, asked):
        return None
    known = known_tools(session, server.id)
    for spec in listing.tools:
        if (row := known.pop(spec.name, None)) is None:
            row = ToolRow(server_id=server.id, name=spec.name)
            session.add(row)
        else:
            row.changed = row.changed or not _is_same(row, spec)
        row.description, row.listed = spec.description, True
        row.input_schema, row.annotations = spec.input_schema, spec.annotations
    for gone in known.values():
        gone.listed = False
    server.state, server.last_sync = "connected", now()
    server.state_message = _about(listing)
    return server


def _is_asked(server: ToolServerRow, asked: ServerSpec) -> bool:
    found = (server.transport, server.url, tuple(server.command or ()))
    return found == (asked.transport, asked.url, asked.command)


def _is_same(row: ToolRow, spec: ToolSpec) -> bool:
    return (row.description, row.input_schema, row.annotations) == (
        spec.description,
        spec.input_schema,
        spec.annotations,
    )


def _about(listing: Listing) -> str | None:
    if not listing.left_out:
        return None
    return f"{listing.left_out} of its tools are left out: too many, too large or not callable."
