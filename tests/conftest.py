"""What tests share: a tmux server of their own that ends with them, and a small project."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_MACHINE = ("end_to_end", "chaos", "guard", "supervise", "adapters", "actions", "rehearsal")
"""Folders whose tests start processes, and look at those of this machine: one after another, in one worker."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in _MACHINE or "tmux" in item.keywords:
            item.add_marker(pytest.mark.xdist_group("machine"))
    if shutil.which("tmux") is None:
        for item in items:
            if "tmux" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="tmux is not installed"))


@pytest.fixture
def tmux_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The name of a tmux server that nobody else has; FPTUI_TMUX_SOCKET holds it."""
    name = f"fptui-test-{os.getpid()}-{abs(hash(str(tmp_path))):x}"
    monkeypatch.setenv("FPTUI_TMUX_SOCKET", name)
    yield name
    subprocess.run(["tmux", "-L", name, "kill-server"], check=False, capture_output=True)
    (Path(os.environ.get("TMUX_TMPDIR", "/tmp")) / f"tmux-{os.getuid()}" / name).unlink(missing_ok=True)


@pytest.fixture
def state_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """XDG_STATE_HOME, apart from the user's own."""
    folder = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder


Fptui = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def fptui(state_home: Path) -> Fptui:
    """The command as users have it, in a process of its own, without a terminal."""

    def call(*arguments: str, cwd: Path | None = None, seconds: float = 60) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "fptui", *arguments],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    return call


@pytest.fixture
def small_project(tmp_path: Path) -> Path:
    """A complete project of the rehearsal trainer with 40 steps, a save at 20."""
    from fptui.rehearsal.project import make_project

    folder = tmp_path / "project"
    make_project(folder, steps=40)
    return folder
