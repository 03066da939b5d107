"""The doctor's report."""

import json
from dataclasses import replace
from pathlib import Path

from chat_app import create_app
from chat_app.settings import OpenId, Settings
from tests.cli.conftest import Shell
from tests.fakes import FakeProvider
from tests.openid.fake_issuer import FakeIssuer
from tests.scripts import Status, says


def test_a_well_installation_is_status_0(shell: Shell, fake: FakeProvider) -> None:
    fake.enqueue(says("OK"))
    report = shell.json("doctor")
    assert report["ok"] is True
    assert [check["name"] for check in report["checks"]] == [
        "database",
        "event_log",
        "migrations",
        "provider Default",
    ]


def test_a_provider_that_refuses_us_is_status_1_and_named(shell: Shell, fake: FakeProvider) -> None:
    fake.enqueue([Status(401)])
    result = shell.run("doctor")
    assert result.exit_code == 1
    assert "BAD  provider Default: provider_auth_failed: " in result.stdout


def test_an_issuer_is_looked_at_where_one_is_set(settings: Settings, shell: Shell) -> None:
    with FakeIssuer() as issuer:
        oidc = OpenId(issuer.url, "holdfast", "secret", "Club")
        asks = Shell(create_app(replace(settings, oidc=oidc)))
        assert "ok   sign-in Club: answers" in asks.run("doctor").stdout
    said = asks.run("doctor").stdout
    assert "BAD  sign-in Club: issuer_unavailable: The sign-in of Club cannot be reached." in said


def test_an_empty_database_and_one_out_of_reach_are_reported_not_raised(
    settings: Settings, tmp_path: Path
) -> None:
    for url in (f"sqlite:///{tmp_path}/empty.db", "postgresql+psycopg://x@127.0.0.1:1/none"):
        result = Shell(create_app(replace(settings, database_url=url))).run("doctor", "--json")
        assert result.exit_code == 1
        assert json.loads(result.stdout)["ok"] is False
