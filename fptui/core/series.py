"""A curve of up to millions of points: exact minimum and maximum of any stretch, found in a few dozen comparisons."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from math import inf, isfinite, isnan, nan

FAN_OUT = 16


class Series:
    """Points (x, y) with x never falling. y may be NaN, which `minmax` passes over, or infinite, which it does not.

    Above the points lies a pyramid: the extremes of each 16 points, of each 16 of those, and so on. Only full groups
    are in it, so that a point is appended in constant time. 17 bytes a point.
    """

    def __init__(self) -> None:
        self._x = array("d")
        self._y = array("d")
        self._least: list[array[float]] = []
        self._greatest: list[array[float]] = []

    def __len__(self) -> int:
        return len(self._y)

    def x(self, index: int, /) -> float:
        return self._x[index]

    def y(self, index: int, /) -> float:
        return self._y[index]

    def index_of(self, x: float) -> int:
        """The first point at or behind x; the length when there is none."""
        return bisect_left(self._x, x)

    def append(self, step: float, value: float) -> None:
        """One point more. ValueError when its x is not finite or lies before the last one's."""
        if (self._x and step < self._x[-1]) or not isfinite(step):
            raise ValueError(f"x must be finite and not fall: {step} after {self._x[-1] if self._x else None}")
        # x first: whoever reads meanwhile goes by the number of values.
        self._x.append(step)
        self._y.append(value)
        if len(self._y) % FAN_OUT == 0:
            self._group()

    def extend(self, steps: Iterable[float], values: Iterable[float]) -> None:
        """Many points more, as by `append`; nothing is taken when one of them cannot be."""
        more_x, more_y = array("d", steps), array("d", values)
        if len(more_x) != len(more_y):
            raise ValueError("as many x as y")
        ordered = more_x.tolist()
        if (
            not isfinite(sum(ordered))
            or ordered != sorted(ordered)
            or (ordered and self._x and ordered[0] < self._x[-1])
        ):
            raise ValueError("x must be finite and not fall")
        self._x.extend(more_x)
        self._y.extend(more_y)
        self._group()

    def replace_last(self, value: float) -> None:
        """Another value for the last point. IndexError when there is none."""
        self._y[-1] = value
        size = len(self._y)
        for least, greatest in zip(self._least, self._greatest, strict=True):
            if size % FAN_OUT:
                break
            size //= FAN_OUT
            least.pop()
            greatest.pop()
        self._group()

    def minmax(self, low: int, high: int, /) -> tuple[float, float]:
        """The least and greatest y of the points low <= index < high; (nan, nan) when there is none but NaN."""
        least, greatest = inf, -inf
        low, high = max(0, low), min(high, len(self._y))
        lows: array[float] = self._y
        highs: array[float] = self._y
        level = 0
        while low < high:
            if level == len(self._least) or high - low < 2 * FAN_OUT:
                return _result(*_join(least, greatest, *_extremes(lows[low:high], highs[low:high])))
            first, last = -(-low // FAN_OUT), min(high // FAN_OUT, len(self._least[level]))
            if low < first * FAN_OUT:
                end = first * FAN_OUT
                least, greatest = _join(least, greatest, *_extremes(lows[low:end], highs[low:end]))
            if last * FAN_OUT < high:
                start = last * FAN_OUT
                least, greatest = _join(least, greatest, *_extremes(lows[start:high], highs[start:high]))
            lows, highs = self._least[level], self._greatest[level]
            low, high, level = first, last, level + 1
        return _result(least, greatest)

    def _group(self) -> None:
        """Complete the pyramid above the full groups."""
        lows: array[float] = self._y
        highs: array[float] = self._y
        level = 0
        while len(lows) >= FAN_OUT:
            if level == len(self._least):
                self._greatest.append(array("d"))
                self._least.append(array("d"))
            least, greatest = self._least[level], self._greatest[level]
            for start in range(len(least) * FAN_OUT, len(lows) - FAN_OUT + 1, FAN_OUT):
                group = lows[start : start + FAN_OUT]
                low, high = _extremes(group, highs[start : start + FAN_OUT] if level else group)
                greatest.append(high)
                least.append(low)
            lows, highs, level = least, greatest, level + 1


def _extremes(lows: "array[float]", highs: "array[float]") -> tuple[float, float]:
    """Without NaN; (inf, -inf) when there is nothing else."""
    if isnan(sum(lows)):
        lows = array("d", [value for value in lows if not isnan(value)])
        highs = array("d", [value for value in highs if not isnan(value)])
    return min(lows, default=inf), max(highs, default=-inf)


def _join(least: float, greatest: float, low: float, high: float) -> tuple[float, float]:
    return (low if low < least else least), (high if high > greatest else greatest)


def _result(least: float, greatest: float) -> tuple[float, float]:
    return (least, greatest) if least <= greatest else (nan, nan)
