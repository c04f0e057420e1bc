"""How rows are shared out."""

import pytest

from fptui.tui.layout import Shape, share


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 36), (160, 45), (200, 50), (60, 15)])
@pytest.mark.parametrize("story", [0, 2, 5])
@pytest.mark.parametrize("chart", [True, False])
def test_everything_fits_and_nothing_is_left_over(size: tuple[int, int], story: int, chart: bool) -> None:
    shape = Shape(*size)
    heights = share(shape, run=4, gpu=3, story=story, chart=chart)
    top = heights.run + heights.gpu if shape.stacked else heights.run
    assert top + heights.story + heights.chart + heights.log == size[1] - 2 or heights.log == 0


def test_the_chart_is_there_at_the_smallest_supported_size_and_has_most_of_the_room_at_larger_ones() -> None:
    small = share(Shape(80, 24), run=3, gpu=2, story=0, chart=True)
    assert small.chart >= 8
    assert small.log >= 4
    large = share(Shape(120, 36), run=4, gpu=3, story=0, chart=True)
    assert large.chart > large.log >= 8


def test_a_long_story_takes_the_place_of_the_chart_where_there_is_no_room_for_both() -> None:
    assert share(Shape(80, 24), run=3, gpu=2, story=5, chart=True).chart == 0
    assert share(Shape(120, 36), run=4, gpu=3, story=5, chart=True).chart > 0
