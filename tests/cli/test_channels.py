"""Channels, from the shell."""

from flask import Flask

from chat_app.runtime import Runtime
from tests.cli.conftest import Shell
from tests.clients import People

MEMBER = "member@example.com"


def emails(shell: Shell, channel_id: str) -> list[str]:
    return [user["email"] for user in shell.json("channels", "members", channel_id)["items"]]


def test_a_channel_belongs_to_the_operator_and_has_the_default_agent(shell: Shell) -> None:
    made = shell.json("channels", "create", "Plans")
    assert (made["title"], made["reply_mode"], made["agent_id"]) == ("Plans", "auto", 1)
    assert emails(shell, str(made["id"])) == ["owner@example.com"]


def test_a_channel_can_be_made_for_somebody_else(shell: Shell, people: People) -> None:
    made = shell.json("channels", "create", "Theirs", "--owner", MEMBER, "--reply-mode", "mention")
    assert made["reply_mode"] == "mention"
    assert emails(shell, str(made["id"])) == [MEMBER]
    assert people.member.get(f"/api/channels/{made['id']}").status_code == 200


def test_a_channel_for_a_stranger_is_made_in_the_strangers_workspace(
    shell: Shell, people: People
) -> None:
    made = shell.json("channels", "create", "Away", "--owner", "stranger@example.com")
    assert people.stranger.get(f"/api/channels/{made['id']}").status_code == 200
    assert people.member.get(f"/api/channels/{made['id']}").status_code == 404


def test_the_shell_lists_the_channels_of_all_workspaces_last_active_first(
    shell: Shell, people: People
) -> None:
    people.stranger.channel(title="Away")
    titles = [channel["title"] for channel in shell.json("channels", "list")["items"]]
    assert titles == ["Away", "Welcome"]
    assert len(shell.json("channels", "list", "--limit", "1")["items"]) == 1


def test_add_member_lets_a_person_in_and_twice_is_once(shell: Shell, people: People) -> None:
    assert people.member.get("/api/channels/1").status_code == 403
    for _ in range(2):
        assert shell.run("channels", "add-member", "1", MEMBER).exit_code == 0
    assert people.member.get("/api/channels/1").status_code == 200
    assert sorted(emails(shell, "1")) == [MEMBER, "owner@example.com"]


def test_people_of_another_workspace_cannot_be_added(shell: Shell, people: People) -> None:
    refused = shell.refusal("channels", "add-member", "1", "stranger@example.com")
    assert refused == "user_not_found: Person not found"


def test_a_removed_channel_is_gone_with_its_messages(shell: Shell, app: Flask) -> None:
    assert shell.run("channels", "remove", "1", stdin="n\n").exit_code == 1
    assert shell.json("channels", "members", "1")["items"]
    assert shell.run("channels", "remove", "1", "--yes").exit_code == 0
    assert shell.refusal("channels", "members", "1") == "channel_not_found: Channel not found"
    rt: Runtime = app.extensions["holdfast"]
    with rt.db.reading() as session:
        counted = session.connection().exec_driver_sql("select count(*) from messages")
        assert counted.scalar() == 0


def test_unknown_channels_agents_and_people_are_refused(shell: Shell) -> None:
    for unknown in ("99", "x", "99999999999999999999"):
        refused = shell.refusal("channels", "remove", unknown, "--yes")
        assert refused.startswith("channel_not_found: ")
    assert shell.refusal("channels", "create", "X", "--agent", "9").startswith("agent_not_found: ")
    nobody = shell.refusal("channels", "create", "X", "--owner", "nobody@example.com")
    assert nobody.startswith("user_not_found: ")


def test_bad_arguments_are_bad_usage(empty: Shell) -> None:
    empty.misused("channels", "create", " ")
    empty.misused("channels", "create", "x" * 201)
    empty.misused("channels", "create", "X", "--reply-mode", "never")
    empty.misused("channels", "list", "--limit", "0")
