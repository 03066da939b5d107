"""An installation that people sign in to with an issuer, and a browser in front of it."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from chat_app import create_app
from chat_app.settings import OpenId
from tests.openid.fake_issuer import CLIENT_ID, SECRET, FakeIssuer
from tests.web.visitor import Visitor

CALLBACK = "/login/openid/callback"


@pytest.fixture(scope="module")
def served() -> Iterator[FakeIssuer]:
    with FakeIssuer() as issuer:
        yield issuer


@pytest.fixture
def club(served) -> FakeIssuer:
    served.reset()
    return served


@pytest.fixture(scope="module")
def house(built, served, template, tmp_path_factory):
    """Makes applications of one installation: `house(signup=False)`, `house(domains={…})`."""
    url = template.copy("sqlite", tmp_path_factory.mktemp("club"))
    oidc = OpenId(served.url, CLIENT_ID, SECRET, "Club")
    settings = replace(built.settings, database_url=url)
    made = []

    def make(domains=(), **changed):
        with_issuer = replace(oidc, domains=frozenset(domains))
        app = create_app(replace(settings, oidc=with_issuer, **changed))
        made.append(app.extensions["holdfast"])
        return app

    yield make
    for runtime in made:
        runtime.close()


@pytest.fixture(scope="module")
def open_house(house):
    return house()


@pytest.fixture
def rt(open_house):
    return open_house.extensions["holdfast"]


@pytest.fixture
def browser(open_house) -> Visitor:
    return Visitor(open_house)


def someone(name, **more):
    """The claims of somebody whose address the issuer has verified."""
    email = f"{name}@example.com"
    return {"sub": f"sub-{name}", "email": email, "email_verified": True, "name": name, **more}


def come(browser, club, person=None, target=""):
    """A whole sign-in; the last answer."""
    club.person = person or club.person
    sent = browser.get(f"/login/openid{target}")
    assert sent.status_code == 303, sent.text
    back = urlsplit(club.visit(sent.location))
    assert back.path == CALLBACK
    return browser.get(f"{back.path}?{back.query}")


def who(browser) -> str:
    """The address of who is signed in, empty for nobody."""
    page = browser.get("/settings/account")
    found = page.text.partition('<p class="quiet">')[2].partition("</p>")[0]
    return found if page.status_code == 200 else ""
