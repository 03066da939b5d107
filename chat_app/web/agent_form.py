"""The form of an agent: its fields, and what it may do with which tools."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import AnyOf, DataRequired, Length, Optional, Regexp

from chat_app import access
from chat_app.web.forms import WITHOUT_NUL, Form, stripped, with_unix_lines

PROMPT_MAX_CHARS = 32_000
POLICIES = ("auto", "ask", "never")
MODEL, REMOTE = "model", "remote"
KINDS = {
    MODEL: _("A language model answers"),
    REMOTE: _("A project's AI server answers, by a run"),
}
# What a system prompt may name; see streaming/planning.py.
VARIABLES = {
    "agent": _("the agent's name"),
    "channel": _("the title of the channel"),
    "date": _("the day, such as 2026-11-20"),
}
TOO_LONG = _("This is too long.")
NO_TEMPERATURE = _("A temperature is a number from 0 to 2.")
NO_TOKENS = _("The most tokens are a whole number from 1 to 1,000,000.")
TEMPERATURE = Regexp(r"(?:[01](?:\.\d{1,4})?|2(?:\.0{1,4})?)?\Z", message=NO_TEMPERATURE)
TOKENS = Regexp(r"(?:[1-9]\d{0,5}|1000000)?\Z", message=NO_TOKENS)


def _text(most: int, *validators: Any) -> StringField:
    length = Length(max=most, message=TOO_LONG)
    return StringField(filters=[stripped], validators=[*validators, length, WITHOUT_NUL])


def _as_typed(number: str | float | None) -> str:
    """A stored number as one would type it."""
    return stripped(number) if isinstance(number, str | None) else f"{number:.10g}"


class AgentForm(Form):
    name = _text(100, DataRequired(_("An agent needs a name.")))
    handle = StringField(
        filters=[stripped],
        validators=[
            Length(max=40, message=TOO_LONG),
            Regexp(
                r"[\w-]*\Z", message=_("A handle has letters, digits, hyphens and underscores.")
            ),
        ],
    )
    system_prompt = TextAreaField(
        filters=[with_unix_lines],
        validators=[Length(max=PROMPT_MAX_CHARS, message=TOO_LONG), WITHOUT_NUL],
    )
    greeting = TextAreaField(
        filters=[with_unix_lines],
        validators=[Length(max=PROMPT_MAX_CHARS, message=TOO_LONG), WITHOUT_NUL],
    )
    provider_id = StringField(
        validators=[Regexp(r"\d*\Z", message=_("There is no such provider."))]
    )
    model = _text(200)
    temperature = StringField(filters=[_as_typed], validators=[TEMPERATURE])
    max_tokens = StringField(filters=[_as_typed], validators=[TOKENS])
    is_default = BooleanField()
    enabled = BooleanField()
    kind = StringField(default=MODEL, validators=[Optional(), AnyOf(KINDS)])
    project_id = StringField(validators=[Regexp(r"\d*\Z", message=_("There is no such project."))])

    def fields(self) -> dict[str, Any]:
        """What the services take; an empty handle is left to them. Raises `InvalidRequest`."""
        self.check()
        given: dict[str, Any] = {
            "name": self.text("name"),
            "greeting": self.text("greeting"),
            "is_default": bool(self.is_default.data),
            "enabled": bool(self.enabled.data),
        }
        if handle := self.text("handle"):
            given["handle"] = handle
        return given | (self._remote() if self.text("kind") == REMOTE else self._model())

    def _model(self) -> dict[str, Any]:
        temperature, tokens = self.text("temperature"), self.text("max_tokens")
        return {
            "system_prompt": self.text("system_prompt"),
            "provider_id": access.number(self.text("provider_id")),
            "model": self.text("model") or None,
            "temperature": float(temperature) if temperature else None,
            "max_tokens": int(tokens) if tokens else None,
        }

    def _remote(self) -> dict[str, Any]:
        return {"kind": REMOTE, "project_id": access.number(self.text("project_id"))}


@dataclass(frozen=True)
class ToolChoice:
    """Which servers an agent is offered, which of their tools are off, and how others are used."""

    servers: frozenset[int]
    disabled: frozenset[int]
    policies: dict[int, str]

    def fields(self) -> dict[str, Any]:
        return {
            "tool_server_ids": sorted(self.servers),
            "disabled_tool_ids": sorted(self.disabled),
            "tool_policies": self.policies,
        }


NO_TOOLS = ToolChoice(frozenset(), frozenset(), {})


def chosen(sent: MultiDict[str, str], before: ToolChoice) -> ToolChoice:
    """What the form says. A browser sends no box that is not ticked, so the form names the tools
    that it shows; what was chosen for others stays as it was `before`.
    """
    if "tools" not in sent:
        return before
    shown, on = _ids(sent.getlist("tool")), _ids(sent.getlist("on"))
    policies = {id: policy for id, policy in before.policies.items() if id not in shown}
    for tool_id in shown:
        if (policy := sent.get(f"policy_{tool_id}")) in POLICIES:
            policies[tool_id] = policy
    disabled = (before.disabled - shown) | (shown - on)
    return ToolChoice(_ids(sent.getlist("server")), disabled, policies)


def _ids(values: Iterable[str]) -> frozenset[int]:
    return frozenset(id for value in values if (id := access.number(value)) is not None)
