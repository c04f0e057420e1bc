"""Braille curves, as rows of text."""

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from fptui.tui.charts.braille import Cells, Frame, Trace, extent, plot
from tests.tui.fakes import Points


def text(cells: Cells) -> list[str]:
    return ["".join(chr(0x2800 + cell) if cell else " " for cell in row) for row in cells]


def dots(cells: Cells) -> set[tuple[int, int]]:
    """(dot column, dot row from the bottom) of every dot."""
    places = {
        0x40: (0, 0),
        0x04: (0, 1),
        0x02: (0, 2),
        0x01: (0, 3),
        0x80: (1, 0),
        0x20: (1, 1),
        0x10: (1, 2),
        0x08: (1, 3),
    }
    found = set()
    for line, row in enumerate(reversed(cells)):
        for column, cell in enumerate(row):
            found |= {(2 * column + x, 4 * line + y) for bit, (x, y) in places.items() if cell & bit}
    return found


def test_a_straight_line_goes_from_corner_to_corner() -> None:
    points = Points([0, 9.99], [0, 1])
    drawn = dots(plot(points, 2, Frame(0, 10, 0, 1, 5, 2)))
    assert (0, 0) in drawn
    assert (9, 7) in drawn
    assert {x for x, _ in drawn} == set(range(10))


def test_a_level_curve_is_one_row_of_dots() -> None:
    points = Points(range(10), [0.0] * 10)
    assert text(plot(points, 10, Frame(0, 10, 0, 1, 5, 2))) == ["     ", "⣀⣀⣀⣀⣀"]


def test_each_minimum_and_maximum_of_many_points_is_kept() -> None:
    chance = random.Random(3)
    values = [chance.random() for _ in range(5000)]
    values[1234], values[4321] = 5.0, -5.0
    frame = Frame(0, 5000, -5, 5, 40, 10)
    drawn = dots(plot(Points(range(5000), values), 5000, frame))
    assert (frame.column(1234), 39) in drawn
    assert (frame.column(4321), 0) in drawn


def test_every_point_has_its_dot() -> None:
    chance = random.Random(4)
    for count in (1, 2, 7, 80, 300):
        values = [chance.uniform(-3, 3) for _ in range(count)]
        frame = Frame(0, count, -3, 3, 30, 8)
        drawn = dots(plot(Points(range(count), values), count, frame))
        assert all((frame.column(x), int(frame.level(y) + 0.5)) in drawn for x, y in enumerate(values))


def test_nan_breaks_the_line_and_draws_nothing_itself() -> None:
    values = [1.0, 1.0, math.nan, 1.0, 1.0]
    drawn = dots(plot(Points(range(5), values), 5, Frame(0, 5, 0, 2, 10, 4)))
    columns = {x for x, _ in drawn}
    assert not columns & set(range(6, 11))
    assert {0, 4, 12, 16} <= columns


def test_only_nan_draws_nothing() -> None:
    assert dots(plot(Points([1, 2], [math.nan] * 2), 2, Frame(0, 5, 0, 1, 4, 2))) == set()


def test_infinite_values_stand_at_the_edge() -> None:
    points = Points([0, 2, 4], [math.inf, 0.5, -math.inf])
    drawn = dots(plot(points, 3, Frame(0, 5, 0, 1, 10, 4)))
    assert (0, 15) in drawn
    assert (16, 0) in drawn


def test_points_outside_the_range_of_x_are_left_out() -> None:
    points = Points([-5, 0, 5, 15], [1, 1, 1, 9])
    drawn = dots(plot(points, 4, Frame(0, 10, 0, 10, 10, 4)))
    assert drawn
    assert max(y for _, y in drawn) < 8


def test_points_after_the_count_are_not_drawn() -> None:
    points = Points(range(10), range(10))
    assert max(x for x, _ in dots(plot(points, 5, Frame(0, 10, 0, 10, 10, 4)))) == 8


@given(st.lists(st.one_of(st.floats(-5, 5), st.just(math.nan)), min_size=2, max_size=120), st.data())
def test_a_growing_curve_looks_as_if_drawn_at_once(values: list[float], data: st.DataObject) -> None:
    frame = Frame(0, len(values), -5, 5, 12, 4)
    trace, points = Trace(), Points([], [])
    for x, value in enumerate(values):
        points.xs.append(x)
        points.ys.append(0.0)
        trace.draw(points, len(points), frame)
        points.ys[-1] = value
        if data.draw(st.booleans()):
            assert trace.draw(points, len(points), frame) == plot(points, len(points), frame)
    assert trace.draw(points, len(points), frame) == plot(points, len(points), frame)


def test_a_logarithmic_axis_gives_each_decade_the_same_height() -> None:
    frame = Frame(0, 1, 0.01, 100, 1, 10, logarithmic=True)
    assert abs(frame.level(1) - 39 / 2) < 1e-9
    assert frame.level(0) == 0
    assert frame.level(-1) == 0


def test_extent_is_of_finite_values() -> None:
    assert extent(Points([1, 2, 3], [math.inf, 2, math.nan]), 3) == (2, 2)
    assert extent(Points([1], [math.nan]), 1) is None
    assert extent(Points([], []), 0) is None
