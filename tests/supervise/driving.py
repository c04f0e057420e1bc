"""Run folders, supervisors over them, and waiting with a limit."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from fptui.adapters.handover import write_environment
from fptui.adapters.tmux import Tmux
from fptui.core.run import ExitRecord, Heartbeat, RunFolder, RunRecord, Saves, read_exit, read_heartbeat, write_record
from fptui.core.status import Stage

HERE = Path(__file__).parent
LAUNCHER, TRAINING = str(HERE / "fake_launcher.py"), str(HERE / "fake_training.py")
_T = TypeVar("_T")


def until(look: Callable[[], _T | None], seconds: float = 10) -> _T:
    """What `look` gives as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


class Runs:
    """Makes run folders below `root` and supervises them; ends what is left over at the end."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._started: list[subprocess.Popen[bytes]] = []
        self._folders: list[RunFolder] = []

    def make(self, name: str, *argv: str, **fields: Any) -> RunFolder:
        """A run whose trainer is `python ARGV`."""
        folder = RunFolder(self.root / name)
        folder.path.mkdir(parents=True)
        record: dict[str, Any] = {
            "version": "v1", "stage": Stage.TRAIN, "trainer": "musubi", "argv": (sys.executable, *argv),
            "cwd": str(self.root), "created_at": time.time(),
        }  # fmt: skip
        write_record(folder.record, RunRecord(name, **{**record, **fields}))
        self._folders.append(folder)
        return folder

    def training(self, name: str, *options: str, launcher: bool = True, uploads: bool = False) -> RunFolder:
        """A run of fake_training.py into `output`, saving states."""
        argv = [*([LAUNCHER] if launcher else []), TRAINING, "output", *options]
        saves = Saves(every_n_steps=2, state=True, uploads=uploads)
        return self.make(name, *argv, saves=saves, output_dir="output", output_name="fake")

    @property
    def output(self) -> Path:
        return self.root / "output"

    def argv(self, *folders: RunFolder, environment: dict[str, str] | None = None) -> list[str]:
        """The command of a supervisor, with its environment handed over."""
        handover = write_environment(dict(os.environ) if environment is None else environment, folders[-1].id)
        paths = [str(folder.path) for folder in folders]
        return [sys.executable, "-m", "fptui", "supervise", "--environment", str(handover), *paths]

    def start(self, *folders: RunFolder, environment: dict[str, str] | None = None) -> "subprocess.Popen[bytes]":
        """A supervisor without a pane."""
        process = subprocess.Popen(
            self.argv(*folders, environment=environment),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self._started.append(process)
        return process

    def open(self, socket: str, *folders: RunFolder) -> None:
        """A supervisor in a window of the tmux server."""
        ids = [folder.id for folder in folders]
        Tmux(socket).open_window(ids[-1], self.argv(*folders), self.root, ids)

    def through(self, *folders: RunFolder, environment: dict[str, str] | None = None) -> list[ExitRecord]:
        """Supervise to the end; the exit records."""
        process = self.start(*folders, environment=environment)
        _, err = process.communicate(timeout=20)
        assert b"Traceback" not in err, err.decode()
        return [ended(folder, 0) for folder in folders]

    def close(self) -> None:
        for folder in self._folders:
            beat = read_heartbeat(folder.heartbeat)
            if beat is not None and read_exit(folder.exit) is None and _is_supervisor(beat.pid):
                for _ in range(2):
                    os.kill(beat.pid, signal.SIGKILL)
                    if beat.trainer_pid:
                        try:
                            os.killpg(beat.trainer_pid, signal.SIGKILL)
                        except ProcessLookupError:
                            break
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.communicate()


def ended(folder: RunFolder, seconds: float = 10) -> ExitRecord:
    """The exit record, when it is there."""
    return until(lambda: read_exit(folder.exit), seconds)


def beating(folder: RunFolder, fits: Callable[[Heartbeat], bool] = lambda beat: True, seconds: float = 10) -> Heartbeat:
    """A heartbeat that fits."""

    def look() -> Heartbeat | None:
        beat = read_heartbeat(folder.heartbeat)
        return beat if beat is not None and fits(beat) else None

    return until(look, seconds)


def said(folder: RunFolder, words: str, seconds: float = 10) -> bytes:
    """The log, as soon as it holds the words."""
    return until(lambda: text if words.encode() in (text := _read(folder.log)) else None, seconds)


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _is_supervisor(pid: int) -> bool:
    return b"supervise" in _read(Path(f"/proc/{pid}/cmdline"))


def runs_in(root: Path) -> Iterator[Runs]:
    """For fixtures."""
    runs = Runs(root)
    try:
        yield runs
    finally:
        runs.close()
