"""The keys that do something: their list, and whether those of one letter do."""

from typing import NamedTuple

from flask import Flask, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from chat_app.web import shell
from chat_app.web.blueprint import bp

COOKIE = "shortcuts"
OFF = "off"


class Shortcut(NamedTuple):
    """`keys` are pressed together, in the words that are on them."""

    keys: tuple[str, ...]
    does: str


# What static/js/shortcuts.js has under the same keys.
SINGLE = (
    Shortcut(("?",), _("Shows this list")),
    Shortcut(("/",), _("To the search")),
    Shortcut(("c",), _("To the message field")),
    Shortcut(("j",), _("To the next channel")),
    Shortcut(("k",), _("To the channel before")),
    Shortcut(("n",), _("To the newest message")),
    Shortcut(("s",), _("Stops the answer")),
)
WRITING = (
    Shortcut(("Enter",), _("Sends the message")),
    Shortcut(("Shift", "Enter"), _("Makes a new line")),
    Shortcut(("@",), _("Offers agents and people; ↑ ↓ choose, Enter or Tab takes one")),
    Shortcut(("Esc",), _("Closes what is offered, then leaves the message field")),
)
ELSEWHERE = (
    Shortcut(("Tab",), _("To the next link, button or field; with Shift back")),
    Shortcut(("Esc",), _("Closes a dialog, or leaves a message as it was while you edit it")),
)


@bp.get("/settings/shortcuts")
def show_shortcuts() -> ResponseReturnValue:
    groups = (
        (_("Anywhere, unless you type"), SINGLE),
        (_("While you write a message"), WRITING),
        (_("Everywhere else"), ELSEWHERE),
    )
    return shell.page("shortcuts.html", groups=groups)


def are_on() -> bool:
    """Whether keys of one letter do anything in this browser."""
    return request.cookies.get(COOKIE) != OFF


def install(app: Flask) -> None:
    app.jinja_env.globals.update(has_shortcuts=are_on)
