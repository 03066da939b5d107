"""Every page there is, for whoever walks through all of them; and a server that has them all."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from chat_app.settings import Settings
from tests.servers import ROOT, environment, migrate, serve

EMAIL, PASSWORD = "ada@example.com", "correct-horse"


@dataclass(frozen=True)
class Screen:
    """A page, by the name of its picture; `{…}` in its address are ids of the exhibit. `press` is
    a selector of what is to be clicked there before one looks, `shows` of what comes of it late.
    """

    name: str
    address: str
    press: str | None = None
    shows: str | None = None

    def open(self, page: Page) -> None:
        page.goto(self.address)
        if self.press:
            page.locator(self.press).first.click()
        if self.shows:
            page.locator(self.shows).first.wait_for()


# For people who have not signed in.
OUTSIDE = (
    Screen("sign-in", "/login"),
    Screen("register", "/register"),
    Screen("invitation", "/invite/{invitation}"),
)
# A new page has to be listed here: tests/browser/test_accessibility.py sees to it.
INSIDE = (
    Screen("chat", "/channels/{channel}"),
    Screen("chat-tool", "/channels/{channel}", press=".tool summary"),
    Screen("chat-delete", "/channels/{channel}", press=".question.own [data-delete]"),
    Screen("chat-waiting", "/channels/{waiting}"),
    Screen("chat-trouble", "/channels/{trouble}"),
    Screen("chat-tides", "/channels/{tides}"),
    Screen("chat-empty", "/channels/{empty}"),
    Screen("chat-task", "/channels/{thread}", press=".task-log summary", shows=".task-lines li"),
    Screen("chat-older", "/channels/{archive}?before={late}"),
    Screen("channels", "/channels"),
    Screen("channel-settings", "/channels/{channel}/settings"),
    Screen("search", "/search?q=seats"),
    Screen("search-empty", "/search"),
    Screen("message-edit", "/messages/{message}/edit"),
    Screen("message-delete", "/messages/{message}/delete"),
    Screen("message-feedback", "/messages/{answer}/feedback"),
    Screen("tools", "/tools"),
    Screen("tool-server-new", "/tools/new"),
    Screen("tool-server", "/tools/{server}"),
    Screen("tool-server-edit", "/tools/{server}/edit"),
    Screen("agents", "/settings/agents"),
    Screen("agent-new", "/settings/agents/new"),
    Screen("agent", "/settings/agents/{agent}"),
    Screen("providers", "/settings/providers"),
    Screen("provider-new", "/settings/providers/new"),
    Screen("provider", "/settings/providers/{provider}"),
    Screen("projects", "/settings/projects"),
    Screen("project-new", "/settings/projects/new"),
    Screen("project", "/settings/projects/{project}"),
    Screen("project-edit", "/settings/projects/{project}/edit"),
    Screen("run", "/runs/{run}"),
    Screen("people", "/settings/people"),
    Screen("people-invited", "/settings/people", press="form[action$=invitations] button"),
    Screen("invitation-inside", "/invite/{invitation}"),
    Screen("tokens", "/settings/tokens"),
    Screen("account", "/settings/account"),
    Screen("usage", "/settings/usage"),
    Screen("audit", "/settings/audit"),
    Screen("workspace", "/settings/workspace"),
    Screen("shortcuts", "/settings/shortcuts"),
    Screen("start-done", "/start"),
)
# No page answers at this address, or an error's.
NOWHERE = Screen("not-found", "/nowhere")
# In an installation in which nothing can answer.
EMPTY = (Screen("start", "/start"), Screen("channels-none", "/channels"))
# What answers a GET and is no page: a part of one, a file, or a redirection.
NO_SCREENS = {
    "web.asset",
    "web.begin_openid",
    "web.come_back",
    "web.download_log",
    "web.end_openid",
    "web.home",
    "web.list_latest",
    "web.show_approval",
    "web.show_article",
    "web.show_message",
}


@dataclass(frozen=True)
class Exhibit:
    """A running server that is full, and the ids in it."""

    url: str
    ids: dict[str, Any]
    environment: dict[str, str]

    def walk(self, *pages: Page) -> Iterator[tuple[Screen, Page]]:
        """Every screen, opened in each of these pages: as a visitor, signed in, and at the end
        without anything that makes an answer.
        """
        yield from self._opened((*OUTSIDE, NOWHERE), pages)
        for page in pages:
            _sign_in(page)
        yield from self._opened((*INSIDE, replace(NOWHERE, name="not-found-inside")), pages)
        _run("tests.browser.empty", self.environment)
        yield from self._opened(EMPTY, pages)

    def _opened(
        self, screens: Iterable[Screen], pages: Sequence[Page]
    ) -> Iterator[tuple[Screen, Page]]:
        for screen in screens:
            here = replace(screen, address=screen.address.format_map(self.ids))
            for page in pages:
                here.open(page)
                yield here, page


@contextmanager
def exhibited(folder: Path) -> Iterator[Exhibit]:
    """A server of its own with the exhibit in it, gone at the end."""
    settings = Settings(
        secret_keys=("a-secret-for-the-exhibit",),
        database_url=f"sqlite:///{folder}/exhibit.db",
        admin_email=EMAIL,
        admin_password=PASSWORD,
        openai_api_key="sk-exhibit",
        openai_base_url="http://127.0.0.1:1/v1",
        openai_model="gpt-4.1-mini",
        log_level="WARNING",
    )
    env = environment(settings)
    migrate(settings)
    ids = json.loads(_run("tests.browser.exhibit", env))
    with serve(settings, folder / "log") as server:
        yield Exhibit(server.url, ids, env)


def _sign_in(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/channels/*")


def _run(module: str, env: dict[str, str]) -> bytes:
    command = [sys.executable, "-m", module]
    return subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE).stdout
