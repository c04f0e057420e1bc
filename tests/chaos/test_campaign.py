"""A short piece of the campaign; `make chaos` is the long one."""

from pathlib import Path

import pytest

from tests.chaos.__main__ import campaign, real_table, table
from tests.chaos.real import draw_real, spend_real


def test_every_pod_is_stopped_when_it_should_be_and_none_when_it_should_not() -> None:
    results = campaign(range(1, 8))
    assert [result for result in results if not result.is_right] == []
    assert any(result.kills for result in results) and any(result.plan.outage for result in results)
    assert "| nights | 7 | 7 |" in table(results)


@pytest.mark.tmux
def test_a_night_with_real_runs(tmp_path: Path) -> None:
    result = spend_real(draw_real(6), tmp_path)
    assert result.is_right, result
    assert "| nights with real runs | 1 |" in real_table([result])
