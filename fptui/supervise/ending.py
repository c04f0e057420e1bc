"""How a run ended, from what the kernel and the log say."""

import os

from fptui.core.facts import LogFacts, Outcome
from fptui.core.run import ExitRecord
from fptui.core.status import Status


def ended(
    facts: LogFacts,
    *,
    wait_status: int | None,
    not_started: str | None,
    stop_sent: bool,
    started_at: float | None,
    now: float,
    seconds_per_step: float | None,
) -> ExitRecord:
    """`wait_status` is the launcher's, None when it was never seen. Under accelerate every failure is exit code 1, so
    the log decides between failed, out of memory and killed (musubi-tuner 0.3.4 with accelerate 1.6.0)."""
    code = number = None
    if wait_status is not None:
        if os.WIFSIGNALED(wait_status):
            number = os.WTERMSIG(wait_status)
        else:
            code = os.WEXITSTATUS(wait_status)
    status, reason = _status(facts, code, number, not_started, stop_sent)
    error = facts.error
    well = status in (Status.FINISHED, Status.STOPPED)
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
        error_kind=None if well or error is None else error.kind,
        error_message=None if well or error is None else error.message,
        reason=reason,
    )


def _status(
    facts: LogFacts, code: int | None, number: int | None, not_started: str | None, stop_sent: bool
) -> tuple[Status, str | None]:
    if not_started is not None:
        return Status.FAILED, f"The program could not be started: {not_started}"
    if code == 0:
        return Status.FINISHED, None
    if stop_sent:
        return Status.STOPPED, None
    if facts.outcome is Outcome.OUT_OF_MEMORY:
        return Status.OUT_OF_MEMORY, None
    if number is not None or facts.outcome is Outcome.INTERRUPTED:
        return Status.INTERRUPTED, f"{f'Signal {number}' if number else 'A signal'} from elsewhere ended the trainer."
    return Status.FAILED, None


def not_reached(before: str, status: Status, now: float) -> ExitRecord:
    """For a run that waited for another one that did not end well."""
    reason = f"Not started: {before} ended as {status.value}."
    return ExitRecord(Status.STOPPED, None, None, None, now, reason=reason)
