"""Our own tmux server: `tmux -u -L fptui -f <our own conf>`, one window for each supervisor.

By tmux's own commands, not by libtmux 0.62, which cannot give the server another environment than the caller's, takes
a window's command only as one string for a shell, and fails under LC_ALL=C. The tests look at the server with libtmux.
"""

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from fptui.core.terminal import COLUMNS, LINES
from fptui.core.text import plain
from fptui.errors import FptuiError, Refused, WrongUse

OLDEST = (3, 2, "a")
"""3.2a is what Ubuntu 22.04 has; older ones lack options that our configuration sets (tmux CHANGES)."""

_RUNS = "@fptui_runs"
_SESSION = "fptui"
_CONF = Path(__file__).with_name("tmux.conf")
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TMUX_TMPDIR", "TMPDIR", "TZ")
"""All that tmux inherits: its server would keep the rest of its first client's, tokens and all, for life."""
_OURS = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "PYTHONSAFEPATH": "1",  # `python -m` in a project's folder must not import the project's modules
}
_ANSWER_SECONDS = 20
_PATIENCE = (0.05, 0.1, 0.2, 0.4, 0.8)
"""A server that has just been killed refuses for a moment (5 of 10 times, tmux 3.3a)."""
_DEAD_WINDOWS_KEPT = 10


class Tmux:
    """Finds, makes and shows windows on our server. Every call forks tmux once (about 3 ms)."""

    def __init__(self, socket: str | None = None, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._socket = socket or environment.get("FPTUI_TMUX_SOCKET") or "fptui"
        if not re.fullmatch(r"[\w.+-]{1,64}", self._socket, re.ASCII):
            raise WrongUse(f"FPTUI_TMUX_SOCKET is a name of letters, digits, . + - and _, not {plain(self._socket)!r}.")
        self._environment = {key: environment[key] for key in _KEPT if key in environment} | _OURS
        self._environment.setdefault("TERM", "screen-256color")

    def check(self) -> None:
        """Refuses when there is no tmux, or one too old."""
        if shutil.which("tmux", path=self._environment.get("PATH")) is None:
            raise Refused("tmux is not installed, and a run needs it to outlive this terminal: apt-get install tmux")
        shown = self._run(["tmux", "-V"]).stdout.strip()
        version = re.search(r"(\d+)\.(\d+)([a-z]?)", shown)
        # A development build of the newest code (`tmux master`) names no number.
        if version is not None and (int(version[1]), int(version[2]), version[3]) < OLDEST:
            raise Refused(f"tmux {version[0]} is too old: fptui needs 3.2a or newer. Install a newer tmux.")

    def open_window(self, name: str, argv: Sequence[str], cwd: Path, run_ids: Sequence[str]) -> None:
        """Run `argv`, two words or more, in a new window; it is found again by any of `run_ids`."""
        window = self._make(["-n", _literal(name), "-c", _literal(str(cwd)), "--", *map(_word, argv)])
        # From here on the supervisor lives, whatever becomes of its window.
        with contextlib.suppress(FptuiError):
            self._call(["set-option", "-w", "-t", window, _RUNS, " ".join(run_ids)])
            # Fixes the size: whoever attaches with a smaller terminal must not wrap the progress bar. The option
            # window-size itself, set before there is a window, crashes tmux 3.3a.
            self._call(["resize-window", "-t", window, "-x", str(COLUMNS), "-y", str(LINES)])
            self._forget_old_windows()

    def window_of(self, run_id: str) -> str | None:
        """The window that shows the run, or None: it was closed, or the server ended."""
        shown = [window for window, runs in self._windows(f"#{{{_RUNS}}}") if run_id in runs]
        return shown[-1] if shown else None

    def attach_argv(self, window: str) -> list[str]:
        """What shows the window in the caller's terminal, also from inside the user's own tmux."""
        return [*self._argv(), "attach-session", "-t", window]

    def attach_environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """What the command of `attach_argv` needs: a terminal type that this machine knows, no token, no outer tmux."""
        term = environment.get("TERM", "")
        return {**self._environment, "TERM": term if _is_known(term) else "xterm-256color"}

    def _make(self, options: list[str]) -> str:
        for pause in (*_PATIENCE, None):
            new = ["new-session", "-s", _SESSION]
            if self._run([*self._argv(), "has-session", "-t", f"={_SESSION}"]).returncode == 0:
                new = ["new-window", "-t", f"={_SESSION}:"]
            try:
                return self._call([*new, "-d", "-P", "-F", "#{window_id}", *options]).strip()
            except FptuiError:
                if pause is None:
                    raise
                time.sleep(pause)
        raise AssertionError

    def _forget_old_windows(self) -> None:
        """Close the windows of runs that ended long ago; what they showed is in the runs' logs."""
        dead = [
            window for window, (state, *runs) in self._windows(f"#{{pane_dead}} #{{{_RUNS}}}") if state == "1" and runs
        ]
        for window in dead[:-_DEAD_WINDOWS_KEPT]:
            self._call(["kill-window", "-t", window], check=False)

    def _windows(self, what: str) -> list[tuple[str, list[str]]]:
        """Each window's id and the words of `what`, oldest first: tmux lists them by a number that it gives again."""
        lines = self._call(["list-windows", "-a", "-F", f"#{{window_id}} {what}"], check=False).split("\n")
        words = [line.split() for line in lines if line.startswith("@")]
        return sorted(((window, rest) for window, *rest in words), key=lambda item: int(item[0][1:]))

    def _argv(self) -> list[str]:
        return ["tmux", "-u", "-L", self._socket, "-f", str(_CONF)]

    def _call(self, command: list[str], *, check: bool = True) -> str:
        done = self._run([*self._argv(), *command])
        if check and done.returncode:
            raise FptuiError(f"tmux refused: {done.stderr.strip()}. Look with: tmux -L {self._socket} ls")
        return done.stdout

    def _run(self, argv: list[str]) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
                timeout=_ANSWER_SECONDS,
                env=self._environment,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            what = error.strerror if isinstance(error, OSError) else f"no answer within {_ANSWER_SECONDS} s"
            raise FptuiError(f"tmux does not work ({what}). Look with: tmux -L {self._socket} ls") from None


def _literal(text: str) -> str:
    """For an argument in which tmux expands formats."""
    return _word(text.replace("#", "##"))


def _word(text: str) -> str:
    """An argument that ends in `;` would end the command."""
    return f"{text[:-1]}\\;" if text.endswith(";") else text


def _is_known(term: str) -> bool:
    if not re.fullmatch(r"[\w.+-]+", term):
        return False
    try:
        return subprocess.run(["infocmp", term], capture_output=True, check=False).returncode == 0
    except OSError:
        return term in ("xterm", "xterm-256color", "screen", "screen-256color", "linux", "vt100")
