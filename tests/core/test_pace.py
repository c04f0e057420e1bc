import pytest

from fptui.core.pace import STEPS, Pace


def test_the_first_step_and_those_with_pauses_are_left_out() -> None:
    pace = Pace()
    pace.note(0.0, 0, 0)
    assert pace.seconds_per_step is None
    pace.note(90.0, 1, 0)
    assert pace.seconds_per_step is None
    pace.note(92.0, 2, 0)
    pace.note(92.5, 2, 1)
    pace.note(130.0, 3, 1)
    pace.note(132.0, 4, 1)
    assert pace.seconds_per_step == pytest.approx(2.0)


def test_the_newest_steps_count() -> None:
    pace = Pace()
    for step in range(1, 50):
        pace.note(100.0 * step, step, 0)
    for step in range(50, 50 + STEPS + 1):
        pace.note(5000.0 + step, step, 0)
    assert pace.seconds_per_step == pytest.approx(1.0)


def test_one_slow_step_is_not_the_rule() -> None:
    pace = Pace()
    at = 0.0
    for step, seconds in enumerate((1, 1, 1, 60, 1, 1), start=1):
        at += seconds
        pace.note(at, step, 0)
    assert pace.seconds_per_step == pytest.approx(1.0)


def test_several_steps_between_two_looks() -> None:
    pace = Pace()
    pace.note(10.0, 5, 0)
    pace.note(12.0, 9, 0)
    assert pace.seconds_per_step == pytest.approx(0.5)


def test_a_gap_in_what_is_known() -> None:
    pace = Pace()
    pace.note(10.0, 5, 0)
    pace.skip()
    pace.note(500.0, 6, 0)
    assert pace.seconds_per_step is None
