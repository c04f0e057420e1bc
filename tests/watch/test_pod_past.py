from dataclasses import replace
from pathlib import Path

import pytest

from fptui.adapters.gpu_history import HistoryWriter
from fptui.core.cost import midnight
from fptui.core.gpu import GpuReading, GpuReport
from fptui.core.gpu_history import Pod, history_folder
from fptui.core.project import Project, Settings
from fptui.core.status import Status
from fptui.watch.pod_past import PodPast
from tests.tui.fakes import NOW, record
from tests.tui.fakes import row as run_row

TODAY = midnight(NOW)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"RUNPOD_POD_ID": "k3x9", "XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}


def make(tmp_path: Path, price: float | None = 2.0) -> Project:
    return Project(tmp_path / "p", "p", Settings(autostop={} if price is None else {"price_per_hour": price}))


def write(project: Project, index: int, began: float, percents: list[int], *, pod: str = "k3x9", peak: int = 0) -> None:
    writer = HistoryWriter(history_folder(project.runs, pod, "h"))
    for second, percent in enumerate(percents):
        reading = GpuReading(index, None, None, began + second, utilisation=percent, memory_used=1, recent_peak=peak)
        writer.write(reading, Pod(pod, "h", 4.0))


def test_a_gpu_of_two_that_idles_wastes_half_the_pod(tmp_path: Path, environment: dict[str, str]) -> None:
    project = make(tmp_path)
    write(project, 0, TODAY + 100, [100] * 360)
    write(project, 1, TODAY + 100, [0] * 360)
    past = PodPast(project, environment)
    money = past.money([], NOW)
    assert money is not None and money.spent is None and money.idle == pytest.approx(0.1)
    write(project, 1, TODAY + 460, [0] * 360)
    later = past.money([], NOW)
    assert later is not None and later.idle == pytest.approx(0.2), "read on, and nothing twice"
    again = past.money([], NOW)
    assert again == later


def test_yesterday_does_not_count_today(tmp_path: Path, environment: dict[str, str]) -> None:
    project = make(tmp_path)
    write(project, 0, TODAY - 200, [0] * 100)
    write(project, 0, TODAY + 100, [0] * 36)
    money = PodPast(project, environment).money([], NOW)
    assert money is not None and money.idle == pytest.approx(0.02)


def test_without_a_price_nothing_is_said(tmp_path: Path, environment: dict[str, str]) -> None:
    project = make(tmp_path, None)
    write(project, 0, TODAY + 100, [0] * 36)
    assert PodPast(project, environment).money([run_row(Status.TRAINING)], NOW) is None


def test_a_run_of_another_pod_has_that_pod_s_price(tmp_path: Path, environment: dict[str, str]) -> None:
    project = make(tmp_path, None)
    write(project, 0, TODAY, [0], pod="other")
    past = PodPast(project, environment)
    row = run_row(Status.TRAINING, replace(record(), pod_id="other"))
    assert past.prices.of(row.record) == 4.0
    assert past.prices.of(run_row(Status.TRAINING, replace(record(), pod_id="third")).record) is None
    assert past.prices.of(run_row(Status.TRAINING, replace(record(), pod_id="k3x9")).record) is None


def test_peaks_are_those_since_the_run_began(tmp_path: Path, environment: dict[str, str]) -> None:
    project = make(tmp_path)
    write(project, 0, 1000.0, [50] * 10, peak=90 * 1024)
    write(project, 0, 2000.0, [50] * 10, peak=70 * 1024)
    past = PodPast(project, environment)
    report = GpuReport(
        (GpuReading(0, None, None, NOW, memory_peak=60 * 1024), GpuReading(1, None, None, NOW, memory_peak=5))
    )
    assert [gpu.memory_peak for gpu in past.with_peaks(report, 1500.0).gpus] == [70 * 1024, 5]
    assert [gpu.memory_peak for gpu in past.with_peaks(report, 500.0).gpus] == [90 * 1024, 5]


def test_periods_have_columns_and_what_idling_cost(tmp_path: Path, environment: dict[str, str]) -> None:
    project = make(tmp_path)
    write(project, 0, 1000.0, [0] * 50 + [80] * 50)
    (found,) = PodPast(project, environment).periods(1000.0, 1100.0, 4)
    assert found.columns == [0, 0, 80, 80] and found.idle_cost == pytest.approx(50 * 2 / 3600)
    assert PodPast(project, environment).periods(5000.0, 5100.0, 4) == []
