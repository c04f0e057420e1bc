"""Asking a run to stop: what it would cost, and the request that its supervisor acts on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fptui.adapters.processes import is_alive
from fptui.core.records import write_json
from fptui.core.run import Heartbeat, RunFolder, RunRecord
from fptui.core.run_status import row
from fptui.core.status import Stage, Status
from fptui.core.units import duration
from fptui.core.view import RunRow
from fptui.errors import FptuiError, Refused, WrongUse

MODES = ("at-save", "now")


@dataclass(frozen=True)
class StopConsequence:
    """What a stop in this mode would do. `sentence` is for the user in every case; steps are true; None: not known."""

    mode: str
    possible: bool
    sentence: str
    steps_lost: int | None = None
    next_save_step: int | None = None


def consequence(
    folder: RunFolder, mode: str, now: float, alive: Callable[[Heartbeat], bool] = is_alive
) -> StopConsequence:
    """Judged from the run's records and the states on disk, without reading its log."""
    if mode not in MODES:
        raise WrongUse(f"A stop is at-save or now, not {mode}.")
    run = row(folder, now, alive)
    if run is None:
        raise WrongUse(f"{folder.id} is not a run.")
    if not run.status.is_active:
        return StopConsequence(mode, False, f"{run.record.id} does not run: it is {run.status.value}.")
    return _at_save(run) if mode == "at-save" else _now(run)


def request(folder: RunFolder, mode: str, now: float) -> None:
    """Leave the request for the supervisor. Refused when it can have no effect."""
    effect = consequence(folder, mode, now)
    if not effect.possible:
        raise Refused(effect.sentence)
    try:
        write_json(folder.stop_request, {"mode": mode, "at": now})
    except OSError as error:
        raise FptuiError(f"{folder.stop_request} cannot be written ({error.strerror}). Ctrl-C in the run's pane stops "
                         f"it too: fptui attach {folder.id}") from None  # fmt: skip


# At its next save


def _at_save(run: RunRow) -> StopConsequence:
    record, saves = run.record, run.record.saves
    if run.stop == "now":
        return _impossible(run, "is being stopped already")
    if record.stage is not Stage.TRAIN:
        return _impossible(run, "saves nothing on its way: --now ends it at once")
    if not saves.state:
        return _impossible(run, "saves no state (save_state is not set), so no save will come: --now ends it at once")
    if not (saves.every_n_steps or saves.every_n_epochs):
        return _impossible(run, "saves only at its end (save_every_n_steps is not set): --now ends it at once")
    coming = next_save(run)
    if not saves.every_n_epochs and coming is not None and run.total_steps is not None and coming >= run.total_steps:
        return _impossible(run, f"saves next at its end, step {run.total_steps}: let it finish, or --now ends it")
    where = "at the end of an epoch" if coming is None else f"at step {coming}"
    if coming is not None and saves.every_n_epochs:
        where += " or at the end of an epoch before it"
    return StopConsequence(
        "at-save", True, f"Stops {where}{_in(run, coming)}, when that state is complete. Nothing is lost.", 0, coming
    )


def next_save(run: RunRow) -> int | None:
    """Its true step, also of a checkpoint without a state; None where none comes by a number of steps."""
    every, offset = run.record.saves.every_n_steps, run.record.step_offset
    if not every:
        return None
    own = 0 if run.step is None else run.step - offset
    if run.status is Status.SAVING and own and own % every == 0:
        return run.step  # the one that is being written
    return offset + (own // every + 1) * every


def _in(run: RunRow, step: int | None) -> str:
    if step is None or run.seconds_per_step is None or run.step is None or step <= run.step:
        return ""
    return f" in about {duration((step - run.step) * run.seconds_per_step)}"


def _impossible(run: RunRow, why: str) -> StopConsequence:
    return StopConsequence("at-save", False, f"{run.record.id} {why}.")


# Now


def _now(run: RunRow) -> StopConsequence:
    if run.record.stage is Stage.TRAIN and run.status is not Status.QUEUED:
        return _now_training(run, run.step or run.record.step_offset)
    sentence = "Stops at once; nothing of it would have been kept."
    if run.status is Status.QUEUED:
        sentence = "It has not begun and will not begin. Nothing is lost."
    elif run.record.stage.is_caching:
        sentence = "Stops at once; what is cached so far stays."
    return StopConsequence("now", True, sentence)


def _now_training(run: RunRow, step: int) -> StopConsequence:
    record = run.record
    if step <= record.step_offset:
        return StopConsequence("now", True, "Stops at once; no step is done yet.", 0)
    if run.status is Status.SAVING:
        return StopConsequence("now", True, f"Stops when the save at {step} is complete.")
    if record.saves.state and record.saves.every_n_epochs:
        unknown = "Stops at once and loses the steps since its last state; that of an epoch does not tell its step."
        return StopConsequence("now", True, unknown)
    saved = _last_save(record, step)
    lost = step - saved
    if lost == 0:
        return StopConsequence("now", True, f"Stops at once, just after the save at {step}: nothing is lost.", 0)
    if saved > record.step_offset:
        since = f"the last save at {saved}"
    elif record.resumed_from:
        since = f"it was resumed at {saved}; it has saved no state yet"
    else:
        since = "the start; it has saved no state yet"
    steps = f"{lost} step{'s' * (lost != 1)}"
    return StopConsequence("now", True, f"Stops at once and loses {steps} since {since}.", lost)


def _last_save(record: RunRecord, step: int) -> int:
    """The true step of the newest complete state of this run; where it began when there is none."""
    if not (record.output_dir and record.output_name):
        every = record.saves.every_n_steps if record.saves.state else None
        return record.step_offset + ((step - record.step_offset) // every * every if every else 0)
    from fptui.core.musubi.files import list_states

    states = list_states(Path(record.cwd, record.output_dir), record.output_name)
    complete = [state.step for state in states if state.complete and state.step is not None]
    # Never one that the log does not show yet: files of another run with the same name.
    return record.step_offset + max((own for own in complete if record.step_offset + own <= step), default=0)
