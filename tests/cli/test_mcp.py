"""Tool servers and their tools, from the shell."""

import pytest

from chat_app.runtime import Runtime
from tests.cli.conftest import Shell
from tests.listers import FakeTools

KEY = "sk-very-secret"
URL = "https://tools.example/mcp"


def add(shell: Shell, *options: str, name: str = "Tools") -> dict[str, object]:
    made: dict[str, object] = shell.json("mcp", "add", name, "--url", URL, *options)
    return made


def test_an_added_server_is_reached_at_once_and_listed_without_its_secrets(
    shell: Shell, mcp: FakeTools
) -> None:
    made = add(shell, "--api-key", KEY, "--header", f"X-Team=a={KEY}", "--transport", "sse")
    assert made == made | {
        "name": "Tools",
        "scope": "system",
        "project_id": None,
        "transport": "sse",
        "url": URL,
        "has_key": True,
        "state": "connected",
        "state_message": None,
        "enabled": True,
    }
    (spec,) = mcp.asked
    assert dict(spec.headers) == {"Authorization": f"Bearer {KEY}", "X-Team": f"a={KEY}"}
    assert shell.json("mcp", "list")["items"][-1] == made
    assert KEY not in shell.run("mcp", "list", "--json").output + shell.run("mcp", "list").output


@pytest.mark.parametrize("spelled", ["http", "streamable-http", "streamable_http"])
def test_streamable_http_is_known_under_all_its_names(
    shell: Shell, mcp: FakeTools, spelled: str
) -> None:
    assert add(shell, "--transport", spelled)["transport"] == "http"


def test_a_key_comes_from_standard_input_and_is_not_echoed(shell: Shell, mcp: FakeTools) -> None:
    options = ("mcp", "add", "Tools", "--url", URL, "--api-key", "-")
    added = shell.run(*options, stdin=f"{KEY}\n")
    assert (added.exit_code, KEY in added.output) == (0, False)
    assert dict(mcp.asked[0].headers) == {"Authorization": f"Bearer {KEY}"}


def test_a_server_that_does_not_answer_is_added_all_the_same(shell: Shell, mcp: FakeTools) -> None:
    mcp.fail("It is away.")
    added = shell.run("mcp", "add", "Tools", "--url", URL)
    assert (added.exit_code, added.stderr) == (0, "tool_unavailable: It is away.\n")
    assert added.stdout.endswith(": error.\n")
    assert add(shell, name="Other")["state_message"] == "It is away."
    assert shell.refusal("mcp", "sync", "Tools") == "tool_unavailable: It is away."
    assert shell.refusal("mcp", "test", "Tools") == "tool_unavailable: It is away."


def test_without_a_sync_nothing_is_asked(shell: Shell, mcp: FakeTools) -> None:
    assert add(shell, "--no-sync")["state"] == "draft"
    assert mcp.asked == []


@pytest.mark.parametrize(
    ("rest", "command"),
    [
        (("npx",), ("npx",)),
        (
            ("uvx", "mcp-server-time", "--local-timezone=UTC"),
            ("uvx", "mcp-server-time", "--local-timezone=UTC"),
        ),
        (("--", "npx", "-y", "x", "--json"), ("npx", "-y", "x", "--json")),
        (("npx", "--", "--url", "y", "--stdio"), ("npx", "--", "--url", "y", "--stdio")),
    ],
    ids=str,
)
def test_all_that_follows_stdio_is_the_command(
    shell: Shell, mcp: FakeTools, rest: tuple[str, ...], command: tuple[str, ...]
) -> None:
    options = ("--json", "--env", f"TOKEN={KEY}=", "--env", "A=", "--stdio")
    added = shell.run("mcp", "add", "Time", *options, *rest)
    assert added.exit_code == 0, added.output
    (spec,) = mcp.asked
    assert (spec.transport, spec.command, spec.url) == ("stdio", command, None)
    assert dict(spec.env) == {"TOKEN": f"{KEY}=", "A": ""}
    assert not spec.is_guarded
    assert KEY not in added.output


def test_a_server_is_named_or_numbered(shell: Shell, mcp: FakeTools) -> None:
    made = add(shell, "--no-sync")
    for ref in ("Tools", str(made["id"])):
        assert shell.json("mcp", "sync", ref)["state"] == "connected"
        tested = shell.json("mcp", "test", ref)
        assert (tested["ok"], tested["tools"], tested["state"]) == (True, 2, "connected")
        assert [t["name"] for t in shell.json("mcp", "tools", ref)["items"]] == ["echo", "send"]
    for ref in ("Nowhere", "99", "9" * 20):
        for verb in ("sync", "test", "tools", "remove"):
            assert shell.refusal("mcp", verb, ref).startswith("tool_server_not_found: ")


def test_update_changes_what_is_given_and_nothing_else(shell: Shell, mcp: FakeTools) -> None:
    before = add(shell, "--api-key", KEY)
    off = shell.json("mcp", "update", "Tools", "--name", "Other", "--disable")
    assert off == before | {"name": "Other", "enabled": False}
    moved = ("mcp", "update", "Other", "--url", "https://other.example/mcp")
    assert shell.refusal(*moved).startswith("invalid_request: Give the key again")
    assert shell.json(*moved, "--no-secrets")["has_key"] is False
    assert shell.json("mcp", "update", "Other", "--api-key", "sk-new")["has_key"] is True
    assert "Say what to change." in shell.misused("mcp", "update", "Other")


