from collections.abc import Iterator
from pathlib import Path

from fptui.actions.follow import follow
from fptui.core.run import RunFolder
from fptui.core.status import Status
from fptui.core.view import RunRow
from tests.cli.rows import row


def told(tmp_path: Path, script: dict[str, list[Status | None]]) -> tuple[list[tuple[str, Status]], list[float]]:
    """What following says of runs whose looks are scripted, and how long it slept; the last look lasts."""
    naps: list[float] = []
    folders = [RunFolder(tmp_path / name) for name in script]
    for folder in folders:
        folder.path.mkdir()

    def look(folder: RunFolder, now: float) -> RunRow | None:
        looks = script[folder.id]
        status = looks.pop(0) if len(looks) > 1 else looks[0]
        return None if status is None else row(folder.id, status)

    rows: Iterator[RunRow] = follow(folders, look=look, clock=lambda: 0.0, sleep=naps.append)
    return [(each.record.id, each.status) for each in rows], naps


def test_runs_one_after_another_until_the_last_has_ended(tmp_path: Path) -> None:
    said, naps = told(
        tmp_path,
        {"a": [Status.STARTING, Status.TRAINING, Status.FINISHED], "b": [None, Status.TRAINING, Status.FINISHED]},
    )
    assert said == [
        ("a", Status.STARTING),
        ("a", Status.TRAINING),
        ("a", Status.FINISHED),
        ("b", Status.TRAINING),
        ("b", Status.FINISHED),
    ]
    assert len(naps) == 4


def test_nothing_starts_behind_a_run_that_did_not_finish(tmp_path: Path) -> None:
    for status in (Status.FAILED, Status.STOPPED, Status.LOST, Status.INTERRUPTED, Status.OUT_OF_MEMORY):
        folder = tmp_path / status.value
        folder.mkdir()
        assert told(folder, {"a": [status], "b": [Status.QUEUED]})[0] == [("a", status)]


def test_a_folder_that_is_deleted_ends_it(tmp_path: Path) -> None:
    assert list(follow([RunFolder(tmp_path / "gone")], look=lambda folder, now: None)) == []
