"""The fields of the forms about people: names, passwords, invitations, tokens."""

from flask_babel import lazy_gettext as _
from wtforms import IntegerField, PasswordField, SelectField, SelectMultipleField, StringField
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, Length, NumberRange
from wtforms.widgets import NumberInput

from chat_app.auth.passwords import PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS
from chat_app.services.invitations import DAYS, USES_MAX
from chat_app.web.forms import WITHOUT_NUL, Form, at_most, stripped
from chat_app.web.roles import ROLES

INVITATION_DAYS = [
    SelectChoice("1", _("1 day")),
    SelectChoice("7", _("7 days")),
    SelectChoice("30", _("30 days")),
    SelectChoice("90", _("90 days")),
]
TOKEN_DAYS = [
    SelectChoice("30", _("30 days")),
    SelectChoice("90", _("90 days")),
    SelectChoice("365", _("1 year")),
    SelectChoice("", _("For ever")),
]
SCOPES = [SelectChoice("read", _("Read")), SelectChoice("write", _("Write"))]


class NameForm(Form):
    name = StringField(
        filters=[stripped],
        validators=[DataRequired(_("A name is needed.")), at_most(100), WITHOUT_NUL],
    )


class PasswordForm(Form):
    current_password = PasswordField(validators=[at_most(PASSWORD_MAX_CHARS), WITHOUT_NUL])
    new_password = PasswordField(
        validators=[
            Length(
                PASSWORD_MIN_CHARS,
                PASSWORD_MAX_CHARS,
                _("A password has %(min)d to %(max)d characters."),
            ),
            WITHOUT_NUL,
        ]
    )


class ConnectForm(Form):
    password = PasswordField(validators=[at_most(PASSWORD_MAX_CHARS), WITHOUT_NUL])


class InvitationForm(Form):
    role = SelectField(choices=[SelectChoice(*role) for role in ROLES.items()], default="member")
    days = SelectField(choices=INVITATION_DAYS, default=str(DAYS))
    uses = IntegerField(
        default=1,
        widget=NumberInput(min=1, max=USES_MAX),
        validators=[
            NumberRange(1, USES_MAX, _("An invitation is for %(min)d to %(max)d people.")),
        ],
    )


class TokenForm(Form):
    name = StringField(
        filters=[stripped],
        validators=[DataRequired(_("A token needs a name.")), at_most(100), WITHOUT_NUL],
    )
    scopes = SelectMultipleField(choices=SCOPES, default=["read", "write"])
    days = SelectField(choices=TOKEN_DAYS, default="90")
