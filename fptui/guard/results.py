"""What the runs of this pod leave behind, as the guard asks for it: is it safe, and can it be made so."""

import time
from collections.abc import Callable, Mapping, Sequence

from fptui.actions.safety import Safety
from fptui.core.autostop import Unsafe
from fptui.core.safety import Hazard


class Results:
    """`unsafe` and `make_safe` may each be at work in a thread of its own."""

    def __init__(self, environment: Mapping[str, str], log: Callable[[str], None]) -> None:
        self._safety = Safety(environment)
        self._log = log
        self._hazards: tuple[Hazard, ...] = ()

    def unsafe(self, projects: Sequence[str], terminate: bool) -> tuple[Unsafe, ...]:
        """What a stop should wait for; what was written is flushed to disk."""
        found = tuple(self._safety.unsafe(projects, time.time(), terminate=terminate))
        for hazard in found:
            if hazard not in self._hazards:
                self._log(f"{hazard.what} {hazard.cure}")
        self._hazards = found
        return tuple(Unsafe(hazard.what, hazard.is_lost_by_stop) for hazard in found)

    def make_safe(self) -> None:
        """Upload again what failed, as far as that may help."""
        for problem in self._safety.make_safe(self._hazards, time.time()):
            self._log(problem)
