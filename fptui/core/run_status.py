"""What a run is doing, from its records alone: light enough for a list of hundreds."""

import json
from collections.abc import Callable

from fptui.core.run import ExitRecord, Heartbeat, RunFolder, RunRecord, read_exit, read_heartbeat, read_run
from fptui.core.status import Status
from fptui.core.units import duration
from fptui.core.view import RunRow

STARTING_SECONDS = 30
"""How long a run may be without a first sign of life."""
_CHAIN_LIMIT = 8

IsAlive = Callable[[Heartbeat], bool]


def row(folder: RunFolder, now: float, is_alive: IsAlive) -> RunRow | None:
    """The run in `folder` at time `now`, true steps; None when it has no readable record. The exit record wins over a
    heartbeat, whoever is still alive; a heartbeat counts while `is_alive` says that its supervisor lives."""
    return _row(folder, now, is_alive, _CHAIN_LIMIT)


def _row(folder: RunFolder, now: float, is_alive: IsAlive, depth: int) -> RunRow | None:
    record = read_run(folder.record)
    if record is None:
        return None
    ended = read_exit(folder.exit)
    if ended is not None:
        return _ended(record, ended)
    heartbeat = read_heartbeat(folder.heartbeat)
    if heartbeat is None:
        # Written between the two looks, when the run ends within its first second.
        ended = read_exit(folder.exit)
        return _ended(record, ended) if ended else _without_heartbeat(folder, record, now, is_alive, depth)
    if is_alive(heartbeat):
        return _alive(folder, record, heartbeat)
    ended = read_exit(folder.exit)
    return _ended(record, ended) if ended else _lost(record, now, heartbeat)


def _ended(record: RunRecord, ended: ExitRecord) -> RunRow:
    return RunRow(
        record=record,
        status=ended.status,
        step=_true(record, ended.step),
        total_steps=_total(record, ended.total_steps),
        started_at=ended.started_at,
        ended_at=ended.ended_at,
        exit_code=ended.exit_code,
        loss=ended.loss,
        seconds_per_step=ended.seconds_per_step,
        message=ended.reason or ended.error_message,
        exit=ended,
    )


def _alive(folder: RunFolder, record: RunRecord, heartbeat: Heartbeat) -> RunRow:
    return RunRow(
        record=record,
        status=heartbeat.status,
        step=_true(record, heartbeat.step),
        total_steps=_total(record, heartbeat.total_steps),
        started_at=heartbeat.started_at,
        ended_at=None,
        exit_code=None,
        loss=heartbeat.loss,
        seconds_per_step=heartbeat.seconds_per_step,
        message=heartbeat.message,
        stop=heartbeat.stop or _stop_asked(folder),
    )


def _lost(record: RunRecord, now: float, heartbeat: Heartbeat | None) -> RunRow:
    if heartbeat is None:
        message = "It never gave a sign of life: nothing started it, or the machine went down."
    else:
        ago = duration(now - heartbeat.at)
        message = f"Its supervisor is gone and left no exit record; the last sign of life was {ago} ago."
    return RunRow(
        record=record,
        status=Status.LOST,
        step=_true(record, heartbeat.step if heartbeat else None),
        total_steps=_total(record, heartbeat.total_steps if heartbeat else None),
        started_at=heartbeat.started_at if heartbeat else None,
        ended_at=None,
        exit_code=None,
        loss=heartbeat.loss if heartbeat else None,
        seconds_per_step=heartbeat.seconds_per_step if heartbeat else None,
        message=message,
    )


def _without_heartbeat(folder: RunFolder, record: RunRecord, now: float, is_alive: IsAlive, depth: int) -> RunRow:
    since = record.created_at
    if record.follows and depth:
        before = _row(RunFolder(folder.path.parent / record.follows), now, is_alive, depth - 1)
        if before is not None:
            if before.status.is_active:
                return _waiting(record, Status.QUEUED, f"waits for {record.follows}", _stop_asked(folder))
            since = max(since, before.ended_at or since)
    # A clock set back must not make a run that is starting a lost one.
    if now - since < STARTING_SECONDS:
        return _waiting(record, Status.STARTING, None, _stop_asked(folder))
    return _lost(record, now, None)


def _waiting(record: RunRecord, status: Status, message: str | None, stop: str | None) -> RunRow:
    return RunRow(
        record=record,
        status=status,
        step=None,
        total_steps=_total(record, None),
        started_at=None,
        ended_at=None,
        exit_code=None,
        loss=None,
        seconds_per_step=None,
        message=message,
        stop=stop,
    )


def _true(record: RunRecord, step: int | None) -> int | None:
    return None if step is None else record.step_offset + step


def _total(record: RunRecord, trainers_own: int | None) -> int | None:
    """The trainer's count is what it will do; the record's is what was asked for before it began."""
    return record.total_steps if trainers_own is None else record.step_offset + trainers_own


def _stop_asked(folder: RunFolder) -> str | None:
    try:
        asked = json.loads(folder.stop_request.read_bytes())
    except (OSError, ValueError):
        return None
    mode = asked.get("mode") if isinstance(asked, dict) else None
    return mode if mode in ("at-save", "now") else None
