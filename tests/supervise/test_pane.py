"""A supervisor in a real tmux window: keys, what is shown, and every way in which a pane can go."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fptui.actions.stop import request
from fptui.adapters.processes import is_alive
from fptui.core.run_status import row
from fptui.core.status import Status
from tests.supervise.driving import Runs, beating, ended, said, until
from tests.tmux_server import TmuxServer

pytestmark = pytest.mark.tmux

END: dict[str, Callable[[TmuxServer], object]] = {
    "kill-pane": lambda server: server.cmd("kill-pane", "-t", str(server.window("r"))),
    "kill-window": lambda server: server.cmd("kill-window", "-t", str(server.window("r"))),
    "kill-server": lambda server: server.cmd("kill-server"),
    "sigkill of the server": lambda server: os.kill(server.pid, signal.SIGKILL),
}


@pytest.mark.parametrize("end", list(END))
def test_a_run_outlives_its_pane_and_can_still_be_stopped(end: str, runs: Runs, tmux_server: TmuxServer) -> None:
    folder = runs.training("r", "--steps", "1000", "--last-words-seconds", "0.3")
    runs.open(tmux_server.socket, folder)
    before = beating(folder, lambda beat: (beat.step or 0) >= 2)
    server_pid = tmux_server.pid
    END[end](tmux_server)
    until(lambda: tmux_server.window("r") is None)
    assert end in ("kill-pane", "kill-window") or not Path(f"/proc/{server_pid}/exe").exists()

    size = folder.log.stat().st_size
    until(lambda: folder.log.stat().st_size > size + 1000)
    seen = row(folder, time.time(), is_alive)
    assert seen is not None and seen.status is Status.TRAINING and before.step
    request(folder, "now", time.time())
    record = ended(folder)
    assert record.status is Status.STOPPED and (runs.output / "marker").exists()


def test_a_run_without_its_pane_finishes_too(runs: Runs, tmux_server: TmuxServer) -> None:
    folder = runs.training("r", "--steps", "30")
    runs.open(tmux_server.socket, folder)
    said(folder, "2/30")
    os.kill(tmux_server.pid, signal.SIGKILL)
    record = ended(folder)
    assert (record.status, record.step, record.exit_code) == (Status.FINISHED, 30, 0)
    assert folder.log.read_bytes().endswith(b"model saved.\n")


def test_ctrl_c_in_the_pane_lets_the_trainer_end_under_its_launcher(runs: Runs, tmux_server: TmuxServer) -> None:
    folder = runs.training("r", "--steps", "1000", "--last-words-seconds", "1.5")
    runs.open(tmux_server.socket, folder)
    said(folder, "2/1000")
    tmux_server.keys("r", "C-c")
    until((runs.output / "begun").exists)
    assert not folder.exit.exists()
    record = ended(folder)
    assert record.status is Status.STOPPED and (runs.output / "marker").exists()
    shown = until(lambda: text if "r: stopped at step" in (text := tmux_server.screen("r")) else None)
    assert "SIGINT sent: waiting until the trainer" in shown, "the window stays readable"
    assert "fptui train v1 --resume" in shown


def test_the_bar_is_whole_and_keys_reach_the_trainer(runs: Runs, tmux_server: TmuxServer) -> None:
    folder = runs.training("bar", "--steps", "4", launcher=False)
    script = "import sys; print('name?', flush=True); print(repr(input()), sys.stdin.isatty())"
    asking = runs.make("keys", "-c", script)
    runs.open(tmux_server.socket, folder)
    runs.open(tmux_server.socket, asking)
    said(asking, "name?")
    tmux_server.keys("keys", "C-z", "C-s", "C-\\", "d\u00e9j\u00e0", "Enter")
    assert ended(asking).status is Status.FINISHED
    assert asking.log.read_bytes() == "name?\n'\\x1a\\x13\\x1cd\u00e9j\u00e0' True\n".encode()

    assert ended(folder).status is Status.FINISHED
    [line] = [line for line in tmux_server.screen("bar").splitlines() if "4/4 [" in line][-1:]
    assert (line.startswith("steps: 100%|████") and line.endswith("avr_loss=0.1]INFO:musubi_tuner")) or len(line) == 200
    assert "avr_loss=0.1]" in line


def test_a_frozen_tmux_holds_nothing_up(runs: Runs, tmux_server: TmuxServer) -> None:
    script = "import time\nfor i in range(400): print(str(i) * 4000)\nprint('done')"
    folder = runs.make("r", "-c", f"import time; time.sleep(0.7)\n{script}")
    runs.open(tmux_server.socket, folder)
    beating(folder)
    server = tmux_server.pid
    os.kill(server, signal.SIGSTOP)
    try:
        said(folder, "\ndone\n")
        size = folder.log.stat().st_size
    finally:
        os.kill(server, signal.SIGCONT)
    assert ended(folder).status is Status.FINISHED
    assert size == sum(len(str(i)) * 4000 + 1 for i in range(400)) + 5


def test_no_secret_of_the_caller_is_known_to_tmux(
    runs: Runs, tmux_server: TmuxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_SECRET")
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    folder = runs.make("r", "-c", "import os,time; print(os.environ['HF_TOKEN'][-6:], flush=True); time.sleep(1)")
    runs.open(tmux_server.socket, folder)
    said(folder, "SECRET")
    assert "hf_SECRET" not in tmux_server.cmd("show-environment", "-g") + tmux_server.cmd("show-environment")
    beat = beating(folder)
    for pid in (tmux_server.pid, beat.pid):
        assert b"hf_SECRET" not in Path(f"/proc/{pid}/environ").read_bytes()
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            assert b"hf_SECRET" not in process.read_bytes()
    assert ended(folder).status is Status.FINISHED
