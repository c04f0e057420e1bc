"""The small process between supervisor and trainer.

It leads the session of the inner terminal. Were `accelerate launch` the leader, its end (Ctrl-C ends it at once) would
make the kernel hang up on the trainer that is still writing a checkpoint. It is also the reaper of every descendant
that loses its parent, and ends only after the last one.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import signal
import termios
from collections.abc import Mapping, Sequence
from typing import NoReturn

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def start(argv: Sequence[str], cwd: str, environment: Mapping[str, str], terminal: int, report: int) -> int:
    """Fork the leader; it starts `argv` on `terminal`. On `report` it writes `pid N`, then `status N` (the launcher's
    wait status) or `error TEXT`, and closes it when nobody is left. Returns the leader's process id."""
    leader = os.fork()
    if not leader:
        _lead(argv, cwd, environment, terminal, report)
    return leader


def _lead(argv: Sequence[str], cwd: str, environment: Mapping[str, str], terminal: int, report: int) -> NoReturn:
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTTOU):
            signal.signal(number, signal.SIG_IGN)
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        _close_all_but(terminal, report)
        launcher = _launch(argv, cwd, environment, terminal, report)
        os.write(report, f"pid {launcher}\n".encode())
        _reap_everyone(launcher, report)
        code = 0
    finally:
        os._exit(code)


def _launch(argv: Sequence[str], cwd: str, environment: Mapping[str, str], terminal: int, report: int) -> int:
    launcher = os.fork()
    if launcher:
        with contextlib.suppress(OSError):
            os.setpgid(launcher, launcher)
        return launcher
    try:
        os.setpgid(0, 0)
        os.tcsetpgrp(terminal, os.getpid())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTTOU, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        for descriptor in (0, 1, 2):
            os.dup2(terminal, descriptor)
        os.set_inheritable(report, False)
        if terminal > 2:
            os.close(terminal)
        os.chdir(cwd)
        os.execvpe(argv[0], list(argv), dict(environment))
    except OSError as error:
        os.write(report, f"error {error.strerror}: {error.filename or argv[0]}\n".encode("utf-8", "replace"))
    finally:
        os._exit(127)


def _reap_everyone(launcher: int, report: int) -> None:
    while True:
        try:
            pid, status = os.wait()
        except OSError as error:
            if error.errno == errno.ECHILD:
                return
            continue
        if pid == launcher:
            os.write(report, f"status {status}\n".encode())


def _close_all_but(*kept: int) -> None:
    previous = 2
    for descriptor in sorted(kept):
        os.closerange(previous + 1, descriptor)
        previous = max(previous, descriptor)
    os.closerange(previous + 1, 4096)
