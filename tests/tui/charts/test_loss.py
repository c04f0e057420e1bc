"""The whole loss chart, as rows of text."""

from fptui.tui.charts.loss import Curves, draw_loss
from fptui.tui.rows import text_of, width_of
from tests.tui.fakes import Points, curves


def chart(steps: int = 412, total: int | None = 500, width: int = 100, height: int = 16) -> list[str]:
    parts = curves(steps, total or 500)
    rows = draw_loss(Curves(*parts, (steps, steps, steps)), total, (100, 200), width, height)
    assert len(rows) == height
    assert all(width_of(row) <= width for row in rows)
    return [text_of(row) for row in rows]


def test_the_axis_goes_to_the_end_of_the_run_from_the_first_step_on() -> None:
    assert chart(5)[-1].split() == chart(412)[-1].split() == ["0", "100", "200", "300", "400", "500"]


def test_without_a_total_the_axis_grows_by_doubling() -> None:
    assert chart(412, None)[-1].split()[-1] == "640"


def test_saves_are_marked_where_they_happened() -> None:
    axis, numbers = chart()[-2:]
    at = [index for index, character in enumerate(axis) if character == "▴"]
    assert len(at) == 2
    assert [numbers[index - 2 : index + 2].strip() for index in at] == ["100", "200"]


def test_the_learning_rate_stands_below_when_there_is_room() -> None:
    assert any("1.4e-3" in line for line in chart(height=16))
    assert not any("1.4e-3" in line for line in chart(height=8))


def test_too_small_or_without_data_it_is_empty() -> None:
    assert not any(line.strip() for line in chart(width=12))
    none = Points([], [])
    assert not any(map(text_of, draw_loss(Curves(none, none, none, (0, 0, 0)), 10, (), 80, 10)))


def test_where_both_curves_meet_the_average_is_seen() -> None:
    points = Points(range(1, 101), [1.0] * 100)
    rows = draw_loss(Curves(points, points, Points([], []), (100, 100, 0)), 100, (), 60, 8)
    roles = {piece.role for row in rows for piece in row if piece.text.strip()}
    assert roles == {"muted", "average"}
