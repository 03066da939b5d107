"""The short forms of the first run's steps."""

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from chat_app.web.agent_form import PROMPT_MAX_CHARS, TOO_LONG
from chat_app.web.forms import WITHOUT_NUL, Form, stripped, with_unix_lines


class FirstAgentForm(Form):
    name = StringField(
        filters=[stripped],
        validators=[
            DataRequired(_("An agent needs a name.")),
            Length(max=100, message=TOO_LONG),
            WITHOUT_NUL,
        ],
    )
    system_prompt = TextAreaField(
        filters=[with_unix_lines],
        validators=[Length(max=PROMPT_MAX_CHARS, message=TOO_LONG), WITHOUT_NUL],
    )

    def fields(self) -> dict[str, Any]:
        """What the services take: an agent that answers in every new channel.

        Raises `InvalidRequest`.
        """
        self.check()
        given = {"name": self.text("name"), "system_prompt": self.text("system_prompt")}
        return given | {"is_default": True, "enabled": True}


class FirstChannelForm(Form):
    title = StringField(
        filters=[stripped],
        validators=[
            DataRequired(_("A channel needs a title.")),
            Length(max=200, message=TOO_LONG),
            WITHOUT_NUL,
        ],
    )

    def fields(self) -> dict[str, Any]:
        self.check()
        return {"title": self.text("title")}
