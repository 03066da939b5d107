"""Tokens, from the shell."""

from werkzeug.test import TestResponse

from tests.cli.conftest import Shell

OWNER = "owner@example.com"


def ask(shell: Shell, token: str, method: str, path: str) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"}
    return shell.app.test_client().open(path, method=method, headers=headers, json={})


def test_a_created_token_works_and_is_the_only_thing_printed(shell: Shell) -> None:
    token = shell.run("tokens", "create", OWNER).stdout.strip()
    assert ask(shell, token, "GET", "/api/v1/auth/me").get_json()["email"] == OWNER
    assert ask(shell, token, "POST", "/api/channels").status_code == 201


def test_a_token_may_do_what_its_scopes_say(shell: Shell) -> None:
    token = shell.json("tokens", "create", OWNER, "--scope", "read")["token"]
    assert ask(shell, token, "GET", "/api/channels").status_code == 200
    assert ask(shell, token, "POST", "/api/channels").status_code == 403


def test_a_list_of_tokens_never_shows_the_secret(shell: Shell) -> None:
    made = shell.json("tokens", "create", OWNER, "--name", "CI", "--days", "3")
    listed = shell.run("tokens", "list", OWNER, "--json").stdout
    assert made["token"] not in listed
    (shown,) = shell.json("tokens", "list", OWNER)["items"]
    assert (shown["name"], shown["scopes"]) == ("CI", ["read", "write"])
    assert shown["expires_at"].endswith("Z")


def test_a_revoked_token_is_worthless(shell: Shell) -> None:
    made = shell.json("tokens", "create", OWNER)
    assert shell.run("tokens", "revoke", OWNER, str(made["id"])).exit_code == 0
    assert ask(shell, made["token"], "GET", "/api/v1/auth/me").status_code == 401
    assert shell.refusal("tokens", "revoke", OWNER, str(made["id"])).startswith("not_found: ")


def test_a_token_is_revoked_through_its_owner_only(shell: Shell) -> None:
    shell.run("users", "create", "ada@example.com", "--generate")
    made = shell.json("tokens", "create", OWNER)
    shell.refusal("tokens", "revoke", "ada@example.com", str(made["id"]))
    assert ask(shell, made["token"], "GET", "/api/v1/auth/me").status_code == 200


def test_tokens_of_nobody_are_refused(shell: Shell) -> None:
    assert shell.refusal("tokens", "create", "nobody@example.com").startswith("not_found: ")
    assert shell.refusal("tokens", "list", "nobody@example.com").startswith("not_found: ")


def test_ids_that_cannot_be_are_refused(shell: Shell) -> None:
    for impossible in ("99999999999999999999", "x", "-1"):
        refused = shell.refusal("tokens", "revoke", OWNER, "--", impossible)
        assert refused == "not_found: There is no such token."


def test_bad_scopes_and_days_are_bad_usage(empty: Shell) -> None:
    empty.misused("tokens", "create", OWNER, "--scope", "everything")
    empty.misused("tokens", "create", OWNER, "--days", "0")
    empty.misused("tokens", "create", OWNER, "--days", "4000")
