import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from fptui.guard.watchdog import keep_alive


def test_work_that_dies_or_hangs_begins_again_until_it_is_done(tmp_path: Path) -> None:
    begun, said = tmp_path / "begun", list[str]()

    def work(beat: Callable[[], None]) -> None:
        beat()
        with begun.open("a") as file:
            file.write(f"{os.getpid()}\n")
        number = len(begun.read_text().splitlines())
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 2:
            raise ValueError
        if number == 3:
            time.sleep(3600)

    keep_alive(work, said.append, hangs_after=0.3)
    pids = begun.read_text().splitlines()
    assert len(set(pids)) == 4 and str(os.getpid()) not in pids
    assert said == [f"process {pids[2]} hangs: killed, and another begins"]


def test_work_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    def work(beat: Callable[[], None]) -> None:
        for _ in range(6):
            time.sleep(0.1)
            beat()
        (tmp_path / "done").touch()

    said = list[str]()
    keep_alive(work, said.append, hangs_after=0.4)
    assert (tmp_path / "done").exists() and said == []
