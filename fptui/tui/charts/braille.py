"""A curve as braille: two by four dots a cell, every minimum and maximum kept, a million points in milliseconds.

Each of the 2 x width dot columns is one integer whose bits are its dots from the bottom up, so that a vertical line is
one shift; the least and greatest value of a column come from the series' pyramid, whatever the number of points.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Protocol


class Curve(Protocol):
    """What a chart needs of `core.series.Series`: x never falls; y may be NaN or infinite."""

    def __len__(self) -> int: ...

    def x(self, index: int, /) -> float: ...

    def y(self, index: int, /) -> float: ...

    def minmax(self, low: int, high: int, /) -> tuple[float, float]: ...


@dataclass(frozen=True)
class Frame:
    """Where data lie: x from x0 to x1 and y from y0 to y1, in a box of width x height cells."""

    x0: float
    x1: float
    y0: float
    y1: float
    width: int
    height: int
    logarithmic: bool = False

    def level(self, value: float) -> float:
        """0 at the bottom to 4 * height - 1 at the top; what lies beyond stays at the edge."""
        top = 4 * self.height - 1
        if self.logarithmic:
            if value <= 0:
                return 0
            low, high, value = math.log(self.y0), math.log(self.y1), math.log(value)
        else:
            low, high = self.y0, self.y1
        if high <= low:
            return top / 2
        return min(float(top), max(0.0, (value - low) / (high - low) * top))

    def column(self, x: float) -> int:
        """The dot column of x, 0 to 2 * width - 1."""
        span = self.x1 - self.x0
        return 0 if span <= 0 else min(2 * self.width - 1, max(0, int((x - self.x0) / span * 2 * self.width)))


Cells = list[list[int]]
"""Rows of dot patterns, 0 to 255, as offsets from U+2800."""


def plot(curve: Curve, count: int, frame: Frame) -> Cells:
    """Draw the first `count` points. A NaN breaks the line; an infinite value stands at the edge."""
    columns = [0] * (2 * frame.width)
    if count and frame.x1 > frame.x0:
        _draw(curve, count, frame, columns)
    return _cells(columns, frame.height)


def _draw(curve: Curve, count: int, frame: Frame, columns: list[int]) -> None:
    per_column = (frame.x1 - frame.x0) / len(columns)
    indices = range(count)
    low = bisect_left(indices, frame.x0, key=curve.x)
    last: tuple[int, float] | None = None
    while low < count:
        column = frame.column(curve.x(low))
        if curve.x(low) > frame.x1:
            break
        if column == len(columns) - 1:
            high = bisect_left(indices, math.nextafter(frame.x1, math.inf), low, count, key=curve.x)
        else:
            high = bisect_left(indices, frame.x0 + (column + 1) * per_column, low, count, key=curve.x)
        high = max(high, low + 1)
        first = curve.y(low)
        if math.isnan(first):
            last = None
        elif last is not None:
            _connect(columns, last, (column, frame.level(first)))
        least, greatest = curve.minmax(low, high)
        if not (math.isnan(least) or math.isnan(greatest)):
            columns[column] |= _span(frame.level(least), frame.level(greatest))
        final = curve.y(high - 1)
        last = None if math.isnan(final) else (column, frame.level(final))
        low = high


def _span(low: float, high: float) -> int:
    bottom, top = round(low), round(high)
    return ((1 << (top - bottom + 1)) - 1) << bottom


def _connect(columns: list[int], start: tuple[int, float], end: tuple[int, float]) -> None:
    """A line between two points: between neighbouring columns the step is shared, half and half."""
    (x0, y0), (x1, y1) = start, end
    if x1 <= x0:
        return
    slope = (y1 - y0) / (x1 - x0)
    for column in range(x0, x1 + 1):
        here = y0 + slope * (column - x0)
        before = here if column == x0 else here - slope / 2
        after = here if column == x1 else here + slope / 2
        columns[column] |= _span(min(before, after), max(before, after))


_LEFT = (0x40, 0x04, 0x02, 0x01)
_RIGHT = (0x80, 0x20, 0x10, 0x08)
_LEFT_BITS = [sum(dot for bit, dot in enumerate(_LEFT) if value >> bit & 1) for value in range(16)]
_RIGHT_BITS = [sum(dot for bit, dot in enumerate(_RIGHT) if value >> bit & 1) for value in range(16)]


def _cells(columns: list[int], height: int) -> Cells:
    rows = [[0] * (len(columns) // 2) for _ in range(height)]
    for x in range(0, len(columns), 2):
        left, right = columns[x], columns[x + 1]
        y = height - 1
        while left or right:
            rows[y][x // 2] = _LEFT_BITS[left & 15] | _RIGHT_BITS[right & 15]
            left >>= 4
            right >>= 4
            y -= 1
    return rows


def extent(curve: Curve, count: int) -> tuple[float, float] | None:
    """The least and greatest finite value of the first `count` points; None when there is none."""
    if not count:
        return None
    least, greatest = curve.minmax(0, count)
    if math.isnan(least) or math.isnan(greatest):
        return None
    if math.isfinite(least) and math.isfinite(greatest):
        return least, greatest
    finite = [value for value in map(curve.y, range(count)) if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else None
