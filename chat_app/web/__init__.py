"""The pages: one file a screen. Every action is a plain form; JavaScript adds the live stream."""

from flask import Flask
from jinja2 import pass_context
from jinja2.runtime import Context

from chat_app import errors, markdown, sentences
from chat_app.services import tokens
from chat_app.web import (
    account,
    agent_try,
    agents,
    assets,
    attachments,
    audit,
    channel,
    channel_people,
    channel_settings,
    channels,
    compression,
    first_run,
    headers,
    invitations,
    languages,
    languages_page,
    message_actions,
    messages,
    openid,
    people,
    project_page,
    projects,
    providers,
    register,
    run_page,
    runs,
    search,
    settings_pages,
    shortcuts,
    sign_in,
    themes,
    token_pages,
    tool_servers,
    tools,
    usage,
    words,
    workspace,
)
from chat_app.web.blueprint import bp
from chat_app.web.refusals import refuse

__all__ = ["install", "refuse"]

# Importing a screen puts its views on the blueprint.
SCREENS = (
    account,
    agent_try,
    agents,
    assets,
    audit,
    channel,
    channel_people,
    channel_settings,
    channels,
    first_run,
    invitations,
    languages_page,
    message_actions,
    messages,
    openid,
    people,
    project_page,
    projects,
    providers,
    register,
    run_page,
    runs,
    search,
    shortcuts,
    sign_in,
    token_pages,
    tool_servers,
    tools,
    usage,
    workspace,
)


def install(app: Flask) -> None:
    app.config.update(
        PERMANENT_SESSION_LIFETIME=tokens.SESSION_DAYS * 86_400,
        # The token in the cookie ends by itself: writing the cookie anew would not prolong it.
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    app.jinja_env.globals.update(
        asset=assets.url, approval_action=runs.approval_action, answer_sentences=answer_sentences
    )
    app.jinja_env.globals.update(image_box=attachments.box)
    app.jinja_env.filters.update(markdown=markdown.render, sentence=_sentence, told=_told)
    app.jinja_env.filters.update(file_size=words.file_size, took=words.took)
    languages.install(app)
    themes.install(app)
    settings_pages.install(app)
    shortcuts.install(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.after_request(compression.compress)  # the last thing that is done: later ones come first
    app.after_request(headers.protect)
    app.register_blueprint(bp)


def answer_sentences() -> dict[str, str]:
    """What can go wrong with an answer, by code."""
    kinds = (errors.AnswerError, errors.ServerError)
    return {
        cls.error_code: sentence(cls.error_code) for cls in errors.codes() if issubclass(cls, kinds)
    }


def sentence(error_code: str | None) -> str:
    """What to tell a person about an answer that ended with this code."""
    return sentences.told(errors.from_code(error_code or "internal_error").message)


# With a context, for Jinja works out a filter of a constant once, in whose language it may be.
@pass_context
def _sentence(_: Context, error_code: str | None) -> str:
    return sentence(error_code)


@pass_context
def _told(_: Context, said: str) -> str:
    return sentences.told(said)
