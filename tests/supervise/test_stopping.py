"""When which signal is sent, by a clock that is passed in."""

import signal
import time
from pathlib import Path

import pytest

from fptui.core.facts import LogFacts, Phase, Saved
from fptui.core.run import RunRecord, Saves
from fptui.core.status import Stage
from fptui.supervise.stopping import SAVE_LIMIT_SECONDS, Stopping, read_request
from fptui.supervise.trainer import Trainer
from tests.supervise.driving import until

TRAINING = LogFacts(phase=Phase.TRAINING, step=5, total_steps=100, states=(Saved(4, "a-step00000004-state"),))
CHECKPOINT, STATE = Saved(6, "a-step00000006.safetensors"), Saved(6, "a-step00000006-state")


class Disk:
    """Which paths are whole."""

    def __init__(self) -> None:
        self.whole: set[str] = set()

    def __call__(self, path: Path) -> bool:
        return path.name in self.whole


def stopping(disk: Disk, uploads: bool = False) -> Stopping:
    saves = Saves(every_n_steps=2, state=True, uploads=uploads)
    return Stopping(RunRecord("r", "v1", Stage.TRAIN, "musubi", (), "/p", 0.0, saves=saves), disk)


def saving(save: Saved | None, *, checkpoints: tuple[Saved, ...] = (), step: int = 6, **more: object) -> LogFacts:
    return LogFacts(phase=Phase.SAVING, step=step, total_steps=100, save_in_progress=save, checkpoints=checkpoints,
                    states=(*TRAINING.states, *((STATE,) if more.get("state_done") else ())),
                    upload_in_progress=bool(more.get("uploading")))  # fmt: skip


def test_nothing_is_sent_unasked_and_one_request_sends_one_signal() -> None:
    stop = stopping(Disk())
    assert stop.signal(TRAINING, 0) is None and stop.mode is None
    stop.ask("now", TRAINING, 1)
    assert stop.is_waiting and stop.signal(TRAINING, 1) is signal.SIGINT and not stop.is_waiting
    assert [stop.signal(TRAINING, at) for at in (2, 10, 10_000)] == [None] * 3


def test_each_further_request_goes_one_step_up_but_not_a_key_held_down() -> None:
    stop = stopping(Disk())
    stop.ask("now", TRAINING, 0)
    sent = [stop.signal(TRAINING, 0)]
    stop.ask("now", TRAINING, 0.5)
    assert stop.signal(TRAINING, 0.5) is None
    for at in (3, 6, 9, 12):
        stop.ask("now", TRAINING, at)
        sent.append(stop.signal(TRAINING, at))
        assert stop.signal(TRAINING, at + 1) is None
    assert sent == [signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGKILL, None]


def test_now_waits_for_the_checkpoint_and_for_the_state_that_belongs_to_it() -> None:
    disk = Disk()
    stop = stopping(disk)
    stop.ask("now", saving(CHECKPOINT), 0)
    assert stop.signal(saving(CHECKPOINT), 100) is None
    disk.whole.add(CHECKPOINT.path)
    assert stop.signal(saving(CHECKPOINT), 101) is None, "the state is announced within a moment"
    between = saving(None, checkpoints=(CHECKPOINT,))
    assert stop.signal(between, 101.5) is None
    assert stop.signal(saving(STATE, checkpoints=(CHECKPOINT,)), 101.9) is None
    assert stop.signal(saving(STATE, checkpoints=(CHECKPOINT,)), 160) is None
    disk.whole.add(STATE.path)
    done = saving(None, checkpoints=(CHECKPOINT,), state_done=True)
    assert stop.signal(done, 161) is signal.SIGINT


def test_now_does_not_wait_for_the_upload_of_a_checkpoint_that_is_whole() -> None:
    disk = Disk()
    disk.whole.add(CHECKPOINT.path)
    stop = stopping(disk)
    stop.ask("now", saving(CHECKPOINT), 0)
    assert stop.signal(saving(CHECKPOINT), 0) is None
    assert stop.signal(saving(CHECKPOINT), 1.1) is signal.SIGINT


