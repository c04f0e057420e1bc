"""A short piece of the campaign; `make chaos` is the long one."""

from tests.chaos.__main__ import campaign, table


def test_every_pod_is_stopped_when_it_should_be_and_none_when_it_should_not() -> None:
    results = campaign(range(1, 8))
    assert [result for result in results if not result.is_right] == []
    assert any(result.kills for result in results) and any(result.plan.outage for result in results)
    assert "| nights | 7 | 7 |" in table(results)
