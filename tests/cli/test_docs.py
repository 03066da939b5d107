"""Pages that are written from the code."""

from pathlib import Path

from chat_app import errors
from chat_app.cli import docs
from tests.cli.conftest import Shell

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


def test_the_page_of_errors_is_what_the_code_says(shell: Shell) -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == docs.errors_page(), "docs/errors.md is old: run `make docs`"
    assert shell.run("docs", "errors").stdout == written


def test_every_code_is_on_the_page_once() -> None:
    page = docs.errors_page()
    for cls in errors.codes():
        assert page.count(f"| `{cls.error_code}` |") == 1
