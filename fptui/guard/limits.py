"""`--max-hours` and `--max-cost`: a run that has taken its share is stopped, at its next save if one comes in time:
with its state, or, where it saves none, behind its next checkpoint."""

from collections.abc import Callable, Sequence

from fptui.actions.stop import next_save, request
from fptui.core.autostop import Now
from fptui.core.cost import cost
from fptui.core.notices import Notice
from fptui.core.run import RunFolder
from fptui.core.units import duration
from fptui.core.view import RunRow
from fptui.errors import FptuiError

PATIENCE = 1800.0
"""Seconds that a save may take to come."""


class Limits:
    """Asks each run once for a stop at its save, and behind `PATIENCE` for one now."""

    def __init__(self, ask: Callable[[RunFolder, str, float], None] = request) -> None:
        self._ask = ask
        self._asked: dict[str, float] = {}
        self._behind: dict[str, int] = {}
        """The step of a checkpoint that is waited for."""
        self._pressed: set[str] = set()

    def look(self, runs: Sequence[tuple[RunFolder, RunRow]], now: Now, price: float | None) -> list[Notice]:
        """What the user should be told of it. `price`: dollars an hour; without it no cost is known."""
        told = []
        for folder, run in runs:
            why = _over(run, now, price)
            asked = self._asked.get(folder.window)
            if why is None or folder.window in self._pressed:
                continue
            if asked is None:
                self._asked[folder.window] = now.monotonic
                told.append(Notice(f"{folder.id} is stopped", why))
                if self._stop(folder, "at-save", now):
                    continue
                coming = next_save(run)
                if coming is not None:
                    self._behind[folder.window] = coming
                    continue
            elif now.monotonic - asked < PATIENCE and not self._has_come(folder, run):
                continue
            self._pressed.add(folder.window)
            self._stop(folder, "now", now)
        return told

    def _has_come(self, folder: RunFolder, run: RunRow) -> bool:
        """The checkpoint, whole: training has gone on since."""
        step = self._behind.get(folder.window)
        return step is not None and run.step is not None and run.step > step

    def _stop(self, folder: RunFolder, mode: str, now: Now) -> bool:
        try:
            self._ask(folder, mode, now.wall)
        except FptuiError:
            return False
        return True


def _over(run: RunRow, now: Now, price: float | None) -> str | None:
    seconds = run.seconds(now.wall)
    if seconds is None:
        return None
    hours, limit = run.record.max_hours, run.record.max_cost
    if hours is not None and seconds >= hours * 3600:
        return f"It has run for {duration(seconds)}, and --max-hours is {hours:g}."
    spent = cost(seconds, price)
    if limit is not None and spent is not None and spent >= limit:
        return f"It has cost ${spent:.2f}, and --max-cost is {limit:g}."
    return None
