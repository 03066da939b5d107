"""People, from the shell."""

import pytest
from werkzeug.test import TestResponse

from tests.cli.conftest import Shell

ADA = "ada@example.com"


def sign_in(shell: Shell, email: str, password: str) -> TestResponse:
    body = {"email": email, "password": password}
    return shell.app.test_client().post("/api/v1/auth/login", json=body)


def test_a_created_person_can_sign_in(shell: Shell) -> None:
    made = shell.json("users", "create", ADA, "--name", "Ada", "--password", "long enough")
    assert (made["email"], made["name"], made["is_operator"]) == (ADA, "Ada", False)
    assert "password" not in made
    assert sign_in(shell, ADA, "long enough").status_code == 200


def test_the_password_is_read_from_standard_input_when_it_is_not_given(shell: Shell) -> None:
    created = shell.run("users", "create", ADA, stdin="from a pipe\n")
    assert "from a pipe" not in created.output
    assert sign_in(shell, ADA, "from a pipe").status_code == 200


def test_a_generated_password_is_printed_and_works(shell: Shell) -> None:
    made = shell.json("users", "create", ADA, "--generate")
    assert sign_in(shell, ADA, made["password"]).status_code == 200
    told = shell.run("users", "password", ADA, "--generate").stdout
    assert sign_in(shell, ADA, told.rpartition("Password: ")[2].strip()).status_code == 200


def test_a_new_password_replaces_the_old_one(shell: Shell) -> None:
    shell.run("users", "create", ADA, "--password", "the old one")
    shell.run("users", "password", ADA, "--password", "the new one")
    assert sign_in(shell, ADA, "the old one").status_code == 401
    assert sign_in(shell, ADA, "the new one").status_code == 200


def test_role_and_operator_are_as_given(shell: Shell) -> None:
    shell.run("users", "create", ADA, "--password", "long enough", "--role", "viewer", "--operator")
    listed = {user["email"]: user for user in shell.json("users", "list")["items"]}
    assert listed[ADA]["is_operator"] is True
    token = sign_in(shell, ADA, "long enough").get_json()["access_token"]
    members = shell.app.test_client().get(
        "/api/members", headers={"Authorization": f"Bearer {token}"}
    )
    roles = {member["email"]: member["role"] for member in members.get_json()["items"]}
    assert roles == {"owner@example.com": "owner", ADA: "viewer"}


def test_an_address_has_one_account_whatever_its_case(shell: Shell) -> None:
    shell.run("users", "create", ADA, "--password", "long enough")
    refused = shell.refusal("users", "create", "ADA@example.com", "--password", "long enough")
    assert refused.startswith("conflict: ")


def test_a_short_password_and_an_unknown_person_are_refused(shell: Shell) -> None:
    assert shell.refusal("users", "create", ADA, "--password", "short").startswith(
        "invalid_request: A password has "
    )
    assert shell.refusal("users", "create", ADA, stdin="").startswith("invalid_request: ")
    assert shell.refusal("users", "password", ADA, "--generate") == (
        "user_not_found: Person not found"
    )


def test_a_password_is_given_or_made_up_not_both(shell: Shell) -> None:
    shell.misused("users", "create", ADA, "--password", "long enough", "--generate")


@pytest.mark.parametrize(
    "arguments",
    [
        ("no address",),
        ("",),
        (f"{'a' * 250}@example.com",),
        (ADA, "--role", "king"),
        (ADA, "--name", "x" * 101),
        (ADA, "--name", "\udcff"),
    ],
)
def test_bad_arguments_are_bad_usage(empty: Shell, arguments: tuple[str, ...]) -> None:
    empty.misused("users", "create", *arguments, stdin="long enough\n")
