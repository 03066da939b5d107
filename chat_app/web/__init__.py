"""The pages: one file a screen. Every action is a plain form; JavaScript adds the live stream."""

from flask import Flask

from chat_app import errors, markdown
from chat_app.services import tokens
from chat_app.web import (
    assets,
    channel,
    channel_settings,
    channels,
    headers,
    languages,
    messages,
    register,
    runs,
    settings_pages,
    sign_in,
    tools,
)
from chat_app.web.blueprint import bp
from chat_app.web.refusals import refuse

__all__ = ["install", "refuse"]

# Importing a screen puts its views on the blueprint.
SCREENS = (assets, channel, channel_settings, channels, messages, register, runs, sign_in, tools)


def install(app: Flask) -> None:
    app.config.update(
        PERMANENT_SESSION_LIFETIME=tokens.SESSION_DAYS * 86_400,
        # The token in the cookie ends by itself: writing the cookie anew would not prolong it.
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    app.jinja_env.globals.update(asset=assets.url, approval_action=runs.approval_action)
    app.jinja_env.filters.update(markdown=markdown.render, sentence=sentence)
    languages.install(app)
    settings_pages.install(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.after_request(headers.protect)
    app.register_blueprint(bp)


def sentence(error_code: str | None) -> str:
    """What to tell a person about an answer that ended with this code."""
    return errors.from_code(error_code or "internal_error").message
