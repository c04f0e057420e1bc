"""A data set in order."""

from pathlib import Path

import pytest

from tests.check.data_project import DataProject


@pytest.fixture
def data(tmp_path: Path) -> DataProject:
    return DataProject(tmp_path)
