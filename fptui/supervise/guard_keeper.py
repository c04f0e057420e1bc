"""A guard that died is started again by whoever finds it dead: while a run is on, that is its supervisor."""

import contextlib
from collections.abc import Mapping

from fptui.adapters.guard_files import guard_files
from fptui.adapters.guard_process import ensure_guard
from fptui.errors import FptuiError

_EVERY = 5.0


class GuardKeeper:
    """`look` costs two small reads, twelve times a minute."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._files = guard_files(environment)
        self._looked: float | None = None

    def look(self, now: float) -> None:
        """`now`: the wall clock, which may be set."""
        if self._looked is not None and 0 <= now - self._looked < _EVERY:
            return
        self._looked = now
        if self._files.needs_guard:
            with contextlib.suppress(FptuiError):
                ensure_guard(self._files, self._environment)
