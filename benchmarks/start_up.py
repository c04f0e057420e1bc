"""How long until an answer: light commands beside a bare Python, the dashboard beside a bare Textual."""

import os
import pty
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.table import Row, alternate
from fptui.core.run import ExitRecord, RunFolder, RunRecord, write_record
from fptui.core.status import Stage, Status

FLOOR = [sys.executable, "-c", "import argparse, json"]
FPTUI = [sys.executable, "-m", "fptui"]
TEXTUAL = [
    sys.executable,
    "-c",
    "from textual.app import App\n"
    "from textual.widgets import Header, Footer, DataTable\n"
    "class A(App):\n"
    "    def compose(self): yield Header(); yield DataTable(); yield Footer()\n"
    "    def on_ready(self): self.exit()\n"
    "A().run()\n",
]
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def rows() -> Iterable[Row]:
    """Wall time of whole processes."""
    with tempfile.TemporaryDirectory() as folder:
        project = _project(Path(folder), runs=20)
        for what, argv in {
            "`fptui --version`": [*FPTUI, "--version"],
            "`fptui ls`, 20 runs": [*FPTUI, "-C", str(project), "ls"],
            "`fptui status --json`": [*FPTUI, "-C", str(project), "status", "--json"],
        }.items():
            _quiet(argv)
            ours, peer = alternate(lambda argv=argv: _quiet(argv), lambda: _quiet(FLOOR), 15)  # type: ignore[misc]
            yield Row(what, ours, "argparse and json", peer, target_ratio=3)
        dashboard = [*FPTUI, "-C", str(project)]
        _first_output(dashboard)
        ours, peer = alternate(
            lambda: _first_output(dashboard), lambda: _first_output([sys.executable, "-c", "print(1)"]), 9
        )
        yield Row("first frame after `fptui`", ours, "print(1)", peer, target_ms=25)


def _quiet(argv: Sequence[str]) -> None:
    subprocess.run(argv, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)


def _first_output(argv: Sequence[str]) -> None:
    """Run on a terminal of 120x36 until the first byte has come, then end it."""
    pid, master = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], list(argv), {**ENVIRONMENT, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "36"})
    select.select([master], [], [], 10)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    os.close(master)


def _project(folder: Path, runs: int) -> Path:
    (folder / "configs" / "v1").mkdir(parents=True)
    (folder / "configs" / "v1" / "config.toml").write_text("")
    for number in range(runs):
        run = RunFolder(folder / "runs" / f"v1-train-20260101-0000{number:02d}")
        run.path.mkdir(parents=True)
        write_record(
            run.record, RunRecord(run.id, "v1", Stage.TRAIN, "musubi", ("true",), "/", created_at=1e9 + number)
        )
        write_record(
            run.exit, ExitRecord(Status.FINISHED, 0, None, 1e9, 1e9 + 60, step=100, total_steps=100, loss=0.02)
        )
    return folder
