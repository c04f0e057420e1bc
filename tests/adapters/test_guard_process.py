import subprocess
from pathlib import Path
from typing import Any

import pytest

from fptui.adapters import guard_process
from fptui.adapters.guard_files import GuardFiles, Life
from fptui.adapters.guard_process import cancel_by_signal, ensure_guard, is_beginning
from fptui.adapters.processes import boot_id, start_ticks
from fptui.core.records import write_json


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("fptui.adapters.guard_process.time.monotonic", lambda: now[0])
    return now


def test_a_guard_that_does_not_come_to_life_is_started_again_now_and_then_and_shown_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    begun: list[float] = []

    class Process:
        pid = 1

        def __init__(self, *_: Any, **__: Any) -> None:
            begun.append(clock[0])

    monkeypatch.setattr("fptui.adapters.guard_process.subprocess.Popen", Process)
    files, beginning = GuardFiles(tmp_path / "state"), []
    for clock[0] in range(100, 140):
        ensure_guard(files, {})
        beginning.append(is_beginning(files))
    assert begun == [100, 115, 130] and beginning == [True] * 5 + [False] * 35
    guard_process.started_here.discard(1)


def test_it_is_told_by_a_signal_if_it_lives(tmp_path: Path) -> None:
    files = GuardFiles(tmp_path)
    assert not cancel_by_signal(files)
    with subprocess.Popen(["sleep", "60"]) as guard:
        ticks = start_ticks(guard.pid)
        assert ticks is not None
        write_json(files.life, vars(Life(1e9, guard.pid, ticks, boot_id())))
        assert cancel_by_signal(files)
        assert guard.wait(10) == -10
    assert not cancel_by_signal(files)
