"""One cached bench for all tests that only read its caches."""

from pathlib import Path

import pytest

from tests.rehearsal.bench import Bench, Result


@pytest.fixture(scope="session")
def cached(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Result, Result]:
    """A bench with both caches, and what the two programs said."""
    bench = Bench(tmp_path_factory.mktemp("bench"))
    bench.make()
    return (bench, *bench.cache())


@pytest.fixture
def bench(cached: tuple[Bench, Result, Result], tmp_path: Path) -> Bench:
    """The cached bench, with outputs meant for tmp_path: name them by absolute paths."""
    return cached[0]
