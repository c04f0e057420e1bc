import time

import pytest

from fptui.core.cost import cost, midnight, spent
from fptui.core.run import RunRecord
from fptui.core.status import Stage, Status
from fptui.core.units import dollars
from fptui.core.view import RunRow


def run(began: float | None, ended: float | None, pod: str | None = "a", host: str = "") -> RunRow:
    record = RunRecord("r", "v1", Stage.TRAIN, "musubi", ("x",), "/", 0.0, pod_id=pod, host=host)
    status = Status.TRAINING if ended is None else Status.FINISHED
    return RunRow(record, status, None, None, began, ended, None, None, None, None)


def of(*rows: RunRow, since: float = 0.0, now: float = 7200.0) -> float | None:
    prices = {"a": 2.0, "b": 10.0}
    return spent(rows, lambda record: prices.get(record.pod_id or ""), since, now)


def test_runs_side_by_side_cost_their_pod_once_and_another_pod_on_top() -> None:
    assert of(run(0.0, 3600.0)) == pytest.approx(2.0)
    assert of(run(0.0, 3600.0), run(1800.0, 3600.0), run(3000.0, 5400.0)) == pytest.approx(3.0)
    assert of(run(0.0, 3600.0), run(0.0, 3600.0, "b")) == pytest.approx(12.0)
    assert of(run(3600.0, None)) == pytest.approx(2.0), "one at work costs until now"


def test_only_what_lies_behind_the_beginning_of_the_day() -> None:
    assert of(run(0.0, 3600.0), since=1800.0) == pytest.approx(1.0)
    assert of(run(0.0, 3600.0), since=4000.0) == 0.0


def test_one_unknown_price_makes_the_sum_unknown() -> None:
    assert of(run(0.0, 3600.0), run(0.0, 60.0, "c")) is None
    assert of(run(None, None), run(0.0, 3600.0)) == pytest.approx(2.0), "one that never began cost nothing"


def test_what_is_not_known_has_no_cost() -> None:
    assert (cost(None, 2.0), cost(3.0, None), cost(1800.0, 2.5)) == (None, None, 1.25)


def test_a_day_begins_at_midnight_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert midnight(1_795_346_000.0) % 86400 == 15 * 3600
        assert 0 <= 1_795_346_000.0 - midnight(1_795_346_000.0) < 86400
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("amount", "text"), [(None, "?"), (0.333, "$0.33"), (19.99, "$19.99"), (91.4, "$91"), (1234.5, "$1,234")]
)
def test_cents_as_long_as_they_count(amount: float | None, text: str) -> None:
    assert dollars(amount) == text
