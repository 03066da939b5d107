"""Processes that we start and others may end: known again, heard, ended with all they started."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_app.errors import AIServerUnavailable
from chat_app.remote.children import (
    Child,
    Children,
    _kill_marked,
    _started_by_ps,
    free_port,
    lives,
    started,
)
from tests.sockets import eventually

SLEEP = ("sleep", "600")
PROJECT = "p"


class Nursery(Children):
    """What is still there at the end of a test is ended then."""

    def begin(self, *command: str) -> Child:
        starting = self.start(command, {}, PROJECT)
        self.begun = [*getattr(self, "begun", []), starting.child]
        starting.go()
        return starting.child


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Nursery]:
    found = Nursery(tmp_path, Path("/"), {"PATH": os.environ["PATH"]}, unwatched_s=1.0)
    yield found
    for child in getattr(found, "begun", []):
        found.end(child, 0)


def test_a_child_begins_once_it_is_written_down_and_never_without(children: Nursery):
    starting = children.start(SLEEP, {}, PROJECT)
    assert lives(starting.child)
    starting.close()
    eventually(lambda: not lives(starting.child))
    assert lives(children.begin(*SLEEP))


def test_a_child_sees_nothing_of_our_environment_but_what_it_is_given(children: Nursery):
    os.environ["A_SECRET"] = "x"
    try:
        starting = children.start(("env",), {"AI_SERVER_PORT": "1"}, PROJECT)
    finally:
        del os.environ["A_SECRET"]
    starting.go()
    eventually(lambda: "[ended" in children.last_words(starting.child))
    said = children.last_words(starting.child)
    assert "A_SECRET" not in said
    assert f"HOLDFAST_AI_SERVER={starting.child.mark}" in said
    assert "AI_SERVER_PORT=1" in said


def test_a_child_that_nobody_watches_ends_by_itself(children: Nursery):
    alone, watched = children.begin(*SLEEP), children.begin(*SLEEP)
    eventually(lambda: children.watch(watched) and not lives(alone))
    assert children.last_words(alone) == "[ended: Holdfast is gone]"


def test_last_words_are_the_last_lines_without_what_a_terminal_would_obey(children: Nursery):
    code = "for i in range(99): print(i, chr(27) + '[31mred', chr(7))"
    child = children.begin(sys.executable, "-c", code)
    eventually(lambda: "[ended" in children.last_words(child))
    lines = children.last_words(child).splitlines()
    assert (len(lines), lines[-2:]) == (15, ["98  [31mred", "[ended with exit status 0]"])


def test_what_a_child_left_behind_goes_with_it(children: Nursery):
    child = children.begin("sh", "-c", "sleep 600 & echo $!; setsid sleep 600 & echo $!")
    eventually(lambda: "[ended" in children.last_words(child))
    pids = [int(line) for line in children.last_words(child).splitlines()[:2]]
    eventually(lambda: not lives(child))
    children.end(child)
    eventually(lambda: not any(map(started, pids)))


def test_what_is_just_becoming_another_program_is_looked_at_again(tmp_path: Path):
    with subprocess.Popen(SLEEP) as process:
        entry = tmp_path / str(process.pid)  # as /proc shows it in the middle of execve(2)
        entry.mkdir()
        (entry / "environ").touch()
        assert not _kill_marked(entry, b"HOLDFAST_AI_SERVER=m")  # the kernel's own have no program
        (entry / "exe").symlink_to("/bin/sleep")
        assert _kill_marked(entry, b"HOLDFAST_AI_SERVER=m")
        assert process.poll() is None
        (entry / "environ").write_bytes(b"A=1\0HOLDFAST_AI_SERVER=m\0")
        assert _kill_marked(entry, b"HOLDFAST_AI_SERVER=m")
        assert process.wait(60) == -signal.SIGKILL


def test_only_the_very_process_is_ended(children: Nursery):
    other = subprocess.Popen(SLEEP, start_new_session=True)
    try:
        assert not lives(Child(other.pid, "another boot 1", "m"))
        children.end(Child(other.pid, "another boot 1", "m"))
        assert other.poll() is None
        assert lives(Child(other.pid, started(other.pid) or "", "m"))
        other.send_signal(signal.SIGKILL)  # not buried by us yet
        eventually(lambda: started(other.pid) is None)
    finally:
        other.kill()
        other.wait()


def test_a_process_is_known_without_proc_too():
    here = _started_by_ps(os.getpid())
    assert here == _started_by_ps(os.getpid())
    assert here is not None
    assert _started_by_ps(4_194_305) is None  # past what Linux gives


def test_no_port_is_free_where_we_are_not():
    assert 0 < free_port("127.0.0.1") < 65_536
    with pytest.raises(AIServerUnavailable, match=r"No port is free on 192\.0\.2\.1"):
        free_port("192.0.2.1")
