"""What no door of HTTP may do with tool servers."""

from pathlib import Path

from tests.imports import Source

ROOT = Path(__file__).parents[2] / "chat_app"
DOORS = [file for room in ("api", "web") for file in (ROOT / room).rglob("*.py")]


def test_no_door_of_http_declares_a_command() -> None:
    """Whoever may declare one runs programs on this machine."""
    assert len(DOORS) > 20
    found = [
        f"{file}:{name.line}"
        for file in DOORS
        for name in Source(str(file), file.read_text()).names("declare", "redeclare")
    ]
    assert found == []
