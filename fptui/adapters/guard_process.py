"""Starting the guard: a process of its own session, which no terminal, tmux or dashboard takes with it."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping

from fptui.adapters.guard_files import GuardFiles
from fptui.core.text import plain
from fptui.errors import FptuiError

_BEGINS_WITHIN = 10.0

started_here: set[int] = set()
"""The process ids of the guards that this process has started: they outlive what it waits for."""


def ensure_guard(files: GuardFiles, environment: Mapping[str, str]) -> bool:
    """Start one unless one is at work; returns whether it had to. Does not wait for its first sign of life."""
    if files.is_guarded():
        return False
    try:
        files.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
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
    except OSError as error:
        raise FptuiError(f"The guard could not be started in {plain(str(files.folder))}: {error.strerror}.") from None
    return True


def wait_for_answer(files: GuardFiles, name: str, seconds: float = _BEGINS_WITHIN) -> bool:
    """Whether the guard took the request in time."""
    deadline = time.monotonic() + seconds
    while name in files.pending():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
