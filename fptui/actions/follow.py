"""Waiting for runs: what each is doing, look by look, until the last of them has ended."""

import time
from collections.abc import Callable, Iterator, Sequence

from fptui.adapters.processes import is_alive
from fptui.core.run import RunFolder
from fptui.core.run_status import row
from fptui.core.status import Status
from fptui.core.view import RunRow

PERIOD_SECONDS = 0.5


def follow(
    folders: Sequence[RunFolder],
    *,
    look: Callable[[RunFolder, float], RunRow | None] = lambda folder, now: row(folder, now, is_alive),
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[RunRow]:
    """A row of the run that is at work every half second, and of each run one when it has ended. Over after the last,
    or after the first that did not finish: the runs behind that one do not start."""
    for folder in folders:
        while True:
            now = look(folder, clock())
            if now is not None:
                yield now
                if not now.status.is_active:
                    break
            elif not folder.path.is_dir():
                return
            sleep(PERIOD_SECONDS)
        if now.status is not Status.FINISHED:
            return
