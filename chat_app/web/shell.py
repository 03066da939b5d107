"""What is around every page of somebody who has signed in."""

from typing import Any

from flask import render_template

from chat_app import current
from chat_app.services import channels, tool_logins, unread

SIDEBAR_CHANNELS = 50


def page(template: str, **shown: Any) -> str:
    """The template with the person and their latest channels beside it. Raises `Unauthorized`."""
    person = current.person()
    latest, more = channels.list_channels(current.runtime(), person, None, SIDEBAR_CHANNELS)
    around = {
        "person": person,
        "latest": latest,
        "has_more": bool(more),
        "unread": unread.counts(current.runtime(), person, [channel.id for channel in latest]),
        "has_tools": tool_logins.sees_any(current.runtime(), person),
    }
    return render_template(template, **around, **shown)
