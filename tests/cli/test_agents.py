"""Agents, from the shell."""

from tests.cli.conftest import Shell
from tests.listers import FakeTools


def test_an_agent_is_made_with_a_handle_of_its_name_and_the_first_provider(shell: Shell) -> None:
    made = shell.json("agents", "create", "Research Helper")
    assert (made["handle"], made["provider_id"], made["is_default"]) == (
        "research-helper",
        1,
        False,
    )
    assert shell.json("agents", "list")["items"][-1] == made


def test_every_option_of_an_agent_is_kept(shell: Shell) -> None:
    shell.run("providers", "add", "Local", "--base-url", "http://127.0.0.1:1/v1")
    made = shell.json(
        *("agents", "create", "Poet", "--handle", "Bard", "--provider", "Local"),
        *("--model", "m", "--system-prompt", "Rhyme.\nAlways.", "--greeting", "Hail!"),
        *("--temperature", "1.5", "--max-tokens", "99", "--default"),
    )
    assert made == made | {
        "handle": "bard",
        "provider_id": 2,
        "model": "m",
        "system_prompt": "Rhyme.\nAlways.",
        "greeting": "Hail!",
        "temperature": 1.5,
        "max_tokens": 99,
        "is_default": True,
    }


def test_an_agent_is_given_servers_and_spared_some_of_their_tools(
    shell: Shell, mcp: FakeTools
) -> None:
    one, two = (
        shell.json("mcp", "add", name, "--url", "https://x.example/mcp") for name in ("One", "Two")
    )
    tool = str(shell.json("mcp", "tools", "One")["items"][0]["id"])
    both = ("--tool-server", "One", "--tool-server", str(two["id"]), "--disable-tool", tool)
    made = shell.json("agents", "create", "Helper", *both)
    assert made["tool_server_ids"] == [one["id"], two["id"]]
    assert (made["disabled_tool_ids"], made["tool_policies"]) == ([int(tool)], {})
    ref = str(made["id"])
    after = shell.json("agents", "update", ref, "--tool-server", "Two")
    assert after == made | {"tool_server_ids": [two["id"]]}
    bare = shell.json("agents", "update", ref, "--no-tools")
    assert (bare["tool_server_ids"], bare["disabled_tool_ids"]) == ([], [])
    unknown = shell.refusal("agents", "update", ref, "--tool-server", "Nowhere")
    assert unknown.startswith("tool_server_not_found: ")
    unknown = shell.refusal("agents", "update", ref, "--disable-tool", "9999")
    assert unknown == "invalid_request: There is no such tool."


def test_there_is_one_default_agent(shell: Shell) -> None:
    shell.run("agents", "create", "Other", "--default")
    defaults = [
        agent["handle"] for agent in shell.json("agents", "list")["items"] if agent["is_default"]
    ]
    assert defaults == ["other"]


def test_update_changes_what_is_given_and_nothing_else(shell: Shell) -> None:
    (before,) = shell.json("agents", "list")["items"]
    after = shell.json("agents", "update", "1", "--name", "Helper", "--disable")
    assert after == before | {"name": "Helper", "enabled": False}
    assert shell.json("agents", "update", before["public_id"], "--enable")["enabled"] is True


def test_update_without_a_change_is_bad_usage(shell: Shell) -> None:
    assert "Say what to change." in shell.misused("agents", "update", "1")


def test_a_removed_agent_is_gone(shell: Shell) -> None:
    assert shell.run("agents", "remove", "1").exit_code == 0
    assert shell.json("agents", "list")["items"] == []
    assert shell.refusal("agents", "remove", "1") == "agent_not_found: Agent not found"


def test_a_taken_handle_and_unknown_ids_are_refused(shell: Shell) -> None:
    taken = shell.refusal("agents", "create", "Twin", "--handle", "ASSISTANT")
    assert taken.startswith("conflict: ")
    assert shell.refusal("agents", "update", "99", "--name", "x").startswith("agent_not_found: ")
    nowhere = shell.refusal("agents", "create", "X", "--provider", "nowhere")
    assert nowhere.startswith("provider_not_found: ")


def test_bad_options_are_bad_usage(empty: Shell) -> None:
    empty.misused("agents", "create", "")
    empty.misused("agents", "create", "X", "--handle", "two words")
    empty.misused("agents", "create", "X", "--handle", "İ" * 40)
    empty.misused("agents", "create", "X", "--temperature", "3")
    empty.misused("agents", "create", "X", "--temperature", "nan")
    empty.misused("agents", "create", "X", "--max-tokens", "0")
    empty.misused("agents", "create", "X", "--system-prompt", "x" * 32_001)


def test_an_agent_of_kind_remote_has_a_project_and_no_provider(shell: Shell) -> None:
    project = str(shell.json("projects", "create", "Shop")["id"])
    made = shell.json("agents", "create", "Builder", "--kind", "remote", "--project", project)
    assert (made["kind"], made["project_id"]) == ("remote", int(project))
    assert (made["provider_id"], made["model"]) == (None, None)
    other = str(shell.json("projects", "create", "Yard")["id"])
    moved = shell.json("agents", "update", str(made["id"]), "--project", other)
    assert moved == made | {"project_id": int(other)}
    refusal = shell.refusal("agents", "create", "Nowhere", "--kind", "remote")
    assert refusal == "invalid_request: An agent of kind remote needs a project."
