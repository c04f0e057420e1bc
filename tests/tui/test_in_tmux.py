"""The real program in a real terminal: keys in, screen out, with real runs of the rehearsal trainer behind it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fptui.cli.dashboard import first_frame
from fptui.rehearsal.project import make_project
from tests.conftest import Fptui

pytestmark = pytest.mark.tmux


class Terminal:
    """A window of 120x36 in a tmux server of its own, with the dashboard in it."""

    def __init__(self, socket: str, project: Path, **environment: str) -> None:
        self._socket = socket
        self._project = project
        self._environment = environment

    def tmux(self, *arguments: str) -> str:
        done = subprocess.run(["tmux", "-L", self._socket, *arguments], capture_output=True, text=True, check=True)
        return done.stdout

    def open(self) -> None:
        """Start the dashboard; the window stays when it ends."""
        variables = [part for name, value in self._environment.items() for part in ("-e", f"{name}={value}")]
        command = [sys.executable, "-m", "fptui", "-C", str(self._project)]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "36", *variables, *command, ";",
                  "set", "remain-on-exit", "on")  # fmt: skip

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    @property
    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    @property
    def pid(self) -> int:
        return int(self.tmux("display-message", "-p", "#{pane_pid}"))

    def until(self, *words: str, seconds: float = 20) -> str:
        """The screen, once all the words stand on it."""
        deadline = time.monotonic() + seconds
        while True:
            screen = self.screen
            if all(word in " ".join(screen.split()) for word in words):
                return screen
            assert time.monotonic() < deadline, f"{words} did not come:\n{screen}"
            time.sleep(0.1)

    def until_ended(self) -> None:
        """The dashboard has left with exit code 0. Debian's tmux misses the end of a pane's program in a third of all
        cases (libutempter takes its SIGCHLD) until it is told again."""
        deadline = time.monotonic() + 20
        while "Pane is dead (status 0" not in self.screen:
            assert time.monotonic() < deadline, self.screen
            os.kill(int(self.tmux("display-message", "-p", "#{pid}")), signal.SIGCHLD)
            time.sleep(0.2)

    def lose(self) -> None:
        """End the server and wait: a client that comes while it goes is told that it exited unexpectedly."""
        server = int(self.tmux("display-message", "-p", "#{pid}"))
        self.close()
        deadline = time.monotonic() + 20
        while Path(f"/proc/{server}").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def terminal(tmux_socket: str, state_home: Path, tmp_path: Path) -> Iterator[Terminal]:
    make_project(tmp_path / "project", steps=400)
    shown = Terminal(
        f"{tmux_socket}-view", tmp_path / "project", FPTUI_TMUX_SOCKET=tmux_socket, XDG_STATE_HOME=str(state_home),
        FPTUI_REHEARSAL_STEP_SECONDS="0.05", LC_ALL="C.UTF-8",
    )  # fmt: skip
    yield shown
    shown.close()


def test_a_run_from_the_first_key_to_the_last(terminal: Terminal, fptui: Fptui, tmp_path: Path) -> None:
    terminal.open()
    terminal.until("Nothing has run yet", "s shows what a run of v1 would do")
    terminal.press("s")
    terminal.until("3 train: 400 steps, saves every 20", "enter start")
    terminal.press("Enter")
    terminal.until("v1 train · rehearsal", "● training", "/400", "raw ━ average", "No GPU here")

    terminal.press("a")
    terminal.until("Ctrl-b d")
    terminal.press("C-b", "d")
    terminal.until("s start x stop r resume")

    os.kill(terminal.pid, signal.SIGKILL)
    terminal.lose()
    terminal.open()
    terminal.until("● training")

    terminal.press("x")
    terminal.until("❯ at the next save", "let it go on")
    terminal.press("Enter")
    terminal.until("■ stopped", "Stopped as asked at step", "r resumes from step", seconds=30)
    terminal.press("r")
    terminal.until("enter resume", "from step")
    terminal.press("Enter")
    terminal.until("● training")
    terminal.press("x")
    terminal.until("❯ at the next save")
    terminal.press("Down", "Enter")
    terminal.until("■ stopped", seconds=30)
    terminal.press("q")
    terminal.until_ended()

    listed = json.loads(fptui("-C", str(tmp_path / "project"), "ls", "--json").stdout)
    assert [run["status"] for run in listed] == ["stopped", "stopped", "finished", "finished"]


def test_without_a_terminal_it_names_the_commands_that_do(fptui: Fptui, small_project: Path) -> None:
    done = fptui("-C", str(small_project))
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("columns", "lines"), [(120, 36), (80, 24), (200, 50), (20, 5)])
def test_the_first_frame_fits_the_terminal(columns: int, lines: int) -> None:
    plain = first_frame("project", columns, lines).replace("\x1b[2m", "").replace("\x1b[1m", "").replace("\x1b[0m", "")
    rows = plain.split("\r\n")
    assert "fptui" in rows[0]
    assert len(rows) <= lines
    assert all(len(row) <= columns for row in rows)
