"""The pages for people tell the truth about routes, variables, commands and files."""

import re
from pathlib import Path

import pytest
from click import Group
from flask import Flask

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGE_IDS = [page.name for page in PAGES]
NOT_FOR_OPERATORS = ("docs", "routes", "run", "shell")

_LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")
_VARIABLE = re.compile(r"""env(?:\.get\(|\[)?,? ?"([A-Z_]+)"|"([A-Z_]+)" in env""")


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def variables() -> set[str]:
    """What settings.py asks the environment for."""
    found = _VARIABLE.findall(text("chat_app/settings.py"))
    return {name for pair in found for name in pair if name}


def routes(app: Flask) -> set[str]:
    """`GET /api/runs/<run_id>` for every door that is not a page."""
    return {
        f"{method} {re.sub('<[a-z]+:', '<', rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint.partition(".")[0] not in ("web", "static") and not rule.defaults
    }


def commands(app: Flask) -> set[str]:
    """`users create` for every command of ours."""
    found = set()
    for name, command in app.cli.commands.items():
        if isinstance(command, Group):
            found |= {f"{name} {sub}" for sub in command.commands}
        else:
            found.add(name)
    return found


def anchor(heading: str) -> str:
    """The fragment under which a heading is found on GitHub."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {
        anchor(heading)
        for heading in re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    }


def test_every_route_is_in_the_api_page(app: Flask) -> None:
    missing = {route for route in routes(app) if f"`{route}`" not in text("docs/api.md")}
    assert not missing


def test_the_api_page_has_no_route_that_there_is_not(app: Flask) -> None:
    told = set(re.findall(r"^\| `((?:GET|POST|PATCH|DELETE) [^`]+)`", text("docs/api.md"), re.M))
    assert told == routes(app)


@pytest.mark.parametrize("page", ["docs/deploy.md", ".env.example"])
def test_every_variable_of_the_settings_is_explained(page: str) -> None:
    assert {"PORT", "SECRET_KEY", "DATABASE_URL", "LOG_FORMAT"} <= variables()
    missing = {name for name in variables() if name not in text(page)}
    assert not missing


def test_the_example_of_an_environment_sets_nothing_and_knows_no_other_names() -> None:
    lines = [line for line in text(".env.example").splitlines() if line]
    assert all(line.startswith("#") for line in lines)
    told = {match[1] for line in lines if (match := re.match(r"#([A-Z_]+)=", line))}
    assert told == variables()


def test_every_command_is_in_the_page_of_commands(app: Flask) -> None:
    page = text("docs/cli.md")
    ours = {name for name in commands(app) if name.split()[0] not in NOT_FOR_OPERATORS}
    missing = {name for name in ours if f"`{name}" not in page}
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=PAGE_IDS)
def test_links_lead_somewhere(page: Path) -> None:
    for target, fragment in _LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith("http"):
            continue
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{page.name}: {target}"
        if fragment and file.suffix == ".md":
            assert fragment[1:] in anchors(file), f"{page.name}: {target}{fragment}"
