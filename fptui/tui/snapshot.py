"""What the dashboard reads, as protocols, and the frozen snapshot that goes from the reading thread to it."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fptui.core.view import ProjectView
from fptui.tui.charts.braille import Curve
from fptui.tui.charts.loss import Curves

HISTORY = 80
SECONDS_A_COLUMN = 5
"""Utilisation is kept as so many means of so many seconds: what stands on the screen then moves seldom."""


class Reader(Protocol):
    """What is asked of `watch.run_watch.RunWatch`."""

    @property
    def loss(self) -> Curve: ...

    @property
    def average(self) -> Curve: ...

    @property
    def learning_rate(self) -> Curve: ...

    def log_tail(self, count: int, /) -> Sequence[str]: ...


class Watch(Protocol):
    """What is asked of `watch.project_watch.ProjectWatch`; called from one thread only."""

    @property
    def run_watch(self) -> Reader | None: ...

    def poll(self, now: float, selected: str | None) -> ProjectView: ...

    def utilisation(self, gpu: int, since: float) -> Sequence[tuple[float, int | None]]: ...


@dataclass(frozen=True)
class Snapshot:
    """One look at everything on the screen."""

    view: ProjectView
    curves: Curves | None = None
    log: tuple[str, ...] = ()
    utilisation: Mapping[int, tuple[int | None, ...]] = field(default_factory=dict)
    """By GPU: the mean of each five seconds, the newest last."""


class Snapshots:
    """Takes snapshots of a watch; remembers the utilisation of each GPU."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._utilisation: dict[int, Utilisation] = {}

    def take(self, now: float, selected: str | None, log_lines: int) -> Snapshot:
        """Poll once. The curves are frozen by their lengths: later points are not part of this snapshot."""
        view = self._watch.poll(now, selected)
        for gpu in view.gpus.gpus:
            if gpu.index not in self._utilisation:
                past = self._utilisation[gpu.index] = Utilisation()
                for at, percent in self._watch.utilisation(gpu.index, now - HISTORY * SECONDS_A_COLUMN):
                    past.take(at, percent)
            self._utilisation[gpu.index].take(now, gpu.utilisation)
        reader = self._watch.run_watch
        curves: Curves | None = None
        log: tuple[str, ...] = ()
        if reader is not None and view.selected is not None:
            raw, average, rate = reader.loss, reader.average, reader.learning_rate
            curves = Curves(raw, average, rate, (len(raw), len(average), len(rate)))
            log = tuple(reader.log_tail(log_lines))
        return Snapshot(view, curves, log, {index: past.means() for index, past in self._utilisation.items()})


class Utilisation:
    """One GPU's, in percent, as means over stretches of `SECONDS_A_COLUMN`."""

    def __init__(self) -> None:
        self._past: deque[int | None] = deque(maxlen=HISTORY)
        self._stretch: int | None = None
        self._values: list[int] = []

    def take(self, now: float, value: int | None) -> None:
        """A reading; None when the device did not say."""
        stretch = int(now // SECONDS_A_COLUMN)
        if self._stretch is not None and stretch != self._stretch:
            self._past.append(self._mean())
            # Stretches that nobody looked at are blank, not left out.
            self._past.extend([None] * min(HISTORY, stretch - self._stretch - 1))
            self._values = []
        self._stretch = stretch
        if value is not None:
            self._values.append(value)

    def means(self) -> tuple[int | None, ...]:
        """Of the stretches so far, the unfinished one included."""
        return (*self._past, self._mean()) if self._stretch is not None else ()

    def _mean(self) -> int | None:
        return round(sum(self._values) / len(self._values)) if self._values else None
