"""Our own tmux server: `tmux -u -L fptui -f <our own conf>`, one window for each supervisor."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from fptui.core.terminal import COLUMNS, LINES
from fptui.errors import FptuiError, Refused

OLDEST = (3, 2)
"""3.2a brings `new-session -e`, which libtmux needs too (tmux CHANGES)."""

_RUNS = "@fptui_runs"
_SESSION = "fptui"
_CONF = Path(__file__).with_name("tmux.conf")
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "TMUX_TMPDIR", "TMPDIR", "TZ")
"""All that the server inherits. It would keep the rest of its first client's environment, tokens and all, for life."""


class Tmux:
    """Finds, makes and shows windows on our server. Every call forks tmux once (about 3 ms)."""

    def __init__(self, socket: str | None = None, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._socket = socket or environment.get("FPTUI_TMUX_SOCKET") or "fptui"
        self._environment = {key: environment[key] for key in _KEPT if key in environment} | {"LC_ALL": "C.UTF-8"}
        self._environment.setdefault("TERM", "screen-256color")

    def check(self) -> None:
        """Refuses when there is no tmux, or one too old."""
        if shutil.which("tmux", path=self._environment.get("PATH")) is None:
            raise Refused("tmux is not installed, and a run needs it to outlive this terminal: apt-get install tmux.")
        shown = subprocess.run(
            ["tmux", "-V"], capture_output=True, text=True, check=False, env=self._environment
        ).stdout
        version = re.search(r"(\d+)\.(\d+)([a-z]?)", shown)
        if version is None:
            return  # a development build names no number
        if (int(version[1]), int(version[2]), version[3] or " ") < (*OLDEST, "a"):
            raise Refused(f"tmux {version[0]} is too old: fptui needs 3.2a or newer. Install a newer tmux.")

    def open_window(self, name: str, argv: Sequence[str], cwd: Path, run_ids: Sequence[str]) -> None:
        """Run `argv` in a new window; it is found again by any of `run_ids`."""
        new = ["new-window", "-d", "-P", "-F", "#{window_id}", "-t", f"={_SESSION}:"]
        if not self._has_session():
            new = ["new-session", "-d", "-P", "-F", "#{window_id}", "-s", _SESSION]
        # tmux joins a single command by a shell; several arguments are executed as they are.
        command = (
            [*new, "-n", name, "-c", str(cwd), *argv]
            if len(argv) > 1
            else [*new, "-n", name, "-c", str(cwd), "env", *argv]
        )
        window = self._insist(command).strip()
        self._call(["set-option", "-w", "-t", window, _RUNS, " ".join(run_ids)])
        # Fixes the size: whoever attaches with a smaller terminal must not narrow the trainer's progress bar. The
        # option window-size itself, set before there is a window, crashes tmux 3.3a.
        self._call(["resize-window", "-t", window, "-x", str(COLUMNS), "-y", str(LINES)])

    def window_of(self, run_id: str) -> str | None:
        """The window that shows the run, or None: it was closed, or the server ended."""
        for line in self._call(["list-windows", "-a", "-F", f"#{{window_id}} #{{{_RUNS}}}"], check=False).splitlines():
            window, *runs = line.split(" ")
            if run_id in runs:
                return window
        return None

    def attach_argv(self, window: str) -> list[str]:
        """What shows the window in the caller's terminal, also from inside the user's own tmux."""
        return [*self._argv(), "attach-session", "-t", window]

    def attach_environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The caller's, without its tmux and with a terminal type that this machine knows."""
        kept = {key: value for key, value in environment.items() if key not in ("TMUX", "TMUX_PANE")}
        term = kept.get("TERM", "")
        known = term and subprocess.run(["infocmp", term], capture_output=True, check=False).returncode == 0
        return kept if known else {**kept, "TERM": "xterm-256color"}

    def _has_session(self) -> bool:
        return subprocess.run([*self._argv(), "has-session", "-t", f"={_SESSION}"], capture_output=True,
                              check=False, env=self._environment).returncode == 0  # fmt: skip

    def _insist(self, command: list[str]) -> str:
        """A server that has just been killed refuses for a moment (5 of 10 times, tmux 3.3a)."""
        for pause in (0.05, 0.1, 0.2, 0.4, 0.8):
            try:
                return self._call(command)
            except FptuiError:
                time.sleep(pause)
        return self._call(command)

    def _argv(self) -> list[str]:
        return ["tmux", "-u", "-L", self._socket, "-f", str(_CONF)]

    def _call(self, command: list[str], *, check: bool = True) -> str:
        try:
            done = subprocess.run([*self._argv(), *command], capture_output=True, text=True, check=False, timeout=20,
                                  env=self._environment, stdin=subprocess.DEVNULL)  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise FptuiError(f"tmux does not answer ({error}): look with tmux -L {self._socket} ls.") from None
        if check and done.returncode:
            raise FptuiError(f"tmux refused: {done.stderr.strip()}")
        return done.stdout