def test_a_command_is_changed_and_its_variables_forgotten(shell: Shell, mcp: FakeTools) -> None:
    shell.run("mcp", "add", "Time", "--env", "A=b", "--stdio", "uvx", "time")
    assert shell.run("mcp", "update", "Time", "--stdio", "uvx", "time", "--utc").exit_code == 0
    assert shell.json("mcp", "sync", "Time")["state"] == "connected"
    assert (mcp.asked[-1].command, mcp.asked[-1].env) == (("uvx", "time", "--utc"), (("A", "b"),))
    shell.run("mcp", "update", "Time", "--no-secrets")
    shell.run("mcp", "sync", "Time")
    assert mcp.asked[-1].env == ()
    for wrong in (("--url", URL), ("--api-key", KEY)):
        assert shell.refusal("mcp", "update", "Time", *wrong).startswith("invalid_request: ")
    add(shell)
    refused = shell.refusal("mcp", "update", "Tools", "--stdio", "sh")
    assert refused.startswith("invalid_request: ")


def test_a_removed_server_is_gone(shell: Shell, mcp: FakeTools) -> None:
    made = add(shell)
    assert shell.run("mcp", "remove", "Tools").exit_code == 0
    assert made not in shell.json("mcp", "list")["items"]
    assert mcp.forgotten == [made["id"]]


def test_a_policy_is_chosen_and_taken_back(shell: Shell, mcp: FakeTools) -> None:
    add(shell)
    tool = shell.json("mcp", "tools", "Tools")["items"][1]
    for policy, shown in (("never", "never"), ("ask", "ask"), ("default", "auto")):
        assert shell.json("mcp", "policy", str(tool["id"]), policy)["policy"] == shown
    assert shell.refusal("mcp", "policy", "99999", "auto") == "tool_not_found: Tool not found"
    shell.misused("mcp", "policy", str(tool["id"]), "always")


def test_a_project_has_servers_of_its_own(shell: Shell, mcp: FakeTools) -> None:
    project = shell.json("projects", "create", "Site")
    ours = ("--project", str(project["id"]))
    made = add(shell, *ours)
    assert (made["scope"], made["project_id"]) == ("project", project["id"])
    assert made not in shell.json("mcp", "list")["items"]
    assert shell.json("mcp", "list", "--project", project["public_id"])["items"] == [made]
    assert shell.refusal("mcp", "sync", "Tools").startswith("tool_server_not_found: ")
    assert shell.json("mcp", "sync", "Tools", *ours)["id"] == made["id"]
    assert shell.json("mcp", "update", "Tools", "--disable", *ours)["enabled"] is False
    assert len(shell.json("mcp", "tools", str(made["id"]))["items"]) == 2
    assert shell.refusal("mcp", "list", "--project", "99").startswith("project_not_found: ")


def test_without_a_name_all_that_are_enabled_are_synced(shell: Shell, mcp: FakeTools) -> None:
    made = add(shell)
    shell.run("mcp", "add", "Off", "--url", "https://off.example/mcp", "--no-sync")
    shell.run("mcp", "update", "Off", "--disable")
    names = [server["name"] for server in shell.json("mcp", "sync")["items"]]
    assert made["name"] in names
    assert "Off" not in names


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--url",),
        ("uvx",),
        ("--", "--stdio", "uvx"),
        ("--stdio",),
        ("--stdio", "--"),
        ("--url", URL, "--stdio", "uvx"),
        ("--api-key", KEY, "--stdio", "uvx"),
        ("--project", "1", "--stdio", "uvx"),
        ("--url", URL, "--env", "A=b"),
        ("--url", URL, "--transport", "stdio"),
        ("--url", URL, "--api-key", "two words"),
        ("--url", URL, "--header", "X-Team"),
        ("--url", URL, "--header", "=x"),
        ("--env", "A", "--stdio", "uvx"),
    ],
    ids=str,
)
def test_bad_options_are_bad_usage(shell: Shell, mcp: FakeTools, options: tuple[str, ...]) -> None:
    assert KEY not in shell.misused("mcp", "add", "Tools", *options)
    assert mcp.asked == []


@pytest.mark.parametrize(
    "options",
    [
        ("--url", "ftp://x"),
        ("--url", "http://u:p@x"),
        ("--url", URL, "--header", "Host=x"),
        ("--url", URL, "--header", "X-Team=a\nb"),
        ("--env", "1A=x", "--stdio", "uvx"),
        ("--env", "A=\x1b", "--stdio", "uvx"),
        ("--stdio", ""),
        ("--stdio", "uvx", "\x1b[2J"),
        ("--stdio", "uvx", "x" * 32_001),
    ],
    ids=lambda options: ascii(options)[:40],
)
def test_what_cannot_be_reached_is_refused(
    shell: Shell, mcp: FakeTools, options: tuple[str, ...]
) -> None:
    refused = shell.refusal("mcp", "add", "Tools", *options)
    assert refused.startswith("invalid_request: ")


def test_a_name_is_taken_once(shell: Shell, mcp: FakeTools) -> None:
    add(shell)
    assert shell.refusal("mcp", "add", "Tools", "--url", URL).startswith("conflict: ")
    assert shell.refusal("mcp", "add", "Tools", "--stdio", "x").startswith("conflict: ")


def test_what_a_command_started_ends_with_it(
    shell: Shell, rt: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(type(rt.tool_client), "close", lambda client: closed.append(True))
    shell.run("mcp", "list")
    shell.run("mcp", "sync", "nowhere")
    assert closed == [True, True]
