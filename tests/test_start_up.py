"""How long light commands take beside a bare Python. `python -m benchmarks` measures; here only the order of size."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from fptui.core.run import ExitRecord, RunFolder, RunRecord, write_record
from fptui.core.status import Stage, Status

TARGET, ALLOWED = 3.0, 5.0  # a busy machine may be unfair to one of the two


@pytest.mark.parametrize("argv", [["--version"], ["ls"], ["status", "--json"]], ids=" ".join)
def test_light_commands_start_within_a_few_times_the_interpreter(argv: list[str], tmp_path: Path) -> None:
    (tmp_path / "configs" / "v1").mkdir(parents=True)
    (tmp_path / "configs" / "v1" / "config.toml").touch()
    folder = RunFolder(tmp_path / "runs" / "v1-train-20260101-000000")
    folder.path.mkdir(parents=True)
    write_record(folder.record, RunRecord(folder.id, "v1", Stage.TRAIN, "musubi", ("true",), "/", created_at=1e9))
    write_record(folder.exit, ExitRecord(Status.FINISHED, 0, None, 1e9, 1e9 + 60, step=100, total_steps=100))
    ours, floor = [sys.executable, "-m", "fptui", *argv], [sys.executable, "-c", "import argparse, json"]
    seconds(ours, tmp_path)
    pairs = [(seconds(ours, tmp_path), seconds(floor, tmp_path)) for _ in range(7)]
    ratio = min(mine for mine, _ in pairs) / min(theirs for _, theirs in pairs)
    print(f"fptui {' '.join(argv)}: {ratio:.2f} times the floor (target {TARGET})")
    assert ratio <= ALLOWED


def seconds(argv: Sequence[str], folder: Path) -> float:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(argv, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
