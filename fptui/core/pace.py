"""How long a step takes, by the time at which the log first showed it: the bar's own rate is a mean over everything."""

from collections import deque

STEPS = 20
"""The newest steps that are looked at."""


class Pace:
    """Told what the log shows at which time; leaves out the first step, which warms up, and steps with a save or a
    sampling in them."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=STEPS)
        self._last: tuple[float, int, int] | None = None

    def note(self, at: float, step: int | None, pauses: int) -> None:
        """At time `at` the log shows `step` as finished, and so many saves and samplings as begun."""
        if not step or (self._last is not None and step == self._last[1]):
            return
        if self._last is not None and step > self._last[1] and pauses == self._last[2] and at > self._last[0]:
            passed = step - self._last[1]
            self._seconds.extend([(at - self._last[0]) / passed] * min(passed, STEPS))
        self._last = (at, step, pauses)

    def skip(self) -> None:
        """What comes next does not follow what was noted last."""
        self._last = None

    @property
    def seconds_per_step(self) -> float | None:
        """The median of the newest steps; None before the second one."""
        ordered = sorted(self._seconds)
        middle = len(ordered) // 2
        if not ordered:
            return None
        return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
