"""AI servers as processes of this machine: started, known again, ended with all they started.

Each has a minder (minder.py) as the leader of its process group, which outlives the process of
ours that started it. A process is known again by its pid and the time at which it was started, so
that one which got the same pid later is nothing of ours.
"""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chat_app.errors import AIServerUnavailable

MINDER = Path(__file__).parent / "minder.py"
MARK = "HOLDFAST_AI_SERVER"
GRACE_S = 5.0
# After so long without a sign of Holdfast an AI server ends: nobody is left who would end it.
UNWATCHED_S = 600.0
LOOK_EVERY_S = 0.05
LAST_WORDS_CHARS, LAST_WORDS_LINES = 2_000, 15
# What forks or changes its program while it is looked at is seen the next time.
SWEEPS_MAX = 10
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Child:
    """A process on this machine: `started` tells it from others with this pid, before and after
    it. `mark` is in its environment, and names its files.
    """

    pid: int
    started: str
    mark: str


class Starting:
    """A child that waits: it begins with `go`, and ends when this is closed without it.

    In between the caller writes down who it is, so that none is ever running and unknown.
    """

    def __init__(self, popen: "subprocess.Popen[bytes]", mark: str) -> None:
        self._popen = popen
        self.child = Child(popen.pid, started(popen.pid) or "", mark)
        # Ends with the child: else a zombie would stay.
        threading.Thread(target=popen.wait, daemon=True).start()

    def go(self) -> None:
        self._tell(b"!")

    def close(self) -> None:
        self._tell(b"")

    def _tell(self, what: bytes) -> None:
        gate = self._popen.stdin
        if gate is not None and not gate.closed:
            with suppress(BrokenPipeError):
                gate.write(what)
                gate.close()


class Children:
    """The children of this machine, with their files in `folder`."""

    def __init__(
        self,
        folder: Path,
        cwd: Path,
        environ: Mapping[str, str],
        unwatched_s: float = UNWATCHED_S,
    ) -> None:
        self._folder, self._cwd, self._environ = folder, cwd, dict(environ)
        self._unwatched_s = unwatched_s

    def directory(self, project: str) -> Path:
        """A project's own directory, made where it is not there. Raises AIServerUnavailable."""
        directory = self._folder / project
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # logs are in it
            directory.mkdir(mode=0o700, exist_ok=True)
        except OSError as fault:
            why = f"{fault.filename}: {fault.strerror}"
            raise AIServerUnavailable(f"The AI server cannot be started: {why}.") from fault
        return directory

    def start(self, command: Sequence[str], environ: Mapping[str, str], project: str) -> Starting:
        """A process that will run the command, once it is told to. Raises AIServerUnavailable.

        `project` is its public id. Beside `environ` it sees of ours only what is harmless.
        """
        self.directory(project)
        mark = f"{project}.{secrets.token_hex(8)}"
        log, watched = self._file(mark, "log"), self._file(mark, "watched")
        minder = (sys.executable, "-I", "-S", MINDER)
        try:
            watched.touch(mode=0o600)
            popen = subprocess.Popen(  # noqa: S603 (the operator's, and no shell)
                [*minder, log, watched, str(self._unwatched_s), *command],
                cwd=self._cwd,
                env=self._environ | dict(environ) | {MARK: mark},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as fault:
            raise AIServerUnavailable(f"The AI server cannot be started: {fault}.") from fault
        return Starting(popen, mark)

    def watch(self, child: Child) -> bool:
        """Whether it lives; one that lives learns that somebody is there for it."""
        if is_alive := lives(child):
            with suppress(OSError):
                os.utime(self._file(child.mark, "watched"))
        return is_alive

    def last_words(self, child: Child) -> str:
        """The last lines of what it said, "" for none."""
        try:
            said = self._file(child.mark, "log").read_bytes()
        except OSError:
            return ""
        text = re.sub(r"[^\S\n]|[^\x20-\U0010ffff\n]", " ", said.decode(errors="replace"))
        lines = [line.rstrip() for line in text.split("\n") if line.strip()]
        return "\n".join(lines[-LAST_WORDS_LINES:])[-LAST_WORDS_CHARS:]

    def end(self, child: Child, grace_s: float = GRACE_S) -> None:
        """End it with its group, in good order within `grace_s`, else by force. Again is fine."""
        if lives(child):
            _signal(child, signal.SIGTERM)
            deadline = time.monotonic() + grace_s
            while lives(child) and time.monotonic() < deadline:
                time.sleep(LOOK_EVERY_S)
        if lives(child):
            _signal(child, signal.SIGKILL)
        _sweep(child.mark)
        for kind in ("log", "log.new", "watched"):
            self._file(child.mark, kind).unlink(missing_ok=True)

    def _file(self, mark: str, kind: str) -> Path:
        return self._folder / f"{mark}.{kind}"


def host() -> str:
    """Where a pid means something: this machine, or this container on it."""
    name = socket.gethostname()[:50].replace(":", "-")
    with suppress(OSError):
        return f"{name}/{(PROC / 'self/ns/pid').stat().st_ino}"
    return name


def started(pid: int) -> str | None:
    """When the process with this pid was started, in a form only to be compared; None without one.

    One that was killed and not yet buried is none (proc_pid_stat(5)).
    """
    if not PROC.joinpath("self").exists():
        return _started_by_ps(pid)
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    state, ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{boot} {ticks}"


def lives(child: Child) -> bool:
    return child.started == (started(child.pid) or None)


def free_port(address: str) -> int:
    """A port that nobody listens on at this moment. Raises AIServerUnavailable."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.bind((address, 0))
            return int(probe.getsockname()[1])
    except OSError as fault:
        raise AIServerUnavailable(f"No port is free on {address}: {fault.strerror}.") from fault


def _started_by_ps(pid: int) -> str | None:
    """On systems without /proc."""
    asked = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603
    state, _, time_ = told.stdout.strip().partition(" ")
    return None if not state or state[0] in "ZX" else time_.strip()


def _signal(child: Child, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)  # it leads its group


def _sweep(mark: str) -> None:
    """Kill what left the group, or was left by a minder that was killed (Linux only).

    A handle on the process first, then the look: it is the same process that is killed then.
    """
    wanted = f"{MARK}={mark}".encode()
    for _ in range(SWEEPS_MAX):
        if not sum(_kill_marked(entry, wanted) for entry in PROC.glob("[0-9]*")):
            return
        time.sleep(LOOK_EVERY_S)


def _kill_marked(entry: Path, wanted: bytes) -> bool:
    """Whether there is a reason to look again: it was killed, or could not tell who it is."""
    try:
        handle = os.pidfd_open(int(entry.name))
    except OSError:
        return False
    try:
        environ = (entry / "environ").read_bytes()
        if not environ:
            # In the middle of execve(2); what has no program is the kernel's own, or dead.
            return bool((entry / "exe").readlink())
        if wanted not in environ.split(b"\0"):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
