"""A database that is made once of each kind, and copied for every test that wants one like it.

Migrating one costs a quarter of a second on SQLite and half a second on PostgreSQL; a copy next to
nothing.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.postgres import Postgres

KINDS = ("sqlite", "postgres")


@dataclass
class Template:
    """`make` fills the empty database at an address, and lets go of it."""

    make: Callable[[str], None]
    request: pytest.FixtureRequest
    folder: Path
    _made: dict[str, str] = field(default_factory=dict)

    def copy(self, kind: str, folder: Path) -> str:
        """The address of a copy: on `sqlite` the file test.db in this folder, or on `postgres`."""
        if kind not in self._made:
            self._made[kind] = self._new(kind)
        if kind == "sqlite":
            shutil.copy(self._made[kind], folder / "test.db")
            return f"sqlite:///{folder}/test.db"
        return self._postgres.new_database(self._made[kind])

    @contextmanager
    def lent(self, kind: str, folder: Path) -> Iterator[str]:
        """The address of a copy that is gone afterwards."""
        url = self.copy(kind, folder)
        yield url
        if kind == "postgres":
            self._postgres.drop(url)

    def _new(self, kind: str) -> str:
        """The template's file, or the name of its database."""
        if kind == "postgres":
            url = self._postgres.new_database()
            self.make(url)
            return url.rpartition("/")[2]
        path = self.folder / "template.db"
        self.make(f"sqlite:///{path}")
        assert [*self.folder.iterdir()] == [path], "somebody still has it open"
        return str(path)

    @property
    def _postgres(self) -> Postgres:
        server: Postgres = self.request.getfixturevalue("postgres")
        return server
