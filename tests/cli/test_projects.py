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


def test_a_project_has_an_ai_server_and_its_token_is_not_printed(shell: Shell) -> None:
    there = ("--ai-server", "http://127.0.0.1:9", "--token", "ais-secret", "--spec", "Check it.")
    made = shell.json("projects", "create", "Site", *there)
    assert made == made | {"backend": "url", "has_token": True, "spec": "Check it."}
    shown = shell.run("projects", "show", "1").stdout
    assert "ai_server_url: http://127.0.0.1:9\n" in shown
    assert "ais-secret" not in shown
    after = shell.json("projects", "update", "1", "--token", "-", stdin="another\n")
    assert after == made
    assert "Invalid value" in shell.misused("projects", "update", "1", "--backend", "sh")


def test_provisioning_is_asked_for_and_waited_for(shell: Shell) -> None:
    shell.json("projects", "create", "Site")
    refused = shell.refusal("projects", "provision", "1")
    assert refused == "invalid_request: Say first where its AI server is."
    shell.json("projects", "update", "1", "--ai-server", "http://127.0.0.1:1")
    assert shell.run("projects", "provision", "1").stdout == "Site is PROVISIONING.\n"
    shell.app.extensions["holdfast"].supervisor.start()
    failed = shell.run("projects", "provision", "1", "--wait")
    assert failed.exit_code == 1
    assert failed.stdout == "Site is FAILED. The AI server refused the connection.\n"
    assert shell.json("projects", "stop", "1")["status"] == "STOPPED"


def test_members_are_taken_in_and_out_by_their_address(shell: Shell) -> None:
    shell.json("projects", "create", "Site")
    shell.run("users", "create", "ana@example.com", "--generate")
    ana = ("projects", "members", "1", "--add", "ana@example.com")
    assert [one["role"] for one in shell.json(*ana)["items"]] == ["owner", "member"]
    assert len(shell.json(*ana[:3], "--remove", "ana@example.com")["items"]) == 1


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
