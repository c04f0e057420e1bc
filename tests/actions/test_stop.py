import json
import os
from pathlib import Path
from typing import Any

import pytest

from fptui.actions.stop import consequence, request
from fptui.adapters.processes import boot_id, start_ticks
from fptui.core.records import write_json
from fptui.core.run import ExitRecord, Heartbeat, RunFolder, RunRecord, Saves, write_record
from fptui.core.status import Stage, Status
from fptui.errors import Refused, WrongUse

EVERY_100 = Saves(every_n_steps=100, state=True)
NOW = 1000.0


def run(root: Path, *, saves: Saves = EVERY_100, stage: Stage = Stage.TRAIN, step: int | None = 412,
        total: int = 5000, status: Status = Status.TRAINING, offset: int = 0, ended: Status | None = None,
        beats: bool = True, **beat: Any) -> RunFolder:  # fmt: skip
    folder = RunFolder(root / "r")
    folder.path.mkdir()
    resumed = "x-state" if offset else None
    record = RunRecord("r", "v1", stage, "musubi", (), str(root), NOW, saves=saves, step_offset=offset,
                       resumed_from=resumed, output_dir="output", output_name="x")  # fmt: skip
    write_record(folder.record, record)
    if beats:
        pid = os.getpid()
        write_record(folder.heartbeat, Heartbeat(NOW, pid, start_ticks(pid) or 0, boot_id(), os.uname().nodename,
                                                 status, step=step, total_steps=total, **beat))  # fmt: skip
    if ended:
        write_record(folder.exit, ExitRecord(ended, 0, None, NOW, NOW))
    return folder


def state(root: Path, step: int, *, complete: bool = True) -> None:
    folder = root / "output" / f"x-step{step:08}-state"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    for name in ("optimizer.bin", "scheduler.bin", "random_states_0.pkl"):
        (folder / name).write_bytes(b"x" if complete else b"")


def test_now_names_the_steps_since_the_last_complete_state(tmp_path: Path) -> None:
    folder = run(tmp_path)
    for step in (300, 400):
        state(tmp_path, step)
    told = consequence(folder, "now", NOW)
    assert (told.possible, told.steps_lost) == (True, 12)
    assert told.sentence == "Stops at once and loses 12 steps since the last save at 400."
    (tmp_path / "output" / "x-step00000400-state" / "optimizer.bin").write_bytes(b"")
    assert consequence(folder, "now", NOW).steps_lost == 112, "one that was cut short does not count"


def test_now_counts_true_steps_after_a_resume(tmp_path: Path) -> None:
    folder = run(tmp_path, step=12, offset=400)
    told = consequence(folder, "now", NOW)
    assert told.steps_lost == 12 and "12 steps since it was resumed at 400" in told.sentence
    state(tmp_path, 10)
    told = consequence(folder, "now", NOW)
    assert told.steps_lost == 2 and "the last save at 410" in told.sentence


@pytest.mark.parametrize(
    ("more", "lost", "words"),
    [
        ({}, 412, "412 steps since the start; it has saved no state yet"),
        ({"step": None}, 0, "no step is done yet"),
        ({"step": 1}, 1, "loses 1 step since the start"),
        ({"stage": Stage.CACHE_LATENTS}, None, "what is cached so far stays"),
        ({"stage": Stage.SMOKE}, None, "nothing of it would have been kept"),
        ({"status": Status.SAVING}, None, "Stops when the save at 412 is complete"),
        ({"saves": Saves(every_n_epochs=1, state=True)}, None, "since its last state"),
    ],
)
def test_now_says_what_it_knows(tmp_path: Path, more: dict[str, Any], lost: int | None, words: str) -> None:
    told = consequence(run(tmp_path, **more), "now", NOW)
    assert told.possible and told.steps_lost == lost and words in told.sentence


def test_at_save_names_the_step_and_the_time(tmp_path: Path) -> None:
    told = consequence(run(tmp_path, seconds_per_step=28.7), "at-save", NOW)
    assert (told.possible, told.next_save_step, told.steps_lost) == (True, 500, 0)
    assert told.sentence.startswith("Stops at step 500 in about 42 min, when that state is complete.")


def test_at_save_counts_true_steps_after_a_resume(tmp_path: Path) -> None:
    assert consequence(run(tmp_path, step=12, offset=450), "at-save", NOW).next_save_step == 550


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"saves": Saves(every_n_steps=100)}, "saves no state (save_state is not set)"),
        ({"saves": Saves(state=True)}, "saves only at its end"),
        ({"stage": Stage.SMOKE}, "saves nothing on its way: --now"),
        ({"stage": Stage.CACHE_TEXT}, "saves nothing on its way: --now"),
        ({"step": 4950}, "saves next at its end, step 5000"),
        ({"ended": Status.FINISHED}, "does not run: it is finished"),
        ({"boot_id": None}, "does not run: it is lost"),
        ({"stop": "now"}, "is being stopped already"),
    ],
)
def test_at_save_is_refused_when_no_save_will_come(tmp_path: Path, more: dict[str, Any], words: str) -> None:
    if more.pop("boot_id", "") is None:
        folder = run(tmp_path, **more)
        beat = json.loads(folder.heartbeat.read_text())
        write_json(folder.heartbeat, {**beat, "pid_started": 1})
    else:
        folder = run(tmp_path, **more)
    told = consequence(folder, "at-save", NOW)
    assert not told.possible and words in told.sentence and told.sentence.endswith(".")
    with pytest.raises(Refused, match=r"^r "):
        request(folder, "at-save", NOW)
    assert not folder.stop_request.exists()


def test_a_request_is_left_for_the_supervisor(tmp_path: Path) -> None:
    folder = run(tmp_path)
    request(folder, "at-save", NOW)
    assert json.loads(folder.stop_request.read_text()) == {"mode": "at-save", "at": NOW}
    request(folder, "now", NOW + 1)
    assert json.loads(folder.stop_request.read_text()) == {"mode": "now", "at": NOW + 1}


def test_a_run_that_has_not_begun_can_be_stopped_too(tmp_path: Path) -> None:
    folder = run(tmp_path, beats=False)
    assert consequence(folder, "now", NOW).possible
    request(folder, "now", NOW)
    assert folder.stop_request.exists()


def test_what_is_no_run_and_no_mode(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="is not a run"):
        consequence(RunFolder(tmp_path / "none"), "now", NOW)
    with pytest.raises(WrongUse, match="at-save or now"):
        consequence(run(tmp_path), "later", NOW)
