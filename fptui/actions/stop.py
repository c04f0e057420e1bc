"""Asking a run to stop: what it would cost, and the request that its supervisor acts on."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from fptui.adapters.processes import is_alive
from fptui.core.run import Heartbeat, RunFolder, write_json
from fptui.core.run_status import row
from fptui.core.status import Stage, Status
from fptui.core.view import RunRow
from fptui.errors import Refused, WrongUse

MODES = ("at-save", "now")


@dataclass(frozen=True)
class StopConsequence:
    """What a stop in this mode would do. `sentence` is for the user in every case."""

    mode: str
    possible: bool
    sentence: str
    steps_lost: int | None = None
    next_save_step: int | None = None


def consequence(
    folder: RunFolder, mode: str, now: float, alive: Callable[[Heartbeat], bool] = is_alive
) -> StopConsequence:
    """Judged from the run's records alone. Steps are true."""
    if mode not in MODES:
        raise WrongUse(f"A stop is at-save or now, not {mode}.")
    run = row(folder, now, alive)
    if run is None:
        raise WrongUse(f"{folder.id} is not a run.")
    if not run.status.is_active:
        return StopConsequence(mode, False, f"{run.record.id} does not run: it is {run.status.value}.")
    if mode == "at-save":
        return _at_save(run)
    return _now(run)


def request(folder: RunFolder, mode: str, now: float) -> None:
    """Leave the request for the supervisor. Refused when it can have no effect."""
    effect = consequence(folder, mode, now)
    if not effect.possible:
        raise Refused(effect.sentence)
    write_json(folder.stop_request, {"mode": mode, "at": now if now else time.time()})


def _at_save(run: RunRow) -> StopConsequence:
    saves, step = run.record.saves, run.step
    if run.record.stage is not Stage.TRAIN or not saves.state:
        why = (
            "saves no state (save_state is not set)" if run.record.stage is Stage.TRAIN else "saves nothing on its way"
        )
        return StopConsequence("at-save", False, f"{run.record.id} {why}, so no save will come: --now ends it at once.")
    if saves.every_n_steps is None and saves.every_n_epochs is None:
        return StopConsequence(
            "at-save",
            False,
            f"{run.record.id} saves only at its end (save_every_n_steps is not set): --now ends it at once.",
        )
    coming = None
    if saves.every_n_steps is not None and saves.every_n_epochs is None:
        own = 0 if step is None else step - run.record.step_offset
        coming = run.record.step_offset + (own // saves.every_n_steps + 1) * saves.every_n_steps
        if run.status is Status.SAVING and own and own % saves.every_n_steps == 0:
            coming = step
        if run.total_steps is not None and coming is not None and coming > run.total_steps:
            return StopConsequence(
                "at-save",
                False,
                f"{run.record.id} saves next at its end, step {run.total_steps}: let it finish, or --now.",
            )
    where = f"at step {coming}" if coming is not None else "at the end of the epoch"
    return StopConsequence("at-save", True, f"Stops {where}, when that state is complete. Nothing is lost.", 0, coming)


def _now(run: RunRow) -> StopConsequence:
    step, record = run.step, run.record
    if record.stage is not Stage.TRAIN:
        return StopConsequence("now", True, "Stops at once; what is cached so far stays.")
    if step is None:
        return StopConsequence("now", True, "Stops at once; no step is done yet.", 0)
    own, every = step - record.step_offset, record.saves.every_n_steps if record.saves.state else None
    if every is None:
        lost, since = own, "the start (this run saves no state on its way)"
    else:
        lost = own % every
        since = f"the last save at {step - lost}" if own >= every else "the start; nothing is saved yet"
    if lost == 0:
        return StopConsequence("now", True, f"Stops at once, just after the save at {step}: nothing is lost.", 0)
    return StopConsequence("now", True, f"Stops at once and loses {lost} step{'s' * (lost != 1)} since {since}.", lost)
