"""The pages of the settings, as the navigation at their side lists them."""

from collections.abc import Callable
from typing import NamedTuple

from flask import Flask
from flask_babel import lazy_gettext as _

from chat_app.access import Person


class SettingsPage(NamedTuple):
    """`endpoint` is the page's view; only people for whom `is_for` holds are shown it."""

    endpoint: str
    label: str
    is_for: Callable[[Person], bool]


def everybody(person: Person) -> bool:
    return True


def manager(person: Person) -> bool:
    """Who runs a workspace, or the installation."""
    return person.is_operator or bool(person.managed_workspace_ids)


def operator(person: Person) -> bool:
    return person.is_operator


PAGES: tuple[SettingsPage, ...] = (
    SettingsPage("web.show_workspace", _("Workspace"), manager),
    SettingsPage("web.list_agents", _("Agents"), manager),
    SettingsPage("web.list_providers", _("Models"), operator),
    SettingsPage("web.list_tools", _("Tools"), everybody),
    SettingsPage("web.list_projects", _("Projects"), everybody),
    SettingsPage("web.list_people", _("People"), everybody),
    SettingsPage("web.show_usage", _("Usage"), manager),
    SettingsPage("web.show_audit", _("Audit log"), manager),
    SettingsPage("web.list_tokens", _("Tokens"), everybody),
    SettingsPage("web.show_account", _("Account"), everybody),
    SettingsPage("web.show_shortcuts", _("Shortcuts"), everybody),
)


def install(app: Flask) -> None:
    """Give templates `settings_pages(person)`: those that this person is shown."""
    app.jinja_env.globals.update(
        settings_pages=lambda person: [page for page in PAGES if page.is_for(person)]
    )
