import errno
import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fptui.core.facts import LogFacts, Phase
from fptui.core.run import ExitRecord, RunFolder, read_exit, read_heartbeat
from fptui.core.status import Status
from fptui.supervise.exit_file import ExitFile
from fptui.supervise.heartbeat import HeartbeatFile
from fptui.supervise.recording import Recording


def times(path: Path) -> list[tuple[float, int]]:
    return list(struct.iter_unpack("<dQ", path.read_bytes()))


def test_times_come_at_most_twenty_a_second_and_always_before_a_pause(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "log", tmp_path / "times")
    for at in (10.0, 10.01, 10.02, 10.06, 10.07):
        recording.write(b"abc", at)
    assert times(tmp_path / "times") == [(10.0, 3), (10.06, 12)] and recording.is_pending
    recording.flush(10.2)
    assert times(tmp_path / "times")[-1] == (10.07, 15) and not recording.is_pending
    recording.flush(11.0)
    assert len(times(tmp_path / "times")) == 3, "nothing came, so there is nothing to say"
    recording.write(b"z", 9.0)
    assert times(tmp_path / "times")[-1] == (9.0, 16), "a clock that was set back holds nothing up"


def test_nothing_is_there_before_something_is_written(tmp_path: Path) -> None:
    Recording(tmp_path / "log", tmp_path / "times").close(1.0)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_remembered_retried_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, room = os.write, [4]

    def scarce(descriptor: int, data: Any) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = write(descriptor, bytes(data[: room[0]]))
        room[0] -= written
        return written

    monkeypatch.setattr(os, "write", scarce)
    recording = Recording(tmp_path / "log", tmp_path / "times", kept=8)
    recording.write(b"abcdef", 1.0)
    assert (tmp_path / "log").read_bytes() == b"abcd"
    assert recording.problem and "No space left on device" in recording.problem and "goes on" in recording.problem
    room[0] = 7
    recording.flush(2.0)
    assert (tmp_path / "log").read_bytes() == b"abcdef" and (tmp_path / "times").read_bytes() == b"", "no half record"
    room[0] = 100
    recording.flush(3.0)
    assert times(tmp_path / "times") == [(1.0, 6)] and recording.problem is None
    room[0] = 0
    recording.write(b"0123456789", 4.0)
    room[0] = 1000
    recording.close(5.0)
    assert (tmp_path / "log").read_bytes() == b"abcdef23456789"
    assert recording.problem == "The log could not be written for a while. 2 B of it are lost."


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 128 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    file = disk / "fill"
    with file.open("wb", buffering=0) as opened:
        try:
            while True:
                opened.write(b"x" * 4096)
        except OSError:
            return file


def test_on_a_full_disk_the_heartbeat_speaks_and_the_exit_record_comes(tiny_disk: Path) -> None:
    folder = RunFolder(tiny_disk)
    heartbeat, exit_file = HeartbeatFile(folder.heartbeat), ExitFile(folder)
    recording = Recording(folder.log, folder.times)

    def beat(now: float, message: str | None) -> None:
        heartbeat.write(LogFacts(phase=Phase.TRAINING, step=3), now=now, started_at=1.0, trainer_pid=1,
                        seconds_per_step=None, stop=None, is_stopping=False, message=message)  # fmt: skip

    beat(1.0, None)
    recording.write(b"abc", 1.0)
    filling = fill(tiny_disk)
    recording.write(b"x" * 10_000, 2.0)
    assert recording.problem
    beat(2.0, recording.problem)
    seen = read_heartbeat(folder.heartbeat)
    assert seen is not None and (seen.at, seen.message, seen.step) == (2.0, recording.problem, 3)

    assert exit_file.write(ExitRecord(Status.FAILED, 1, None, 1.0, 3.0))
    ended = read_exit(folder.exit)
    assert ended is not None and ended.ended_at == 3.0
    filling.unlink()
    recording.flush(4.0)
    assert recording.problem is None and folder.log.stat().st_size == 10_003
    beat(4.0, None)
    seen = read_heartbeat(folder.heartbeat)
    assert seen is not None and (seen.at, seen.message) == (4.0, None)


def test_a_folder_that_was_deleted_is_given_up(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "r")
    assert not ExitFile(folder).write(ExitRecord(Status.FAILED, 1, None, 1.0, 3.0))
