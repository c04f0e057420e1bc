"""Driving the real command against a real tmux with the rehearsal trainer."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Done = subprocess.CompletedProcess


class Driver:
    """The command in one project; `switches` of the rehearsal as `step_seconds=0.1`."""

    def __init__(self, project: Path, **switches: float) -> None:
        self.project = project
        self.switches = switches

    def __call__(self, *arguments: str, seconds: float = 60, code: int | None = 0) -> "Done[str]":
        """Run to its end; fails unless it ends with `code`."""
        done = subprocess.run(
            self.argv(*arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env=self.environment,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert code is None or done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Run beside the test, in a group of its own."""
        return subprocess.Popen(
            self.argv(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True, env=self.environment,
        )  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **{f"FPTUI_REHEARSAL_{name.upper()}": str(value) for name, value in self.switches.items()},
        }

    def argv(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "fptui", "-C", str(self.project), *arguments]

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json").stdout)

    def until(self, condition: Callable[[dict[str, Any]], bool], run: str | None = None, seconds: float = 40) -> Any:
        """The run as `ls` lists it (the newest without a name), once the condition holds."""
        deadline = time.monotonic() + seconds
        while True:
            runs = [each for each in self.json("ls") if run is None or each["id"] == run]
            if runs and condition(runs[0]):
                return runs[0]
            assert time.monotonic() < deadline, runs
            time.sleep(0.2)


def hashes(folder: Path) -> dict[str, str]:
    """What every file below `folder` holds."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def kill_tmux_server(socket: str) -> None:
    """As the kernel does when memory runs out."""
    shown = subprocess.run(
        ["tmux", "-L", socket, "display-message", "-p", "#{pid}"], capture_output=True, text=True, check=True
    )
    os.kill(int(shown.stdout), signal.SIGKILL)
