"""The form of a provider. A key goes in and never comes out."""

from typing import Any
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, Field, PasswordField, StringField
from wtforms.validators import DataRequired, Length, Regexp, ValidationError

from chat_app.web.forms import WITHOUT_NUL, Form, stripped

DEMO_BASE_URL = "demo://holdfast/v1"
TOO_LONG = _("This is too long.")
# Where models are often to be had, as a form proposes them.
ADDRESSES = {
    "OpenAI": "https://api.openai.com/v1",
    "OpenRouter": "https://openrouter.ai/api/v1",
    "Ollama": "http://127.0.0.1:11434/v1",
    "LM Studio": "http://127.0.0.1:1234/v1",
}


def an_address(form: Form, field: Field) -> None:
    if field.data != DEMO_BASE_URL and not _is_address(field.data):
        raise ValidationError(_("This is not an http or https address."))
    if "@" in urlsplit(field.data).netloc:
        raise ValidationError(_("A key belongs into its own field, not into the address."))


def _is_address(text: str) -> bool:
    try:
        parts, port = urlsplit(text), urlsplit(text).port
    except ValueError:
        return False
    is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
    return is_web and text.isprintable() and " " not in text


class ProviderForm(Form):
    name = StringField(
        filters=[stripped],
        validators=[
            DataRequired(_("A provider needs a name.")),
            Length(max=100, message=TOO_LONG),
            WITHOUT_NUL,
        ],
    )
    base_url = StringField(
        filters=[stripped],
        validators=[
            DataRequired(_("A provider needs an address.")),
            Length(max=500, message=TOO_LONG),
            an_address,
        ],
    )
    api_key = PasswordField(
        filters=[stripped],
        validators=[
            Length(max=1_000, message=TOO_LONG),
            Regexp(r"[\x21-\x7e]*\Z", message=_("A key has no spaces or special letters in it.")),
        ],
    )
    default_model = StringField(
        filters=[stripped], validators=[Length(max=200, message=TOO_LONG), WITHOUT_NUL]
    )
    enabled = BooleanField()
    remove_key = BooleanField()
    serve = BooleanField()

    def fields(self) -> dict[str, Any]:
        """What the services take; a key only where one was typed, or is to be removed.

        Raises `InvalidRequest`.
        """
        self.check()
        given: dict[str, Any] = {
            "name": self.text("name"),
            "base_url": self.text("base_url").rstrip("/"),
            "default_model": self.text("default_model") or None,
            "enabled": bool(self.enabled.data),
        }
        if key := self.text("api_key"):
            given["api_key"] = key
        elif self.remove_key.data:
            given["api_key"] = None
        return given


class FirstProviderForm(ProviderForm):
    """The same for a provider that is asked a question at once: that takes a model."""

    default_model = StringField(
        filters=[stripped],
        validators=[
            DataRequired(_("Say which model to ask.")),
            Length(max=200, message=TOO_LONG),
            WITHOUT_NUL,
        ],
    )
