"""Light or dark: the person's choice, kept in a cookie so that the first bytes are right."""

from flask import Flask, request
from flask_babel import lazy_gettext as _

COOKIE = "theme"
SYSTEM = "system"
THEMES = {SYSTEM: _("As the system"), "light": _("Light"), "dark": _("Dark")}


def install(app: Flask) -> None:
    app.jinja_env.globals.update(theme=theme)


def theme() -> str:
    """`light`, `dark`, or `system` for whoever made no choice."""
    chosen = request.cookies.get(COOKIE)
    return chosen if chosen in THEMES else SYSTEM
