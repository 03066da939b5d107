"""Becomes a stdio server that dies with the sidecar: `launcher.py PARENT_PID COMMAND ARG…`.

A program of its own that imports next to nothing: after exec nothing of it is left.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2); survives exec, is not inherited


def main() -> None:
    parent, *command = sys.argv[1:]
    prctl = getattr(ctypes.CDLL(None), "prctl", None)  # only Linux has it
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):
            sys.exit(1)  # it died before we asked to be told
    # Python ignores these, and what is ignored stays so after exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606 (to become it is the point)
    except OSError as fault:
        sys.exit(f"{command[0]}: {fault.strerror}")


main()
