"""All of it together: buckets, order, what is left out, and how long it takes."""

import json
import os
from pathlib import Path

import pytest

from fptui.check.buckets import bucket_table
from fptui.check.data import BucketRow
from tests.check.data_project import FOLDER, ITEMS, LINES, DataProject, picture


def test_in_order(data: DataProject) -> None:
    report = data.report()
    assert not report.problems and report.buckets is not None
    assert report.buckets.rows == (BucketRow(0, 64, 96, ITEMS, ITEMS // 2),)
    assert (report.buckets.batches, report.buckets.batch_size) == (10, (2,))
    assert len(report.data_sets) == 1 and len(report.data_sets[0].items) == ITEMS


def test_a_folder_in_order(data: DataProject) -> None:
    data.dataset(FOLDER)
    assert data.codes() == []


def test_the_table_counts_repeats_and_keeps_data_sets_apart(data: DataProject) -> None:
    for number in range(3):
        picture(data.root / f"images/{number:02d}.png", (number, 0, 0), (96, 64))
    data.dataset(LINES + "num_repeats = 3\n" + LINES.replace("{root}/cache", "{root}/cache2"))
    table = bucket_table(data.report().data_sets)
    assert table.rows == (
        BucketRow(0, 64, 96, 51, 26),
        BucketRow(0, 96, 64, 9, 5),
        BucketRow(1, 64, 96, 17, 9),
        BucketRow(1, 96, 64, 3, 2),
    )
    assert table.batches == 42


def test_a_batch_that_never_fills(data: DataProject) -> None:
    data.change("batch_size = 2", "batch_size = 20")
    assert data.codes() == []
    data.change("batch_size = 20", "batch_size = 21")
    (problem,) = data.problems()
    assert (problem.severity.value, problem.code, problem.place.line) == ("warning", "batch-never-fills", 4)
    assert problem.fix == "Write 20 or less, or num_repeats = 2."
    data.change("batch_size = 21", "batch_size = 21\nnum_repeats = 2")
    assert data.codes() == []


def test_a_schema_that_is_broken_hides_the_items(data: DataProject) -> None:
    data.change("batch_size = 2", "batchsize = 2")
    (data.root / "m.jsonl").unlink()
    report = data.report()
    assert [problem.code for problem in report.problems] == ["unknown-key"]
    assert report.needs is None and report.buckets is None


def test_no_data_set_file(data: DataProject) -> None:
    (data.root / "configs/v1/dataset.toml").unlink()
    assert data.report().problems == ()


def test_gigantic_and_odd_values(data: DataProject) -> None:
    data.change("fp_1f_target_index = 5", f"fp_1f_target_index = {'9' * 4000}")
    assert data.codes() == ["stale-cache"]
    data.change("batch_size = 2", f"batch_size = {'9' * 4000}")
    assert data.codes() == ["wrong-choice"]


@pytest.mark.parametrize("value", ["x" * 5000, "a\\nb", "[b]", "/dev/null", "/proc/self/mem"])
@pytest.mark.parametrize("key", ["image_jsonl_file", "image_directory", "control_directory", "cache_directory"])
def test_odd_paths_raise_nothing(data: DataProject, key: str, value: str) -> None:
    data.dataset((FOLDER if key != "image_jsonl_file" else LINES).replace(f'{key} = "{{root}}', f'{key} = "{value}'))
    assert data.codes()


def test_files_that_may_not_be_read(data: DataProject) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    (data.root / "m.jsonl").chmod(0)
    assert data.codes() == ["missing-file"]


def test_many_lines(tmp_path: Path) -> None:
    """Not a measurement: a search in a list for each item would take minutes here."""
    data = DataProject(tmp_path)
    line = {**data.records[0], "caption": "x"}
    data.lines(*(json.dumps({**line, "image_path": f"/n/n{at}.png"}).encode() + b"\n" for at in range(30_000)))
    report = data.report()
    assert [problem.code for problem in report.problems if problem.severity.value == "error"] == ["missing-image"] * 3
    assert report.needs is not None and len(report.needs.latents) == 30_000
