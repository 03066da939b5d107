"""The form of a tool server with an address. What is secret goes in and never comes out."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, PasswordField, StringField, TextAreaField
from wtforms.validators import AnyOf, DataRequired, Length, Regexp

from chat_app.errors import InvalidRequest
from chat_app.web.forms import WITHOUT_NUL, Form, stripped, with_unix_lines

TOO_LONG = _("This is too long.")
VISIBLE = Regexp(r"[\x21-\x7e]*\Z", message=_("A key has no spaces or special letters in it."))
KEY = (Length(max=4_000, message=TOO_LONG), VISIBLE)
HEADERS_MAX_CHARS = 40_000
# Typed in, and kept unless something else is typed.
SECRET = ("api_key", "oauth_client_id", "oauth_client_secret")


class ServerNameForm(Form):
    """What may be changed of every server, a command's too."""

    name = StringField(
        filters=[stripped],
        validators=[
            DataRequired(_("A tool server needs a name.")),
            Length(max=100, message=TOO_LONG),
            WITHOUT_NUL,
        ],
    )
    enabled = BooleanField()

    def fields(self) -> dict[str, Any]:
        """What the services take. Raises `InvalidRequest`."""
        self.check()
        return {"name": self.text("name"), "enabled": bool(self.enabled.data)}


class ServerForm(ServerNameForm):
    url = StringField(
        filters=[stripped],
        validators=[
            DataRequired(_("A tool server needs an address.")),
            Length(max=2_000, message=TOO_LONG),
            WITHOUT_NUL,
        ],
    )
    transport = StringField(validators=[AnyOf(["http", "sse"])])
    api_key = PasswordField(filters=[stripped], validators=KEY)
    remove_key = BooleanField()
    headers = TextAreaField(
        filters=[with_unix_lines], validators=[Length(max=HEADERS_MAX_CHARS, message=TOO_LONG)]
    )
    remove_headers = BooleanField()
    oauth_client_id = StringField(filters=[stripped], validators=KEY)
    oauth_client_secret = PasswordField(filters=[stripped], validators=KEY)

    def fields(self) -> dict[str, Any]:
        given = super().fields() | {"url": self.text("url"), "transport": self.text("transport")}
        given |= {name: self.text(name) for name in SECRET if self.text(name)}
        if headers := headers_of(self.text("headers")):
            given["headers"] = headers
        elif self.remove_headers.data:
            given["headers"] = None
        if self.remove_key.data:
            given.setdefault("api_key", None)
        return given


def headers_of(text: str) -> dict[str, str]:
    """`Name: value` on each line. Raises `InvalidRequest`, repeating nothing: it may be secret."""
    headers: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.split("\n"))):
        name, colon, value = line.partition(":")
        if not colon or name.strip() in headers:
            raise InvalidRequest(
                gettext("Write each header once, on a line of its own: Name: value"),
                field="headers",
            )
        headers[name.strip()] = value.strip()
    return headers
