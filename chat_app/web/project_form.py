"""The form of a project. A token goes in and never comes out."""

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, PasswordField, StringField, TextAreaField
from wtforms.validators import AnyOf, DataRequired, Length, Optional, Regexp

from chat_app.web.forms import WITHOUT_NUL, Form, stripped, with_unix_lines
from chat_app.web.remote_words import BACKENDS

TEXT_MAX_CHARS = 32_000
URL_MAX_CHARS = 2_000
TOKEN_MAX_CHARS = 4_000
TOO_LONG = _("This is too long.")
LONG_TEXT = [Length(max=TEXT_MAX_CHARS, message=TOO_LONG), WITHOUT_NUL]


class ProjectForm(Form):
    name = StringField(
        filters=[stripped],
        validators=[
            DataRequired(_("A project needs a name.")),
            Length(max=100, message=TOO_LONG),
            WITHOUT_NUL,
        ],
    )
    context = TextAreaField(filters=[with_unix_lines], validators=LONG_TEXT)
    spec = TextAreaField(filters=[with_unix_lines], validators=LONG_TEXT)
    backend = StringField(validators=[Optional(), AnyOf(BACKENDS)])
    ai_server_url = StringField(
        filters=[stripped], validators=[Length(max=URL_MAX_CHARS, message=TOO_LONG), WITHOUT_NUL]
    )
    ai_server_token = PasswordField(
        filters=[stripped],
        validators=[
            Length(max=TOKEN_MAX_CHARS, message=TOO_LONG),
            Regexp(r"[\x21-\x7e]*\Z", message=_("A token has no spaces or special letters in it.")),
        ],
    )
    remove_token = BooleanField()

    def fields(self) -> dict[str, Any]:
        """What the services take: only what the form asked for. Raises `InvalidRequest`."""
        self.check()
        asked = [name for name in ("name", "context", "spec", "backend") if self[name].raw_data]
        given: dict[str, Any] = {name: self.text(name) for name in asked}
        if given.get("backend") == "process":
            return given  # where it is and what it is asked with are ours
        if self.ai_server_url.raw_data:
            given["ai_server_url"] = self.text("ai_server_url") or None
        return given | self._token()

    def _token(self) -> dict[str, str | None]:
        """Only where one was typed, or is to be removed."""
        if token := self.text("ai_server_token"):
            return {"ai_server_token": token}
        return {"ai_server_token": None} if self.remove_token.data else {}
