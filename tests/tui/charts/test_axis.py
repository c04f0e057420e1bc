"""Nice numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fptui.tui.charts.axis import nice_step, number, step_ticks, value_range, value_ticks


@pytest.mark.parametrize(("span", "about", "step"), [(10, 5, 2), (0.09, 4, 0.025), (5000, 5, 1000), (7, 7, 1)])
def test_steps_are_nice(span: float, about: int, step: float) -> None:
    assert nice_step(span, about) == pytest.approx(step)


def test_a_narrow_range_is_linear_and_a_wide_one_logarithmic() -> None:
    assert value_range(0.02, 0.13) == pytest.approx((0.0, 0.15, False))
    assert value_range(0.02, 4.0) == pytest.approx((0.02, 5.0, True))
    assert value_range(-1, 1)[2] is False


def test_a_level_curve_has_room_about_it() -> None:
    low, high, _ = value_range(0.5, 0.5)
    assert low < 0.5 < high
    low, high, _ = value_range(0, 0)
    assert low < 0 < high


@given(
    st.floats(-1e6, 1e6, allow_subnormal=False).filter(lambda v: abs(v) > 1e-9),
    st.floats(0, 1e6, allow_subnormal=False),
)
def test_every_value_lies_in_its_range(least: float, more: float) -> None:
    greatest = least + more
    low, high, logarithmic = value_range(least, greatest)
    assert low < high
    slack = (high - low) * 1e-6
    assert low - slack <= least <= greatest <= high + slack
    ticks = value_ticks(low, high, logarithmic, 5)
    assert ticks == sorted(ticks)
    assert all(low - slack <= tick <= high + slack for tick in ticks)


def test_steps_have_both_ends_and_round_numbers_between() -> None:
    assert step_ticks(0, 500, 5) == [0, 100, 200, 300, 400, 500]
    assert step_ticks(0, 4321, 5) == [0, 1000, 2000, 3000, 4321]
    assert step_ticks(0, 1, 5) == [0, 1]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.05, "0.05"), (20.0, "20"), (0.0001, "1e-4"), (2.5e-7, "2.5e-7"), (0.30000000000000004, "0.3")],
)
def test_numbers_are_short(value: float, shown: str) -> None:
    assert number(value) == shown
