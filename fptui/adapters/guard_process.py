"""Starting the guard: a process of its own session, which no terminal, tmux or dashboard takes with it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from fptui.adapters.guard_files import GuardFiles
from fptui.core.text import plain
from fptui.errors import FptuiError

_BEGINS_WITHIN, _SEEN_WITHIN, _AGAIN = 10.0, 5.0, 15.0
"""Seconds; the last between two starts of a guard that does not come to life."""

started_here: set[int] = set()
"""The process ids of the guards that this process has started: they outlive what it waits for."""
_started: dict[str, tuple[float, float]] = {}
"""By its folder, when a guard that has not been seen at work since was started first, and last."""


def ensure_guard(files: GuardFiles, environment: Mapping[str, str]) -> bool:
    """Start one unless one is at work; returns whether it had to. Does not wait for its first sign of life."""
    key, now = str(files.folder), time.monotonic()
    if files.is_guarded():
        _started.pop(key, None)
        return False
    first, last = _started.get(key, (now, -_AGAIN))
    if now - last < _AGAIN:
        return False
    try:
        files.make()
        with open(os.devnull, "r+b") as nothing:  # noqa: PTH123
            guard = subprocess.Popen(
                [sys.executable, "-m", "fptui", "guard"],
                # A project's own modules must not be imported in place of Python's.
                env={**environment, "PYTHONSAFEPATH": "1"},
                cwd="/",
                stdin=nothing,
                stdout=nothing,
                stderr=nothing,
                start_new_session=True,
            )
        started_here.add(guard.pid)
        _started[key] = first, now
    except OSError as error:
        raise FptuiError(f"The guard could not be started in {plain(str(files.folder))}: {error.strerror}.") from None
    return True


def is_beginning(files: GuardFiles) -> bool:
    """Whether this process has just started one, of which nothing can be seen yet."""
    started = _started.get(str(files.folder))
    return started is not None and time.monotonic() - started[0] < _SEEN_WITHIN


def cancel_by_signal(files: GuardFiles) -> bool:
    """Where no request can be written; whether there was a guard to tell."""
    life = files.living()
    if life is None:
        return False
    os.kill(life.pid, signal.SIGUSR1)
    return True


def wait_for(comes: Callable[[], bool], seconds: float = _BEGINS_WITHIN) -> bool:
    """Whether what the guard is to do came in time."""
    deadline = time.monotonic() + seconds
    while not comes():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
