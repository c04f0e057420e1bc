"""Rows for the tests of commands."""

from fptui.core.run import RunRecord
from fptui.core.status import Stage, Status
from fptui.core.view import RunRow


def row(
    run_id: str = "v1-train-20260101-000000",
    status: Status = Status.TRAINING,
    *,
    step: int | None = None,
    total: int | None = None,
    loss: float | None = None,
    seconds_per_step: float | None = None,
    started: float | None = None,
    ended: float | None = None,
    message: str | None = None,
) -> RunRow:
    record = RunRecord(run_id, "v1", Stage.TRAIN, "musubi", ("true",), "/", created_at=1e9)
    return RunRow(record, status, step, total, started, ended, None, loss, seconds_per_step, message)
