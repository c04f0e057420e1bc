"""What the records alone say of a run."""

from dataclasses import replace
from pathlib import Path

import pytest

from fptui.core.records import write_json
from fptui.core.run import ExitRecord, Heartbeat, RunFolder, RunRecord, write_record
from fptui.core.run_status import STARTING_SECONDS, row
from fptui.core.status import Stage, Status
from fptui.core.view import RunRow

NOW = 1_000_000.0
RECORD = RunRecord(
    id="v8-train", version="v8", stage=Stage.TRAIN, trainer="musubi", argv=("x",), cwd="/p", created_at=NOW - 100
)
HEARTBEAT = Heartbeat(
    at=NOW - 1, pid=7, pid_started=3, boot_id="b", host="h", status=Status.TRAINING, started_at=NOW - 90,
    step=40, total_steps=200, loss=0.5, seconds_per_step=2.0,
)  # fmt: skip
ENDED = ExitRecord(
    status=Status.FINISHED, exit_code=0, signal=None, started_at=NOW - 90, ended_at=NOW - 5, step=200, total_steps=200
)


def _folder(
    runs: Path, record: RunRecord = RECORD, heartbeat: Heartbeat | None = None, ended: ExitRecord | None = None
) -> RunFolder:
    folder = RunFolder(runs / record.id)
    folder.path.mkdir(parents=True)
    write_record(folder.record, record)
    if heartbeat:
        write_record(folder.heartbeat, heartbeat)
    if ended:
        write_record(folder.exit, ended)
    return folder


def _row(folder: RunFolder, alive: bool = True, now: float = NOW) -> RunRow:
    found = row(folder, now, lambda heartbeat: alive)
    assert found is not None
    return found


def test_the_exit_record_wins(tmp_path: Path) -> None:
    found = _row(_folder(tmp_path, heartbeat=HEARTBEAT, ended=ENDED))
    assert (found.status, found.exit_code, found.ended_at, found.step) == (Status.FINISHED, 0, NOW - 5, 200)
    assert found.exit == ENDED


def test_a_living_supervisor_says_what_the_run_does(tmp_path: Path) -> None:
    found = _row(_folder(tmp_path, heartbeat=HEARTBEAT))
    assert (found.status, found.step, found.total_steps, found.loss) == (Status.TRAINING, 40, 200, 0.5)
    assert (found.ended_at, found.exit, found.stop) == (None, None, None)


def test_a_dead_supervisor_without_exit_record(tmp_path: Path) -> None:
    found = _row(_folder(tmp_path, heartbeat=replace(HEARTBEAT, at=NOW - 3600)), alive=False)
    assert (found.status, found.step, found.ended_at) == (Status.LOST, 40, None)
    assert found.message is not None and "1 h" in found.message


def test_the_exit_record_may_come_while_one_looks(tmp_path: Path) -> None:
    folder = _folder(tmp_path, heartbeat=HEARTBEAT)

    def dies(heartbeat: Heartbeat) -> bool:
        write_record(folder.exit, ENDED)
        return False

    found = row(folder, NOW, dies)
    assert found is not None and found.status is Status.FINISHED


def test_steps_are_true_after_a_resume(tmp_path: Path) -> None:
    record = replace(RECORD, step_offset=60, total_steps=260)
    found = _row(_folder(tmp_path, record, heartbeat=HEARTBEAT))
    assert (found.step, found.total_steps) == (100, 260)


@pytest.mark.parametrize(
    ("age", "status"), [(1, Status.STARTING), (STARTING_SECONDS - 1, Status.STARTING), (31, Status.LOST)]
)
def test_without_a_sign_of_life(tmp_path: Path, age: float, status: Status) -> None:
    found = _row(_folder(tmp_path, replace(RECORD, created_at=NOW - age, total_steps=5)))
    assert (found.status, found.step, found.total_steps) == (status, None, 5)


def test_waiting_for_the_run_before(tmp_path: Path) -> None:
    before = replace(RECORD, id="v8-cache", stage=Stage.CACHE_LATENTS, created_at=NOW - 5000)
    _folder(tmp_path, before, heartbeat=HEARTBEAT)
    after = _folder(tmp_path, replace(RECORD, follows="v8-cache", created_at=NOW - 5000))
    last = _folder(tmp_path, replace(RECORD, id="v8-third", follows="v8-train", created_at=NOW - 5000))
    assert _row(after).status is Status.QUEUED
    assert _row(last).status is Status.QUEUED
    assert _row(after, alive=False).status is Status.LOST


def test_after_the_run_before_has_ended(tmp_path: Path) -> None:
    """The time to start counts from there, not from when both were asked for."""
    before = replace(RECORD, id="v8-cache", created_at=NOW - 5000)
    _folder(tmp_path, before, heartbeat=HEARTBEAT, ended=ENDED)
    after = _folder(tmp_path, replace(RECORD, follows="v8-cache", created_at=NOW - 5000))
    assert _row(after).status is Status.STARTING
    assert _row(after, now=NOW + 60).status is Status.LOST


def test_runs_that_follow_each_other_in_a_ring(tmp_path: Path) -> None:
    first = _folder(tmp_path, replace(RECORD, id="a", follows="b", created_at=NOW - 5000))
    _folder(tmp_path, replace(RECORD, id="b", follows="a", created_at=NOW - 5000))
    assert _row(first).status is Status.LOST


def test_a_stop_under_way(tmp_path: Path) -> None:
    folder = _folder(tmp_path, heartbeat=HEARTBEAT)
    write_json(folder.stop_request, {"mode": "at-save", "at": NOW})
    assert _row(folder).stop == "at-save"
    write_json(folder.stop_request, ["nonsense"])
    assert _row(folder).stop is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": 3}', '{"stage": "train"}'])
def test_no_record_is_no_run(tmp_path: Path, text: str) -> None:
    folder = RunFolder(tmp_path / "x")
    folder.path.mkdir()
    folder.record.write_text(text)
    assert row(folder, NOW, lambda heartbeat: True) is None
