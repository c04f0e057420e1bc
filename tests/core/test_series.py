import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fptui.core.series import Series

_VALUES = st.lists(
    st.one_of(st.floats(width=32), st.sampled_from([math.nan, math.inf, -math.inf])), min_size=1, max_size=700
)


def _plain(values: Sequence[float]) -> tuple[float, float]:
    known = [value for value in values if not math.isnan(value)]
    return (min(known), max(known)) if known else (math.nan, math.nan)


@given(_VALUES, st.data())
def test_extremes_of_any_stretch_are_exact(values: list[float], draw: st.DataObject) -> None:
    """However the points came: at once, one by one, or with the last one changed meanwhile."""
    cut = draw.draw(st.integers(0, len(values)))
    series = Series()
    series.extend(range(cut), values[:cut])
    for index in range(cut, len(values)):
        series.append(index, 1e30 if index % 3 else values[index])
        if index % 3:
            series.replace_last(values[index])
    for _ in range(10):
        low = draw.draw(st.integers(0, len(values)))
        high = draw.draw(st.integers(low, len(values)))
        assert repr(series.minmax(low, high)) == repr(_plain(values[low:high]))


def test_a_long_curve() -> None:
    values = [math.sin(index * index) for index in range(70_000)]
    series = Series()
    series.extend(range(70_000), values)
    for low, high in ((0, 70_000), (1, 69_999), (15, 17), (4095, 8193), (65_535, 65_537), (69_999, 70_000)):
        assert series.minmax(low, high) == _plain(values[low:high])
    assert series.minmax(-5, 10**9) == _plain(values)
    assert all(map(math.isnan, series.minmax(5, 5)))


def test_index_of() -> None:
    series = Series()
    series.extend([0, 1, 1, 4], [1, 2, 3, 4])
    assert [series.index_of(x) for x in (-1, 0, 1, 1.5, 4, 5)] == [0, 0, 1, 3, 3, 4]
    assert (series.x(3), series.y(3), len(series)) == (4, 4, 4)


@pytest.mark.parametrize("x", [0.5, math.nan, math.inf])
def test_x_must_not_fall(x: float) -> None:
    series = Series()
    series.append(1, 1)
    with pytest.raises(ValueError, match="must"):
        series.append(x, 1)
    with pytest.raises(ValueError, match="must"):
        series.extend([2, x], [1, 1])
    assert len(series) == 1


def test_as_many_values_as_steps() -> None:
    with pytest.raises(ValueError, match="as many"):
        Series().extend([1, 2], [1])
