"""`fptui status`"""

import time
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from fptui.cli.common import add_json, add_run, environment, loss_text, row_json, run_of, steps_text
from fptui.cli.output import emit, emit_json
from fptui.core.cost import cost
from fptui.core.facts import LogError
from fptui.core.units import dollars, duration, step_time
from fptui.watch.prices import Prices
from fptui.watch.run_watch import RunWatch

if TYPE_CHECKING:
    from fptui.core.view import RunView

HELP = (
    "One run's numbers. `loss` is the last step's own, or the trainer's running average where only its log tells; "
    "`loss_average` is the average. What is unknown is null (`?` in the text)."
)
EXAMPLE = "fptui status v8 --json"


def add_arguments(parser: ArgumentParser) -> None:
    add_run(parser)
    add_json(parser)


def run(args: Namespace) -> int:
    project, folder = run_of(args)
    now = time.time()
    view = RunWatch(folder).poll(now)
    price = Prices(project, environment()).of(view.row.record)
    costs = cost(view.row.seconds(now), price), cost(view.eta_seconds, price)
    if args.json:
        emit_json(view_json(view, *costs))
    else:
        for line in view_lines(view, *costs):
            emit(line)
    return 0


def view_json(view: "RunView", so_far: float | None = None, to_end: float | None = None) -> dict[str, Any]:
    """As the product's contract names it, and more. The costs are dollars."""
    error = _error(view)
    return {
        **row_json(view.row),
        "loss": view.loss_average if view.loss_current is None else view.loss_current,
        "learning_rate": view.learning_rate,
        "seconds_per_step": view.seconds_per_step,
        "eta_seconds": view.eta_seconds,
        "cost_so_far": so_far,
        "cost_to_end": to_end,
        "autostop": view.row.record.autostop,
        "alarms": [],
        "loss_average": view.loss_average,
        "epoch": view.epoch,
        "epochs": view.epochs,
        "next_save_step": view.next_save_step,
        "steps_since_save": view.steps_since_save,
        "last_state": None if view.last_state is None else {"step": view.last_state.step, "path": view.last_state.path},
        "error": None if error is None else {"kind": error.kind, "message": error.message},
        "warnings": [{"kind": each.kind, "count": each.count, "message": each.message} for each in view.facts.warnings],
    }


def _error(view: "RunView") -> LogError | None:
    """As the exit record has it: a full disk cuts the log short, and what a stop leaves in it is no error."""
    end = view.row.exit
    if end is None:
        return view.facts.error
    return LogError(end.error_kind or "exit", end.error_message) if end.error_message else None


def view_lines(view: "RunView", so_far: float | None = None, to_end: float | None = None) -> list[str]:
    """The same for people; a line that would say nothing is left out."""
    row, error = view.row, _error(view)
    facts: list[tuple[str, str | None]] = [
        ("run", row.record.id + (" (rehearsal)" if row.record.trainer == "rehearsal" else "")),
        ("status", row.status.value + (f": {row.message}" if row.message else "")),
        ("step", steps_text(row.step, row.total_steps)),
        ("epoch", None if view.epoch is None else steps_text(view.epoch, view.epochs)),
        ("loss", f"{loss_text(view.loss_current)} (average {loss_text(view.loss_average)})"),
        ("learning rate", loss_text(view.learning_rate)),
        ("speed", step_time(view.seconds_per_step)),
        ("ends in", duration(view.eta_seconds) if row.status.is_active else None),
        ("cost", _costs(so_far, to_end)),
        ("next save", None if view.next_save_step is None or not row.status.is_active
         else f"at step {view.next_save_step} in {duration(view.next_save_seconds)}"),
        ("last state", None if view.last_state is None else f"step {view.last_state.step}: {view.last_state.path}"),
        ("error", None if error is None else error.message),
        *(("warning", f"{each.message} ({each.count} times)" if each.count > 1 else each.message)
          for each in view.facts.warnings),
    ]  # fmt: skip
    return [f"{name:<14} {text}" for name, text in facts if text is not None]


def _costs(so_far: float | None, to_end: float | None) -> str | None:
    rest = "" if to_end is None else f", {dollars(to_end)} to go"
    return None if so_far is None else f"{dollars(so_far)} so far{rest}"
