"""Stopping real processes: what is being saved is let end, whatever the launcher does."""

import time

from fptui.core.musubi.files import is_complete_safetensors, is_complete_state
from fptui.core.records import write_json
from fptui.core.run import RunFolder
from fptui.core.status import Status
from tests.supervise.driving import Runs, beating, ended, said, until


def ask(folder: RunFolder, mode: str) -> None:
    write_json(folder.stop_request, {"mode": mode, "at": time.time()})


def test_a_save_of_three_seconds_ends_under_a_launcher_that_ends_at_once(runs: Runs) -> None:
    folder = runs.training("r", "--steps", "100", "--last-words-seconds", "3")
    runs.start(folder)
    said(folder, "2/100")
    ask(folder, "now")
    until((runs.output / "begun").exists)
    beat = beating(folder, lambda beat: beat.status is Status.STOPPING and "launcher" not in (beat.message or ""))
    assert beat.stop == "now" and beat.message and "SIGINT" in beat.message
    assert not folder.exit.exists() and not (runs.output / "marker").exists()
    end = ended(folder)
    assert (runs.output / "marker").exists()
    assert (end.status, end.error_message) == (Status.STOPPED, None)


def test_a_stop_now_waits_until_the_save_under_way_is_complete(runs: Runs) -> None:
    folder = runs.training("r", "--steps", "100", "--step-seconds", "0.4", "--save-every", "2",
                           "--save-seconds", "1.6")  # fmt: skip
    runs.start(folder)
    said(folder, "saving checkpoint: output/fake-step00000002.safetensors")
    ask(folder, "now")
    beat = beating(folder, lambda beat: beat.stop == "now")
    assert beat.status is Status.SAVING and beat.message and "as soon as the save" in beat.message
    end = ended(folder)
    assert (end.status, end.step) == (Status.STOPPED, 2)
    assert is_complete_safetensors(runs.output / "fake-step00000002.safetensors")
    assert is_complete_state(runs.output / "fake-step00000002-state"), "the state belongs to the save"


def test_a_stop_at_a_save_waits_for_the_next_state_and_its_upload(runs: Runs) -> None:
    folder = runs.training("r", "--steps", "100", "--step-seconds", "0.3", "--save-every", "4", "--save-seconds", "0.6",
                           "--upload-seconds", "1", uploads=True)  # fmt: skip
    runs.start(folder)
    said(folder, "1/100")
    ask(folder, "at-save")
    assert beating(folder, lambda beat: beat.stop == "at-save").message == "stopping at the next save"
    end = ended(folder, 15)
    assert end.status is Status.STOPPED and end.step == 4
    assert is_complete_state(runs.output / "fake-step00000004-state")
    assert (runs.output / "fake-step00000004-uploaded").exists()
    assert not (runs.output / "fake-step00000008.safetensors").exists()


def test_a_stop_at_a_save_lets_the_last_step_finish(runs: Runs) -> None:
    folder = runs.training("r", "--steps", "3", "--step-seconds", "0.2", "--save-every", "9", "--save-seconds", "1")
    runs.start(folder)
    said(folder, "1/3")
    ask(folder, "at-save")
    end = ended(folder)
    assert (end.status, end.exit_code, end.step) == (Status.FINISHED, 0, 3)
    assert is_complete_safetensors(runs.output / "fake.safetensors") and is_complete_state(runs.output / "fake-state")
