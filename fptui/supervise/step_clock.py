"""Seconds a step, as the supervisor sees the steps come."""

from collections import deque
from statistics import median


class StepClock:
    """Median of the last steps; saves and samples between two steps are outliers that a median ignores."""

    def __init__(self, steps: int = 15) -> None:
        self._times: deque[float] = deque(maxlen=steps)
        self._step: int | None = None
        self._at = 0.0

    def saw(self, step: int | None, now: float) -> None:
        """The log says that `step` is done. The first difference is left out: it holds the compilation of the first."""
        if step is None or step == self._step:
            return
        if self._step is not None and step > self._step and self._step >= 1:
            self._times.append((now - self._at) / (step - self._step))
        self._step, self._at = step, now

    @property
    def seconds_per_step(self) -> float | None:
        return median(self._times) if self._times else None
