"""Providers, from the shell."""

import pytest

from tests.cli.conftest import Shell
from tests.fakes import FakeProvider
from tests.scripts import Status, says

KEY = "sk-very-secret"


def add(shell: Shell, *options: str, stdin: str | None = None, name: str = "Local") -> str:
    base = ("--base-url", "http://127.0.0.1:1/v1")
    added = shell.run("providers", "add", name, *base, *options, stdin=stdin)
    assert added.exit_code == 0, added.output
    return added.output


def test_an_added_provider_is_listed_without_its_key(shell: Shell) -> None:
    add(shell, "--api-key", KEY, "--model", "llama", "--read-timeout", "90")
    shown = shell.json("providers", "list")["items"][-1]
    assert shown == {
        "id": shown["id"],
        "name": "Local",
        "base_url": "http://127.0.0.1:1/v1",
        "default_model": "llama",
        "has_key": True,
        "read_timeout_s": 90.0,
        "enabled": True,
    }
    assert KEY not in shell.run("providers", "list", "--json").output


def test_a_key_comes_from_standard_input_or_the_environment_and_is_not_echoed(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert KEY not in add(shell, "--api-key", "-", stdin=f"{KEY}\n")
    monkeypatch.setenv("PROVIDER_API_KEY", KEY)
    assert KEY not in add(shell, name="Other")
    assert [p["has_key"] for p in shell.json("providers", "list")["items"][-2:]] == [True, True]


def test_a_local_provider_needs_no_key(shell: Shell) -> None:
    add(shell)
    assert shell.json("providers", "list")["items"][-1]["has_key"] is False


def test_the_key_that_was_added_reaches_the_provider(shell: Shell, fake: FakeProvider) -> None:
    fake.enqueue(says("OK"))
    shell.run(
        *("providers", "add", "Fake", "--base-url", f"{fake.base_url}/"),
        *("--api-key", KEY, "--model", "m"),
    )
    tested = shell.json("providers", "test", "Fake")
    assert (tested["ok"], tested["model"]) == (True, "m")
    assert fake.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_provider_that_fails_its_test_is_one_line_with_the_code(
    shell: Shell, fake: FakeProvider
) -> None:
    fake.enqueue([Status(401)])
    assert shell.refusal("providers", "test", "Default").startswith("provider_auth_failed: ")


def test_a_provider_without_a_model_or_a_place_is_refused(shell: Shell) -> None:
    add(shell)
    assert shell.refusal("providers", "test", "Local").startswith("provider_not_configured: ")
    for unknown in ("Nowhere", "99", "99999999999999999999"):
        assert shell.refusal("providers", "test", unknown).startswith("provider_not_found: ")
        assert shell.refusal("providers", "remove", unknown).startswith("provider_not_found: ")


def test_a_name_is_taken_once(shell: Shell) -> None:
    add(shell)
    again = ("providers", "add", "Local", "--base-url", "http://127.0.0.1:2")
    assert shell.refusal(*again).startswith("conflict: ")


def test_a_removed_provider_leaves_its_agents_unable_to_answer(shell: Shell) -> None:
    assert shell.run("providers", "remove", "Default").exit_code == 0
    assert shell.json("providers", "list")["items"] == []
    assert shell.json("agents", "list")["items"][0]["provider_id"] is None


@pytest.mark.parametrize(
    "options",
    [
        ("--base-url", "127.0.0.1:8080"),
        ("--base-url", "ftp://example.com"),
        ("--base-url", "https://key@example.com/v1"),
        ("--base-url", "https://example.com/v1?key=x"),
        ("--base-url", "https://"),
        ("--base-url", "http://x:port"),
        ("--base-url", "http://x", "--api-key", "two words"),
        ("--base-url", "http://x", "--api-key", "schlüssel"),
        ("--base-url", "http://x", "--read-timeout", "0"),
        ("--base-url", "http://x", "--read-timeout", "nan"),
        (),
    ],
)
def test_bad_options_are_bad_usage(empty: Shell, options: tuple[str, ...]) -> None:
    empty.misused("providers", "add", "Local", *options)


def test_an_empty_key_from_standard_input_is_bad_usage(shell: Shell) -> None:
    base = ("--base-url", "http://127.0.0.1:1/v1")
    shell.misused("providers", "add", "Local", *base, "--api-key", "-", stdin="\n")
