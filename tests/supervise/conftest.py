from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.supervise.driving import Runs, runs_in
from tests.tmux_server import tmux_server

__all__ = ["runs", "tmux_server"]


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    """Run folders and supervisors that end with the test."""
    yield from runs_in(tmp_path / "runs")
