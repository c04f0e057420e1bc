from pathlib import Path

import pytest

from fptui.core.gpu import GpuReport
from fptui.core.project import Project, Settings
from fptui.core.run import RunFolder
from fptui.core.status import Status
from fptui.watch.project_watch import ProjectWatch
from tests.watch.folders import NOW, bar, block, ended, heartbeat, log, make, record


class Gpus:
    def __init__(self) -> None:
        self.fails = False

    def read(self, *, processes: bool = False) -> GpuReport:
        if self.fails:
            raise RuntimeError("it fell off")
        return GpuReport((), None, "580")

    def close(self) -> None:
        pass


def _project(tmp_path: Path) -> Project:
    for version in ("v1", "v2", "v10"):
        (tmp_path / "configs" / version).mkdir(parents=True, exist_ok=True)
    return Project(tmp_path, "lora", Settings())


def _watch(project: Project, gpus: Gpus | None = None) -> ProjectWatch:
    return ProjectWatch(project, gpus or Gpus(), lambda sign: True)


OLD, LIVE, NEW = "v1-train-20261101-000000", "v2-train-20261102-000000", "v10-train-20261103-000000"


def _three_runs(tmp_path: Path) -> Project:
    project = _project(tmp_path)
    make(project.runs, record(OLD, created_at=NOW - 9000), heartbeat(), ended())
    live = make(project.runs, record(LIVE, created_at=NOW - 5000), heartbeat(step=3))
    log(live, block(80) + bar(3))
    make(project.runs, record(NEW, created_at=NOW - 3000), heartbeat(), ended(Status.FAILED, 1))
    return project


def test_an_empty_project(tmp_path: Path) -> None:
    watch = _watch(_project(tmp_path))
    view = watch.poll(NOW)
    assert (view.project, view.rows, view.versions, view.selected) == ("lora", (), ("v10", "v2", "v1"), None)
    assert (view.gpus.driver, view.problems, watch.run_watch) == ("580", (), None)


def test_rows_newest_first_and_the_active_one_selected(tmp_path: Path) -> None:
    watch = _watch(_three_runs(tmp_path))
    view = watch.poll(NOW)
    assert [found.record.id for found in view.rows] == [NEW, LIVE, OLD]
    assert [found.status for found in view.rows] == [Status.FAILED, Status.TRAINING, Status.FINISHED]
    assert view.selected is not None and view.selected.row.record.id == LIVE
    assert watch.run_watch is not None and len(watch.run_watch.average) == 1
    assert view.problems == ()


def test_selecting(tmp_path: Path) -> None:
    watch = _watch(_three_runs(tmp_path))
    for name in (OLD, NEW, LIVE):
        view = watch.poll(NOW, name)
        assert view.selected is not None and view.selected.row.record.id == name
    first = watch.run_watch
    watch.poll(NOW, LIVE)
    assert watch.run_watch is first
    gone = watch.poll(NOW, "v9-gone")
    assert gone.selected is not None and gone.selected.row.record.id == LIVE


def test_without_an_active_run_the_newest_is_selected(tmp_path: Path) -> None:
    project = _project(tmp_path)
    make(project.runs, record(OLD), heartbeat(), ended())
    make(project.runs, record(NEW), heartbeat(), ended())
    view = _watch(project).poll(NOW)
    assert view.selected is not None and view.selected.row.record.id == NEW


def test_ended_runs_are_not_read_again(tmp_path: Path) -> None:
    project = _three_runs(tmp_path)
    watch = _watch(project)
    first = watch.poll(NOW)
    RunFolder(project.runs / OLD).exit.write_text("{")
    assert watch.poll(NOW + 1).rows[2] is first.rows[2]


def test_one_failed_reader_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gpus = Gpus()
    gpus.fails = True
    watch = _watch(_three_runs(tmp_path), gpus)
    monkeypatch.setattr("fptui.watch.run_watch.RunWatch.poll", lambda self, now: 1 / 0)
    view = watch.poll(NOW)
    assert len(view.rows) == 3
    assert view.selected is None
    assert len(view.problems) == 2
    assert any(LIVE in problem and "ZeroDivisionError" in problem for problem in view.problems)
    assert any("GPUs" in problem and "it fell off" in problem for problem in view.problems)
    assert view.gpus.problem is not None
    gpus.fails = False
    monkeypatch.undo()
    assert watch.poll(NOW + 1).problems == ()


def test_a_run_deleted_under_way(tmp_path: Path) -> None:
    project = _three_runs(tmp_path)
    watch = _watch(project)
    watch.poll(NOW, LIVE)
    RunFolder(project.runs / LIVE).record.unlink()
    view = watch.poll(NOW, LIVE)
    assert [found.record.id for found in view.rows] == [NEW, OLD]
    assert view.selected is not None and view.selected.row.record.id == NEW
