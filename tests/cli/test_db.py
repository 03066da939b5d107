"""Migrating by hand."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from chat_app import create_app
from chat_app.settings import Settings
from chat_app.store import schema
from tests.cli.conftest import Shell

ROOT = Path(__file__).parents[2]


def fresh(settings: Settings, folder: Path, **changes: str | None) -> Shell:
    url = f"sqlite:///{folder}/fresh.db"
    return Shell(create_app(replace(settings, database_url=url, **changes)))


def test_the_first_upgrade_prints_the_login_and_later_ones_do_not(
    settings: Settings, tmp_path: Path
) -> None:
    shell = fresh(settings, tmp_path, admin_password=None)
    first = shell.run("db", "upgrade").stdout
    assert "owner@example.com" in first
    password = first.partition("Password")[2].split()[0]
    signed_in = shell.app.test_client().post(
        "/api/v1/auth/login", json={"email": "owner@example.com", "password": password}
    )
    assert signed_in.status_code == 200
    assert shell.run("db", "upgrade").stdout == "The database is up to date.\n"


def test_a_password_that_the_operator_chose_is_not_printed(
    settings: Settings, tmp_path: Path
) -> None:
    first = fresh(settings, tmp_path).run("db", "upgrade").stdout
    assert "owner@example.com" in first
    assert settings.admin_password
    assert settings.admin_password not in first


def test_current_tells_the_revision_and_the_one_needed(settings: Settings, tmp_path: Path) -> None:
    shell = fresh(settings, tmp_path)
    assert shell.json("db", "current") == {"current": None, "needed": schema.head()}
    shell.run("db", "upgrade")
    assert shell.json("db", "current")["current"] == schema.head()


def test_downgrade_asks_first(shell: Shell) -> None:
    refused = shell.run("db", "downgrade", "base", stdin="n\n")
    assert refused.exit_code == 1
    assert shell.json("db", "current")["current"] == schema.head()


def test_downgrade_to_base_empties_the_database_and_upgrade_fills_it_anew(shell: Shell) -> None:
    assert shell.run("db", "downgrade", "base", "--yes").exit_code == 0
    assert shell.json("db", "current")["current"] is None
    assert "Sign in as" in shell.run("db", "upgrade").stdout


def test_a_revision_that_there_is_not_is_refused(shell: Shell) -> None:
    assert shell.refusal("db", "downgrade", "9999", "--yes").startswith("invalid_request: ")


def test_revise_writes_the_next_migration(tmp_path: Path) -> None:
    """In a copy of the tree: a migration that is written must not land in this one."""
    for part in ("chat_app", "migrations"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copy(ROOT / "wsgi.py", tmp_path)
    run_in(tmp_path, "upgrade")
    made = Path(run_in(tmp_path, "revise", "add colours").strip())
    assert made.parent == tmp_path / "migrations" / "versions"
    assert made.name == f"{int(schema.head()) + 1:04}_add_colours.py"


def run_in(folder: Path, *arguments: str) -> str:
    """Run `flask db …` in a process of its own, with nothing in its environment."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", *arguments]
    done = subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=True)
    return done.stdout
