"""A guard that died is started again by whoever finds it dead: while a run is on, that is its supervisor."""

import contextlib
from collections.abc import Mapping, Sequence

from fptui.adapters.guard_files import Request, guard_files
from fptui.adapters.guard_process import ensure_guard
from fptui.core.run import RunFolder
from fptui.errors import FptuiError

_EVERY = 5.0


class GuardKeeper:
    """`look` costs two small reads, twelve times a minute."""

    def __init__(self, environment: Mapping[str, str], runs: Sequence[RunFolder]) -> None:
        """`runs`: of one project, whose end is to be seen."""
        self._environment = environment
        self._files = guard_files(environment)
        self._project = str(runs[0].path.parent.parent) if runs else None
        self._windows = tuple(folder.window for folder in runs)
        self._looked: float | None = None

    def look(self, now: float) -> None:
        """`now`: the wall clock, which may be set."""
        if self._looked is not None and 0 <= now - self._looked < _EVERY:
            return
        self._looked = now
        if not self._files.needs_guard:
            return
        with contextlib.suppress(FptuiError, OSError):
            # One that lost its state does not know any more whose runs hold the pod.
            if self._project not in self._files.read_state().projects and not self._files.pending():
                self._files.submit(Request("watch", now, self._project, self._windows))
            ensure_guard(self._files, self._environment)
