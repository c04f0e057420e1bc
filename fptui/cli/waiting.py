"""Showing on stderr how runs go, for the commands that wait for them."""

import time
from collections.abc import Iterable, Sequence

from fptui.actions.follow import follow
from fptui.cli.common import loss_text, steps_text
from fptui.cli.output import Progress, say
from fptui.core.run import RunFolder
from fptui.core.status import Status
from fptui.core.units import duration, step_time
from fptui.core.view import RunRow
from fptui.errors import FptuiError

DETACHED = 130


def wait_for(folders: Sequence[RunFolder], rows: Iterable[RunRow] | None = None) -> dict[str, RunRow]:
    """Show the progress of runs that follow each other until they have ended; the last row of each by its id. Raises
    KeyboardInterrupt when the user no longer wants to look."""
    progress, last = Progress(), dict[str, RunRow]()
    try:
        for row in follow(folders) if rows is None else rows:
            last[row.record.id] = row
            if row.status.is_active:
                progress.show(progress_text(row), time.time(), key=(row.record.id, row.status))
            else:
                progress.end()
                say(ending_text(row))
    finally:
        progress.end()
    if not last:
        raise FptuiError(f"The run's folder {folders[0].path} is gone.")
    return last


def wait_or_detach(folders: Sequence[RunFolder]) -> tuple[dict[str, RunRow], int]:
    """Wait for runs; their last rows and the exit code: 0 all finished, 1 one did not, 130 the user stopped looking."""
    try:
        last = wait_for(folders)
    except KeyboardInterrupt:
        name = folders[-1].id
        say(f"Detached: {name} goes on. `fptui attach {name}` shows it again, `fptui stop {name}` stops it.")
        return {}, DETACHED
    finished = all(folder.id in last and last[folder.id].status is Status.FINISHED for folder in folders)
    return last, 0 if finished else 1


def progress_text(row: RunRow) -> str:
    """`v8-train-…: training, step 412/5000, loss 0.0254, 28.7 s/step, ends in 36 h 30 min`, without the unknown."""
    parts = [f"{row.record.id}: {row.status.value}"]
    if row.step is not None:
        parts.append(f"step {steps_text(row.step, row.total_steps)}")
    if row.loss is not None:
        parts.append(f"loss {loss_text(row.loss)}")
    if row.seconds_per_step is not None:
        parts.append(step_time(row.seconds_per_step))
        if row.step is not None and row.total_steps is not None:
            parts.append(f"ends in {duration((row.total_steps - row.step) * row.seconds_per_step)}")
    return ", ".join(parts + ([row.message] if row.message else []))


def ending_text(row: RunRow) -> str:
    """One sentence: how it ended, how far it came, and where to look when it did not go well."""
    step = "" if row.step is None else f" at step {steps_text(row.step, row.total_steps)}"
    took = "" if row.started_at is None or row.ended_at is None else f" after {duration(row.ended_at - row.started_at)}"
    loss = "" if row.loss is None else f", loss {loss_text(row.loss)}"
    why = f" {row.message}" if row.message else ""
    where = "" if row.status in (Status.FINISHED, Status.STOPPED) else f" Its log: `fptui log {row.record.id}`."
    return f"{row.record.id}: {row.status.value}{step}{took}{loss}.{why}{where}"
