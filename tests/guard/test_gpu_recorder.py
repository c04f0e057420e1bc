import shutil
from pathlib import Path

from fptui.adapters.gpu_history import read_history, read_pod
from fptui.adapters.nvml import NvmlSource
from fptui.core.gpu_history import Pod
from fptui.guard.gpu_recorder import GpuRecorder
from tests.adapters.fake_nvml import FakeNvml

POD = Pod("k3x9", "h", 2.5)


def recorder(*projects: Path, gpus: int = 2) -> tuple[GpuRecorder, list[str]]:
    said: list[str] = []
    ticks = iter(range(100, 1000))
    source = NvmlSource(library=FakeNvml(gpus), clock=lambda: float(next(ticks)))
    return GpuRecorder(source, lambda: [str(each) for each in projects], lambda: POD, said.append), said


def project(path: Path) -> Path:
    (path / "runs").mkdir(parents=True)
    return path


def test_every_gpu_into_every_watched_project(tmp_path: Path) -> None:
    first, second = project(tmp_path / "a"), project(tmp_path / "b")
    at_work, _ = recorder(first, second)
    at_work.record()
    at_work.record()
    for each in (first, second):
        folder = each / "runs" / "gpu" / "k3x9"
        assert [[sample.at for sample in read_history(folder, index, 0.0)] for index in (0, 1)] == [[100, 101]] * 2
        assert read_pod(folder) == POD
    assert at_work.report.is_working is True


def test_a_project_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    gone = project(tmp_path / "a")
    at_work, said = recorder(gone)
    at_work.record()
    shutil.rmtree(gone)
    at_work.record()
    assert not gone.exists() and said == []


def test_a_place_that_cannot_be_written_is_said_once_and_tried_on(tmp_path: Path) -> None:
    blocked, good = project(tmp_path / "a"), project(tmp_path / "b")
    (blocked / "runs" / "gpu").write_text("no folder")
    at_work, said = recorder(blocked, good)
    at_work.record()
    at_work.record()
    assert len(said) == 1 and "cannot be written" in said[0]
    assert len(list(read_history(good / "runs" / "gpu" / "k3x9", 0, 0.0))) == 2
    (blocked / "runs" / "gpu").unlink()
    at_work.record()
    assert len(list(read_history(blocked / "runs" / "gpu" / "k3x9", 0, 0.0))) == 1


def test_without_a_gpu_nothing_is_written(tmp_path: Path) -> None:
    at_work, _ = recorder(project(tmp_path / "a"), gpus=0)
    at_work.record()
    assert not (tmp_path / "a" / "runs" / "gpu").exists() and at_work.report.is_working is None
