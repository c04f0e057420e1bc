"""Signals: none is handled, none is passed on by the launcher. What each does to whom is musubi_interface section 7."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.rehearsal.bench import Bench, Result

STEPS = ("--max_train_steps", "100000", "--output_dir", "signals")
PACE = {"FPTUI_REHEARSAL_STEP_SECONDS": "0.05"}


@pytest.fixture(scope="module")
def running(cached: tuple[Bench, Result, Result]) -> Bench:
    cached[0].write_golden("train_config.toml", "signals.toml", without=("sample_", "log_", "logging_dir", "max_train"))
    return cached[0]


def _start(bench: Bench) -> "tuple[subprocess.Popen[bytes], int]":
    """The launcher, and the trainer's process id once it trains."""
    command = ("-m", "fptui.rehearsal.fpack_train_network", "--config_file", "data/signals.toml", *STEPS)
    launcher = bench.start("launch", *command, environment=PACE)
    _read_bars(launcher, 1)
    children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
    return launcher, int(children[0])


def _read_bars(launcher: "subprocess.Popen[bytes]", count: int) -> None:
    """Waits for so many more bars with an average."""
    assert launcher.stderr is not None
    seen = b""
    while seen.count(b"avr_loss") < count:
        part = os.read(launcher.stderr.fileno(), 65536)
        assert part, seen.decode()
        seen += part


def _ended(process: int) -> bool:
    """Within five seconds."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_an_interrupt_of_the_group_ends_both_with_tracebacks(running: Bench) -> None:
    launcher, trainer = _start(running)
    os.killpg(launcher.pid, signal.SIGINT)
    _, stderr = launcher.communicate(timeout=10)
    assert launcher.returncode == -signal.SIGINT
    assert _ended(trainer)
    assert stderr.count(b"\nKeyboardInterrupt\n") == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_launcher_alone_leaves_the_trainer_running(running: Bench, number: signal.Signals) -> None:
    launcher, trainer = _start(running)
    try:
        launcher.send_signal(number)
        assert launcher.wait(timeout=10) == -number
        _read_bars(launcher, 3)
    finally:
        os.kill(trainer, signal.SIGKILL)
        assert _ended(trainer)
        for pipe in (launcher.stdout, launcher.stderr):
            if pipe is not None:
                pipe.close()


def test_a_killed_trainer_is_the_launcher_s_error(running: Bench) -> None:
    launcher, trainer = _start(running)
    os.kill(trainer, signal.SIGTERM)
    _, stderr = launcher.communicate(timeout=10)
    assert launcher.returncode == 1
    assert stderr.rstrip().endswith(b"died with <Signals.SIGTERM: 15>.")