@pytest.mark.parametrize("again", [True, False])
def test_a_save_that_hangs_is_given_up_in_the_end_or_when_asked_again(again: bool) -> None:
    stop = stopping(Disk())
    stop.ask("now", saving(CHECKPOINT), 0)
    assert stop.signal(saving(CHECKPOINT), SAVE_LIMIT_SECONDS) is None
    if again:
        stop.ask("now", saving(CHECKPOINT), SAVE_LIMIT_SECONDS)
        assert stop.signal(saving(CHECKPOINT), SAVE_LIMIT_SECONDS) is signal.SIGINT
    else:
        assert stop.signal(saving(CHECKPOINT), SAVE_LIMIT_SECONDS + 1) is signal.SIGINT


def test_at_a_save_waits_for_a_new_state_that_is_whole() -> None:
    disk = Disk()
    disk.whole.add("a-step00000004-state")
    stop = stopping(disk)
    stop.ask("at-save", TRAINING, 0)
    assert stop.signal(TRAINING, 1000) is None, "the state of before does not count"
    done = saving(None, checkpoints=(CHECKPOINT,), state_done=True)
    assert stop.signal(done, 1001) is None, "the log says so and the disk does not"
    disk.whole.add(STATE.path)
    assert stop.signal(done, 1002) is signal.SIGINT


def test_at_a_save_waits_for_the_upload() -> None:
    disk = Disk()
    disk.whole.add(STATE.path)
    stop = stopping(disk, uploads=True)
    stop.ask("at-save", TRAINING, 0)
    assert stop.signal(saving(None, checkpoints=(CHECKPOINT,), state_done=True), 1) is None
    assert stop.signal(saving(None, checkpoints=(CHECKPOINT,), state_done=True, uploading=True), 90) is None
    assert stop.sentence and "upload" in stop.sentence
    through = LogFacts(phase=Phase.TRAINING, step=6, total_steps=100, states=(*TRAINING.states, STATE))
    assert stop.signal(through, 91) is signal.SIGINT


def test_the_saves_of_the_end_are_let_be() -> None:
    disk = Disk()
    disk.whole.add(STATE.path)
    end = LogFacts(phase=Phase.SAVING, step=100, total_steps=100, states=(*TRAINING.states, STATE))
    for mode in ("at-save", "now"):
        stop = stopping(disk)
        stop.ask(mode, TRAINING, 0)
        assert stop.signal(end, 500) is None, mode


def test_now_overrules_at_save() -> None:
    stop = stopping(Disk())
    stop.ask("at-save", TRAINING, 0)
    assert stop.signal(TRAINING, 1) is None
    stop.ask("now", TRAINING, 1)
    assert stop.mode == "now" and stop.signal(TRAINING, 1) is signal.SIGINT
    stop.ask("at-save", TRAINING, 9)
    assert stop.mode == "now"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"mode": "later", "at": 1}', '{"mode": "now"}', "null"])
def test_a_request_that_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "stop.json"
    assert read_request(file) is None
    file.write_text(text)
    assert read_request(file) is None
    file.write_text('{"mode": "now", "at": 3}')
    assert read_request(file) == ("now", 3.0)


def test_the_last_step_of_the_ladder_leaves_nobody(tmp_path: Path) -> None:
    deaf = "import signal,sys,time,os\nfor n in (1,2,15): signal.signal(n, signal.SIG_IGN)\n"
    script = f"{deaf}if os.fork() == 0: os.setsid()\nprint('up', flush=True)\nwhile True: time.sleep(9)"
    trainer = Trainer(["/usr/bin/env", "python3", "-c", script], str(tmp_path), {"PATH": "/usr/bin:/usr/local/bin"})
    heard = [b""]
    until(lambda: b"".join(heard).count(b"up") == 2 or heard.append(trainer.read() or b""))  # type: ignore[func-returns-value]
    for number in (signal.SIGINT, signal.SIGTERM):
        trainer.send(number)
    time.sleep(0.2)
    assert trainer.below_leader() == 2 and trainer.wait_status is None
    trainer.send(signal.SIGKILL)
    while trainer.read_report():
        pass
    assert trainer.wait_status == signal.SIGKILL
    assert until(lambda: not trainer.left()), "the kernel takes its time to end what was killed"
    trainer.close()
