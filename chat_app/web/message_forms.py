"""The fields of the forms about one message."""

from flask_babel import lazy_gettext as _
from wtforms import StringField, TextAreaField
from wtforms.validators import AnyOf

from chat_app.web.forms import WITHOUT_NUL, Form, at_most, stripped, with_unix_lines

COMMENT_MAX_CHARS = 2_000
RATINGS = {"up": _("Helpful"), "down": _("Not helpful")}


class EditForm(Form):
    body = TextAreaField(filters=[with_unix_lines], validators=[WITHOUT_NUL])


class FeedbackForm(Form):
    rating = StringField(validators=[AnyOf(RATINGS, _("Say whether it helped."))])
    comment = TextAreaField(
        filters=[with_unix_lines, stripped], validators=[at_most(COMMENT_MAX_CHARS), WITHOUT_NUL]
    )
