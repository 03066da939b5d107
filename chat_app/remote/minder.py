"""Minds one AI server, as the leader of its process group:
`minder.py LOG WATCHED SECONDS COMMAND ARG…`.

A program that imports next to nothing and lives on when Holdfast is killed or started anew. It
begins when it is told to, keeps the last of what the command says in LOG, and takes all of the
group with it when the command ends, or when nobody has touched WATCHED for so many SECONDS.
"""

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

KEPT_BYTES = 32 * 1024
READ_BYTES = 64 * 1024
# Who says more is made to wait: keeping up with a flood would cost a whole core.
BYTES_PER_S = 8 * 1024 * 1024
WRITE_EVERY_S = 0.5
# Counted in looks: a machine that slept wakes up with its clocks ahead.
LOOK_EVERY_S = 1.0
LAST_READS_MAX = 16
END_S = 5.0


class Log:
    """The last of what was said, on disk soon after and never longer than KEPT_BYTES."""

    def __init__(self, path: str) -> None:
        self._path, self._kept = path, b""
        self._is_written, self._written_s = True, 0.0

    def add(self, said: bytes) -> None:
        self._kept = (self._kept + said)[-KEPT_BYTES:]
        self._is_written = False

    def write_now_and_then(self) -> None:
        if not self._is_written and time.monotonic() - self._written_s >= WRITE_EVERY_S:
            self.write()

    def write(self) -> None:
        self._is_written, self._written_s = True, time.monotonic()
        with suppress(OSError):  # a full disk must not end what works
            draft = f"{self._path}.new"
            with open(draft, "wb") as file:
                file.write(self._kept)
            os.replace(draft, self._path)


class Watched:
    """Whether somebody still touches a file."""

    def __init__(self, path: str, unwatched_s: float) -> None:
        self._path, self._looks_max = path, unwatched_s / LOOK_EVERY_S
        self._touched, self._looks, self._looked_s = 0.0, 0, time.monotonic()

    def is_over(self) -> bool:
        if time.monotonic() - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = time.monotonic()
            touched = self._time()
            self._looks = 0 if touched != self._touched else self._looks + 1
            self._touched = touched
        return self._looks > self._looks_max

    def _time(self) -> float:
        try:
            return os.stat(self._path).st_mtime
        except OSError:
            return self._touched  # it is gone, and so is who would touch it


def main() -> None:
    log_path, watched_path, unwatched_s, *command = sys.argv[1:]
    if not os.read(0, 1):
        sys.exit(1)  # Holdfast ended before it had written down who we are
    # A handler and not SIG_IGN, which the command would inherit. It gets the signal itself, and we
    # hear out what it has to say.
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    log = Log(log_path)
    said, saying = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 (the operator's, and no shell)
            command, stdin=subprocess.DEVNULL, stdout=saying, stderr=saying
        )
    except OSError as fault:
        log.add(f"{command[0]}: {fault.strerror}\n".encode(errors="replace"))
        log.write()
        return
    os.close(saying)
    os.set_blocking(said, False)
    watched = Watched(watched_path, float(unwatched_s))
    log.add(_mind(process, said, log, watched).encode())
    log.write()
    os.killpg(0, signal.SIGKILL)  # what the command left behind, and us


def _mind(process: "subprocess.Popen[bytes]", said: int, log: Log, watched: Watched) -> str:
    """Until the command's end; gives how it was."""
    is_open = True
    while process.poll() is None:
        if is_open and select.select([said], [], [], WRITE_EVERY_S)[0]:
            is_open = _hear(said, log)
        elif not is_open:
            time.sleep(WRITE_EVERY_S)
        log.write_now_and_then()
        if watched.is_over():
            return _end(process)
    for _ in range(LAST_READS_MAX):  # what it started may go on talking
        if not (is_open and select.select([said], [], [], 0)[0]):
            break
        is_open = _hear(said, log)
    code = process.returncode
    return f"[ended with {f'signal {-code}' if code < 0 else f'exit status {code}'}]\n"


def _hear(said: int, log: Log) -> bool:
    """Keep what there is; False at the end of it."""
    chunk = os.read(said, READ_BYTES)
    log.add(chunk)
    time.sleep(len(chunk) / BYTES_PER_S)
    return bool(chunk)


def _end(process: "subprocess.Popen[bytes]") -> str:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_S)
    return "[ended: Holdfast is gone]\n"


main()
