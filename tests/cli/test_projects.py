"""Projects, from the shell."""

from tests.cli.conftest import Shell


def test_a_project_is_made_for_the_operator_or_somebody_else(shell: Shell) -> None:
    made = shell.json("projects", "create", "Site", "--context", "We sell tea.\nGreen.")
    assert made == made | {"name": "Site", "context": "We sell tea.\nGreen.", "owner_id": 1}
    shell.run("users", "create", "ana@example.com", "--generate")
    theirs = shell.json("projects", "create", "Hers", "--owner", "ana@example.com")
    assert theirs["owner_id"] == 2
    assert shell.json("projects", "list")["items"] == [theirs, made]


def test_update_changes_what_is_given_and_nothing_else(shell: Shell) -> None:
    made = shell.json("projects", "create", "Site", "--context", "x")
    after = shell.json("projects", "update", made["public_id"], "--context", "")
    assert after == made | {"context": ""}
    assert "Say what to change." in shell.misused("projects", "update", "1")


def test_a_removed_project_is_gone_once_that_is_confirmed(shell: Shell) -> None:
    shell.json("projects", "create", "Site")
    assert shell.run("projects", "remove", "1", stdin="n\n").exit_code == 1
    assert shell.run("projects", "remove", "1", "--yes").exit_code == 0
    assert shell.json("projects", "list")["items"] == []
    assert shell.refusal("projects", "remove", "1", "--yes").startswith("project_not_found: ")


def test_a_channel_is_made_in_a_project(shell: Shell) -> None:
    made = shell.json("projects", "create", "Site")
    channel = shell.json("channels", "create", "Talk", "--project", made["public_id"])
    assert channel["project_id"] == made["id"]
    refused = shell.refusal("channels", "create", "Talk", "--project", "99")
    assert refused.startswith("project_not_found: ")
