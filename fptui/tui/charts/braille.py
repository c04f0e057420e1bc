"""A curve as braille: two by four dots a cell, every minimum and maximum kept, a million points in milliseconds.

Each of the 2 x width dot columns is one integer whose bits are its dots from the bottom up, so that a vertical line is
one shift; the least and greatest value of a column come from the series' pyramid, whatever the number of points.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Curve(Protocol):
    """What a chart needs of `core.series.Series`: x never falls; y may be NaN or infinite."""

    def __len__(self) -> int: ...

    def x(self, index: int, /) -> float: ...

    def y(self, index: int, /) -> float: ...

    def index_of(self, x: float) -> int: ...

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
        return self.scale()(value)

    def scale(self) -> Callable[[float], float]:
        """`level` as a function that has done its divisions."""
        top = 4.0 * self.height - 1
        low, high = (math.log(self.y0), math.log(self.y1)) if self.logarithmic else (self.y0, self.y1)
        if high <= low:
            return lambda value: top / 2
        factor = top / (high - low)

        def linear(value: float) -> float:
            at = (value - low) * factor
            return 0.0 if at <= 0 else top if at >= top else at

        def logarithmic(value: float) -> float:
            return linear(math.log(value)) if value > 0 else 0.0

        return logarithmic if self.logarithmic else linear

    def column(self, x: float) -> int:
        """The dot column of x, 0 to 2 * width - 1."""
        span = self.x1 - self.x0
        return 0 if span <= 0 else min(2 * self.width - 1, max(0, int((x - self.x0) / span * 2 * self.width)))


Cells = list[list[int]]
"""Rows of dot patterns, 0 to 255, as offsets from U+2800."""


def plot(curve: Curve, count: int, frame: Frame) -> Cells:
    """Draw the first `count` points. A NaN breaks the line; an infinite value stands at the edge."""
    return Trace().draw(curve, count, frame)


class Trace:
    """`plot` for a curve that grows: in the same frame only the last point's column and new ones are drawn again."""

    def __init__(self) -> None:
        self._curve: Curve | None = None
        self._frame: Frame | None = None
        self._count = 0
        self._columns: list[int] = []
        self._low = 0
        """The first point of the last column that was drawn; then the end of the line before it."""
        self._before: int | None = None
        self._height = 0.0
        self._under: list[int] = []
        """That column, and those that its line crossed, as they were without it."""

    def draw(self, curve: Curve, count: int, frame: Frame) -> Cells:
        """As `plot`. Points may have been appended, and the last one changed; no other."""
        if self._curve is not curve or self._frame != frame or count < self._count or not self._count:
            self._curve, self._frame = curve, frame
            self._columns = [0] * (2 * frame.width)
            self._low, self._before, self._under = curve.index_of(frame.x0), None, []
        elif self._under:
            first = self._first_column(frame.column(curve.x(self._low)))
            self._columns[first : first + len(self._under)] = self._under
        self._count = count
        if count and frame.x1 > frame.x0:
            self._go_on(curve, count, frame)
        return _cells(self._columns, frame.height)

    def _first_column(self, column: int) -> int:
        return column if self._before is None else min(self._before, column)

    def _go_on(self, curve: Curve, count: int, frame: Frame) -> None:
        columns = self._columns
        per_column = (frame.x1 - frame.x0) / len(columns)
        level, value_at, index_of, extremes = frame.scale(), curve.y, curve.index_of, curve.minmax
        beyond = min(count, index_of(math.nextafter(frame.x1, math.inf)))
        low, before, height = self._low, self._before, self._height
        while low < beyond:
            column = frame.column(curve.x(low))
            high = beyond if column == len(columns) - 1 else min(beyond, index_of(frame.x0 + (column + 1) * per_column))
            high = max(high, low + 1)
            self._low, self._before, self._height = low, before, height
            self._under = columns[self._first_column(column) : column + 1]
            first, final = value_at(low), value_at(high - 1)
            if before is not None and not math.isnan(first):
                _connect(columns, before, height, column, level(first))
            least, greatest = extremes(low, high) if high - low > 1 else (first, first)
            if least <= greatest:
                bottom = int(level(least) + 0.5)
                columns[column] |= ((2 << (int(level(greatest) + 0.5) - bottom)) - 1) << bottom
            before = None
            if not math.isnan(final):
                before, height = column, level(final)
            low = high


def _connect(columns: list[int], x0: int, y0: float, x1: int, y1: float) -> None:
    """A line between two points: between neighbouring columns the step is shared, half and half."""
    if x1 <= x0:
        return
    slope = (y1 - y0) / (x1 - x0)
    for column in range(x0, x1 + 1):
        here = y0 + slope * (column - x0)
        start = here if column == x0 else here - slope / 2
        end = here if column == x1 else here + slope / 2
        if start > end:
            start, end = end, start
        bottom = int(start + 0.5)
        columns[column] |= ((2 << (int(end + 0.5) - bottom)) - 1) << bottom


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
