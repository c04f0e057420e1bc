"""The small process between supervisor and trainer.

It leads the session of the inner terminal. Were `accelerate launch` the leader, its end (Ctrl-C ends it at once) would
make the kernel hang up on the trainer that is still writing a checkpoint. It is also the reaper of every descendant
that loses its parent, and ends only after the last one.

Forked from the supervisor, not executed: it shares the supervisor's memory, starts in a millisecond, and an upgrade of
the package under a running supervisor cannot break it.
"""

import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import termios
from collections.abc import Mapping, Sequence
from typing import NoReturn

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTTOU, signal.SIGTTIN)
"""SIGHUP comes when the supervisor dies; were the leader to end by it, the kernel would hang up on the trainer too."""


def start(argv: Sequence[str], cwd: str, environment: Mapping[str, str], terminal: int, report: int) -> int:
    """Fork the leader; it starts `argv` on `terminal`. On `report` it writes lines: `pid N` of the launcher, its wait
    status as `status N`, that of every orphan as `orphan N`, or `error TEXT` when nothing could be started. It closes
    `report` when nobody is left. Returns the leader's process id."""
    leader = os.fork()
    if not leader:
        _lead(argv, cwd, environment, terminal, report)
    return leader


def adopt_orphans() -> None:
    """Descendants that lose their parent become this process's children (prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _lead(argv: Sequence[str], cwd: str, environment: Mapping[str, str], terminal: int, report: int) -> NoReturn:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        adopt_orphans()
        for descriptor in (0, 1, 2):
            os.dup2(terminal, descriptor)
        _close_all_but(report)
        launcher = _launch(argv, cwd, environment, report)
        os.write(report, f"pid {launcher}\n".encode())
        _reap_everyone(launcher, report)
        code = 0
    except OSError as error:
        os.write(report, f"error {error.strerror}\n".encode())
    finally:
        os._exit(code)


def _launch(argv: Sequence[str], cwd: str, environment: Mapping[str, str], report: int) -> int:
    launcher = os.fork()
    if launcher:
        with contextlib.suppress(OSError):
            os.setpgid(launcher, launcher)
        return launcher
    try:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        for number in (*_IGNORED, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.set_inheritable(report, False)
        os.chdir(cwd)
        os.execvpe(argv[0], list(argv), dict(environment))
    except (OSError, ValueError) as error:
        # What failed is the folder or the program: whichever is named.
        what = (getattr(error, "filename", None) or argv[0]) if argv else "no program"
        why = getattr(error, "strerror", None) or str(error)
        os.write(report, f"error {what}: {why}\n".encode("utf-8", "replace"))
    finally:
        os._exit(127)


def _reap_everyone(launcher: int, report: int) -> None:
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return
        with contextlib.suppress(OSError):  # a supervisor that is gone
            os.write(report, f"{'status' if pid == launcher else 'orphan'} {status}\n".encode())


def _close_all_but(kept: int) -> None:
    limit = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 1 << 16)
    os.closerange(3, kept)
    os.closerange(kept + 1, limit)
