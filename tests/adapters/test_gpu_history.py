from dataclasses import replace
from pathlib import Path

import pytest

from fptui.adapters.gpu_history import HistoryWriter, indices, read_history, read_pod
from fptui.core.gpu import GpuReading
from fptui.core.gpu_history import RECORD_SIZE, Pod, history_name

POD = Pod("k3x9", "h", 2.5)


def reading(at: float, index: int = 0, percent: int = 50) -> GpuReading:
    return GpuReading(index, None, None, at, utilisation=percent)


def written(folder: Path, *times: float, most: int = 1000) -> HistoryWriter:
    writer = HistoryWriter(folder, most)
    for at in times:
        writer.write(reading(at), POD)
    return writer


def times(folder: Path, since: float = 0.0, until: float = 1e12) -> list[float]:
    return [sample.at for sample in read_history(folder, 0, since, until)]


def test_only_the_time_that_is_asked_for(tmp_path: Path) -> None:
    written(tmp_path / "gpu" / "k3x9", *map(float, range(100, 200)))
    folder = tmp_path / "gpu" / "k3x9"
    assert times(folder, 150.5, 153.0) == [151.0, 152.0, 153.0]
    assert times(folder, 500.0) == [] and len(times(folder)) == 100
    assert (indices(folder), read_pod(folder)) == ([0], POD)


def test_where_nothing_is_there_is_nothing(tmp_path: Path) -> None:
    assert (times(tmp_path), indices(tmp_path / "none"), read_pod(tmp_path)) == ([], [], None)


def test_a_torn_record_is_written_over(tmp_path: Path) -> None:
    writer = written(tmp_path, 1.0, 2.0)
    with (tmp_path / history_name(0)).open("ab") as file:
        file.write(b"torn")
    assert times(tmp_path) == [1.0, 2.0]
    writer.write(reading(3.0), POD)
    assert times(tmp_path) == [1.0, 2.0, 3.0]


def test_it_is_bounded_and_keeps_the_newest(tmp_path: Path) -> None:
    written(tmp_path, *map(float, range(95)), most=10)
    assert times(tmp_path) == [float(at) for at in range(80, 95)]
    assert sum(path.stat().st_size for path in tmp_path.glob("*.history*")) <= 20 * RECORD_SIZE


def test_a_folder_that_was_removed_is_made_anew_and_a_new_price_is_noted(tmp_path: Path) -> None:
    writer = written(tmp_path / "a", 1.0)
    (tmp_path / "a").rename(tmp_path / "b")
    writer.write(reading(2.0), POD)
    assert times(tmp_path / "a") == [2.0]
    writer.write(reading(3.0), replace(POD, price_per_hour=3.0))
    assert read_pod(tmp_path / "a") == replace(POD, price_per_hour=3.0)


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / history_name(0)).symlink_to(tmp_path / "victim")
    with pytest.raises(OSError):
        written(tmp_path / "folder", 1.0)
    assert not (tmp_path / "victim").exists()


def test_names_that_are_no_gpu_s_are_left_alone(tmp_path: Path) -> None:
    for name in ("gpu0.history", "gpu12.history", "gpuX.history", "gpu１.history", "x.history", "gpu3.txt"):
        (tmp_path / name).touch()
    assert indices(tmp_path) == [0, 12]
