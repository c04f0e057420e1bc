"""How a run ended, from what the kernel and the log say."""

import os
import signal
from dataclasses import dataclass

from fptui.core.facts import LogError, LogFacts, Outcome
from fptui.core.run import ExitRecord, RunRecord
from fptui.core.status import Stage, Status

_FROM_OUTSIDE = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, signal.SIGTERM})
_BY_THE_LOG = {
    Outcome.OUT_OF_MEMORY: Status.OUT_OF_MEMORY,
    Outcome.INTERRUPTED: Status.INTERRUPTED,
    Outcome.FAILED: Status.FAILED,
}


@dataclass(frozen=True)
class Ending:
    """What was seen of an end. `wait_status` is the launcher's, `orphan_status` that of the last descendant that
    outlived it; None: not seen."""

    wait_status: int | None = None
    orphan_status: int | None = None
    not_started: str | None = None
    stop_sent: bool = False
    """A signal was sent because the user asked, and the log told of no error before it."""


def ended(
    facts: LogFacts, ending: Ending, *, started_at: float | None, now: float, seconds_per_step: float | None
) -> ExitRecord:
    """Under accelerate every failure is exit code 1, so the log decides between failed, out of memory and killed
    (musubi-tuner 0.3.4 with accelerate 1.6.0)."""
    code, number = _parts(ending.wait_status)
    if number is None:
        number = _killed_below(facts, code)
    status, reason = _judge(facts, ending, code, number)
    error = None if status in (Status.FINISHED, Status.STOPPED) else facts.error
    if ending.not_started is not None:
        error = LogError("not-started", reason or "")
    elif status is Status.FAILED and error is None:
        error = LogError("exit", _without_a_reason(facts, code, number))
    return ExitRecord(
        status=status,
        exit_code=code,
        signal=number,
        started_at=started_at,
        ended_at=now,
        step=facts.step,
        total_steps=facts.total_steps,
        epoch=facts.epoch,
        epochs=facts.epochs,
        loss=facts.average_loss,
        seconds_per_step=seconds_per_step,
        error_kind=error.kind if error else None,
        error_message=error.message if error else None,
        reason=reason,
    )


def without_a_start(status: Status, reason: str, now: float, error_kind: str | None = None) -> ExitRecord:
    """For a run whose trainer was never started."""
    message = reason if error_kind else None
    return ExitRecord(status, None, None, None, now, error_kind=error_kind, error_message=message, reason=reason)


def _judge(facts: LogFacts, ending: Ending, code: int | None, number: int | None) -> tuple[Status, str | None]:
    if ending.not_started is not None:
        return Status.FAILED, f"The program could not be started: {ending.not_started}."
    log = facts.outcome
    if code == 0 and (log is Outcome.FINISHED or (log is Outcome.RUNNING and not ending.stop_sent)):
        return Status.FINISHED, None
    if ending.stop_sent:
        return Status.STOPPED, None
    if log is Outcome.FINISHED and code is None and ending.orphan_status == 0:
        return Status.FINISHED, "Its launcher was killed; the trainer went on to its end."
    return _unasked(log, ending, number)


def _unasked(log: Outcome, ending: Ending, number: int | None) -> tuple[Status, str | None]:
    if log is not Outcome.OUT_OF_MEMORY:
        if number in _FROM_OUTSIDE or log is Outcome.INTERRUPTED:
            return Status.INTERRUPTED, _from_outside(number)
        if ending.wait_status is None:
            return Status.INTERRUPTED, "The process above the trainer was killed, and the trainer with it."
    return _BY_THE_LOG.get(log, Status.FAILED), None


def _from_outside(number: int | None) -> str:
    name = signal.Signals(number).name if number in _FROM_OUTSIDE else "a signal"
    full = " If nobody did, the machine's memory was full." if number == signal.SIGKILL else ""
    return f"The trainer was ended from outside by {name}.{full}"


def _without_a_reason(facts: LogFacts, code: int | None, number: int | None) -> str:
    how = f"with exit code {code}" if number is None else f"by {signal.Signals(number).name}"
    if facts.outcome is Outcome.FINISHED:
        return f"The model was saved, and then the trainer ended {how}."
    return f"The trainer ended {how} and gave no reason."


def _parts(wait_status: int | None) -> tuple[int | None, int | None]:
    """Exit code and signal."""
    if wait_status is None:
        return None, None
    if os.WIFSIGNALED(wait_status):
        return None, os.WTERMSIG(wait_status)
    return os.WEXITSTATUS(wait_status), None


def _killed_below(facts: LogFacts, code: int | None) -> int | None:
    """The signal that ended the trainer below its launcher: from a shell's exit code, or from what the log found."""
    if code is not None and code - 128 in _FROM_OUTSIDE:
        return code - 128
    if facts.error is None or facts.error.kind not in ("killed", "crashed"):
        return None
    return next((int(item) for item in signal.Signals if f"{item.name}." in facts.error.message), None)


def last_words(run: RunRecord, end: ExitRecord) -> str:
    """What the pane shows last: what happened, and what next."""
    step = "" if end.step is None else f" at step {run.step_offset + end.step}"
    why = end.reason or end.error_message
    said = f"{run.id}: {end.status.value}{step}{f' ({why})' if why else ''}."
    if end.status is Status.FINISHED:
        return f"{said} Ctrl-b d goes back."
    if end.status is Status.STOPPED and run.stage is Stage.TRAIN:
        return f"{said} Go on from its newest state: fptui train {run.version} --resume"
    return f"{said} Its log: fptui log {run.id}"
