import os
import signal
import time
from pathlib import Path

import pytest

from fptui.rehearsal.project import make_project
from tests.end_to_end.driving import Driver, kill_tmux_server

pytestmark = pytest.mark.tmux


def test_a_run_outlives_whoever_started_it_and_the_tmux_server(
    tmux_socket: str, state_home: Path, tmp_path: Path
) -> None:
    make_project(tmp_path / "project", steps=60)
    fptui = Driver(tmp_path / "project", step_seconds=0.1)
    waiting = fptui.start("train")
    run = fptui.until(lambda run: (run["step"] or 0) >= 1)
    os.killpg(waiting.pid, signal.SIGKILL)
    waiting.communicate()
    kill_tmux_server(tmux_socket)

    gone = fptui("attach", code=2)
    assert "needs a terminal" in gone.stderr
    later = fptui.until(lambda now: now["step"] is None or now["step"] > run["step"], run["id"])
    assert later["status"] in ("training", "sampling", "saving", "finished")
    ended = fptui.until(lambda now: now["ended_at"] is not None, run["id"], seconds=60)
    assert (ended["status"], ended["step"], ended["exit_code"]) == ("finished", 60, 0)
    assert "steps: 100%" in fptui("log", run["id"]).stdout


def test_an_interrupt_while_waiting_detaches_and_a_stop_now_says_what_is_lost(
    tmux_socket: str, state_home: Path, tmp_path: Path
) -> None:
    make_project(tmp_path / "project", steps=400)
    fptui = Driver(tmp_path / "project", step_seconds=0.1)
    waiting = fptui.start("train")
    run = fptui.until(lambda run: (run["step"] or 0) >= 1)
    time.sleep(0.6)
    os.killpg(waiting.pid, signal.SIGINT)
    out, err = waiting.communicate(timeout=20)
    assert waiting.returncode == 130 and run["id"] in out and f"Detached: {run['id']} goes on." in err
    assert fptui.json("ls")[0]["ended_at"] is None

    stopped = fptui("stop", "--now")
    assert "Stops at once" in stopped.stderr and run["id"] in stopped.stderr
    assert fptui.json("ls")[0]["status"] == "stopped"
    assert "does not run" in fptui("stop", run["id"], code=3).stderr
