import json
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from fptui.core.records import read_record, write_json
from fptui.core.run import (
    ExitRecord,
    Heartbeat,
    RunFolder,
    RunRecord,
    Saves,
    read_exit,
    read_heartbeat,
    read_run,
    write_record,
)
from fptui.core.run_status import row
from fptui.core.status import Stage, Status

RUN = RunRecord("v1-train-20261122-103000", "v1", Stage.TRAIN, "musubi", ("python", "-m", "x"), "/p", 1000.0,
                environment={"CUDA_VISIBLE_DEVICES": "0"}, gpus=(0, 1), total_steps=40, output_dir="/o",
                output_name="x", saves=Saves(20, None, True, False))  # fmt: skip
BEAT = Heartbeat(1001.0, 7, 3, "b", "h", Status.TRAINING, step=4, loss=0.5, seconds_per_step=2.0)
END = ExitRecord(Status.FAILED, 1, None, 1000.5, 1002.0, step=4, loss=float("nan"), error_message="no room")
BAD: list[Any] = [[], {}, "x", float("nan"), float("inf"), -5, 1e308, [None], {"a": 1}, True, 10**400, [[1]], None]
TORN = [b"", b"{", b"[]", b"null", b"nan", b"1e400", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b'{"id": 1}']
FILES: dict[str, RunRecord | Heartbeat | ExitRecord] = {"record": RUN, "heartbeat": BEAT, "exit": END}


def folder_of(root: Path) -> RunFolder:
    folder = RunFolder(root / RUN.id)
    folder.path.mkdir()
    for name, record in FILES.items():
        write_record(getattr(folder, name), record)
    return folder


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    assert read_run(folder.record) == RUN
    assert read_heartbeat(folder.heartbeat) == BEAT
    ended = read_exit(folder.exit)
    assert ended is not None and ended.loss != ended.loss, "a diverged loss is a number that was seen"


def test_a_newer_version_may_write_more(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    for path, more in ((folder.record, {"new": 1}), (folder.heartbeat, {"status": "dreaming"})):
        write_json(path, {**json.loads(path.read_bytes()), **more})
    assert read_run(folder.record) == RUN
    beat = read_heartbeat(folder.heartbeat)
    assert beat is not None and beat.status is Status.LOST


@pytest.mark.parametrize("name", FILES)
def test_nothing_in_a_record_raises(tmp_path: Path, name: str) -> None:
    folder, record = folder_of(tmp_path), FILES[name]
    path: Path = getattr(folder, name)
    good = json.loads(path.read_bytes())
    texts = [*TORN, *(json.dumps({**good, item.name: bad}).encode() for item in fields(record) for bad in BAD)]
    unreadable = 0
    for text in texts:
        path.write_bytes(text)
        found = read_record(path, type(record))
        unreadable += found is None
        row(folder, 2000.0, lambda beat: False)
        row(folder, 2000.0, lambda beat: True)
    assert unreadable > len(texts) // 2


def test_a_record_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_bytes()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_two_projects_may_have_runs_of_one_id(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "a")
    one, same, other = (RunFolder(tmp_path / place / "r1").window for place in ("a", "link", "b"))
    assert one == same != other and one.startswith("r1@") and " " not in one


def test_a_pipe_in_the_place_of_a_file_is_no_record_and_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run.json")
    assert read_run(tmp_path / "run.json") is None
