"""The fields of the forms, and what may be in them."""

from uuid import uuid4

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import (
    EmailField,
    HiddenField,
    PasswordField,
    StringField,
    TextAreaField,
)
from wtforms.validators import AnyOf, Email, InputRequired, Length, Regexp

from chat_app.auth.passwords import PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS
from chat_app.errors import InvalidRequest

# PostgreSQL cannot store NUL, and no person types it.
WITHOUT_NUL = Regexp(r"[^\0]*\Z", message=_("There is a character here that cannot be stored."))


def at_most(chars: int) -> Length:
    return Length(max=chars, message=_("This may have %(num)d characters at most.", num=chars))


def stripped(text: str | None) -> str:
    return (text or "").strip()


def with_unix_lines(text: str | None) -> str:
    """Browsers send CR LF from a form; the same words sent by JavaScript have LF."""
    return (text or "").replace("\r\n", "\n")


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Filled from the request that is under way."""

    def check(self) -> None:
        """Raises `InvalidRequest` with what is wrong in the first field that is."""
        if not self.validate():
            field, wrong = next(iter(self.errors.items()))
            raise InvalidRequest(str(wrong[0]), field=field)

    def text(self, name: str) -> str:
        """What is in this field, empty where the request had none."""
        return self[name].data or ""


class SignInForm(Form):
    email = EmailField(filters=[stripped], validators=[at_most(254), WITHOUT_NUL])
    password = PasswordField(validators=[at_most(PASSWORD_MAX_CHARS), WITHOUT_NUL])


class RegisterForm(Form):
    name = StringField(filters=[stripped], validators=[at_most(100), WITHOUT_NUL])
    email = EmailField(
        filters=[stripped],
        validators=[at_most(254), Email(_("This is not an email address."))],
    )
    password = PasswordField(
        validators=[
            Length(
                PASSWORD_MIN_CHARS,
                PASSWORD_MAX_CHARS,
                _(
                    "A password has %(low)d to %(high)d characters.",
                    low=PASSWORD_MIN_CHARS,
                    high=PASSWORD_MAX_CHARS,
                ),
            ),
            WITHOUT_NUL,
        ]
    )


class NewChannelForm(Form):
    title = StringField(filters=[stripped], validators=[at_most(200), WITHOUT_NUL])


class ChannelForm(Form):
    title = StringField(
        filters=[stripped],
        validators=[InputRequired(_("A channel needs a title.")), at_most(200), WITHOUT_NUL],
    )
    agent_id = StringField(validators=[Regexp(r"\d*\Z", message=_("There is no such agent."))])
    reply_mode = StringField(validators=[AnyOf(["auto", "mention"])])
    project_id = StringField(validators=[Regexp(r"\d*\Z", message=_("There is no such project."))])


class ComposerForm(Form):
    """`client_id` is made with the page, so that what is sent twice is posted once."""

    body = TextAreaField(filters=[with_unix_lines], validators=[WITHOUT_NUL])
    client_id = HiddenField(default=lambda: str(uuid4()), validators=[at_most(64), WITHOUT_NUL])
