"""What the guard of a pod wrote down of one GPU after another, read as it grows."""

from pathlib import Path

from fptui.adapters.gpu_history import indices, read_history
from fptui.core.gpu_history import Totals


class GpuPast:
    """`poll` reads what is new. A history that is not there is one without samples."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._since: float | None = None
        self.totals: dict[int, Totals] = {}
        """By GPU, since what was asked for last."""

    def poll(self, since: float) -> None:
        """Totals since then; from the beginning when that has changed."""
        if since != self._since:
            self._since, self.totals = since, {}
        for index in indices(self._folder):
            totals = self.totals.setdefault(index, Totals())
            reached = totals.ended
            for sample in read_history(self._folder, index, since if reached is None else reached):
                if sample.at != reached:
                    totals.add(sample)

    @property
    def idle_seconds(self) -> float:
        """Of the whole pod: a GPU of two that had nothing to do is half of it."""
        return sum(each.idle_seconds for each in self.totals.values()) / max(1, len(self.totals))
