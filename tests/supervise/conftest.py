from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.supervise.driving import Runs, runs_in
from tests.tmux_server import TmuxServer


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    """Run folders and supervisors that end with the test."""
    yield from runs_in(tmp_path / "runs")


@pytest.fixture
def tmux_server(tmux_socket: str) -> TmuxServer:
    """Our server on a private socket."""
    return TmuxServer(tmux_socket)
