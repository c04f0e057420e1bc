"""Axes: nice numbers, and whether a logarithmic one reads better."""

import math

_WORTH_LOGARITHM = 20
"""A curve that spans more than this factor is drawn on a logarithmic axis: its later part would be a flat line."""


def nice_step(span: float, about: int) -> float:
    """1, 2, 2.5 or 5 times a power of ten, so that about `about` of them make the span."""
    if span <= 0 or not math.isfinite(span):
        return 1.0
    rough = span / max(1, about)
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1, 2, 2.5, 5):
        if factor * power >= rough * 0.999:
            return factor * power
    return 10 * power


def value_range(least: float, greatest: float) -> tuple[float, float, bool]:
    """(low, high, logarithmic) of an axis that holds all values between least and greatest, and moves seldom."""
    if least > 0 and greatest / least > _WORTH_LOGARITHM:
        return _round_down(least), _round_up(greatest), True
    if least == greatest:
        margin = abs(least) / 2 or 1.0
        return least - margin, greatest + margin, False
    step = nice_step(greatest - least, 4)
    low, high = math.floor(least / step) * step, math.ceil(greatest / step) * step
    if 0 <= low <= 0.25 * high:
        low = 0.0
    return low, high if high > low else low + step, False


def _round_down(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return max((factor * power for factor in (1, 2, 5) if factor * power <= value * (1 + 1e-12)), default=power)


def _round_up(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return min(
        (factor * power for factor in (1, 2, 5, 10) if factor * power >= value * (1 - 1e-12)), default=10 * power
    )


def value_ticks(low: float, high: float, logarithmic: bool, about: int) -> list[float]:
    """Where the numbers of a vertical axis stand, from the bottom up, both ends included."""
    if logarithmic:
        return _powers(low, high, about)
    step = nice_step(high - low, about)
    first = math.ceil(low / step - 1e-9)
    inner = [index * step for index in range(first, math.floor(high / step + 1e-9) + 1)]
    return inner or [low, high]


def _powers(low: float, high: float, about: int) -> list[float]:
    exponents = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        ticks = [factor * 10.0**exponent for exponent in exponents for factor in factors]
        ticks = [tick for tick in ticks if low * 0.999999 <= tick <= high * 1.000001]
        if len(ticks) <= about + 2:
            return ticks
    return ticks[:: max(1, math.ceil(len(ticks) / max(1, about)))]


def step_ticks(first: int, last: int, about: int) -> list[int]:
    """Whole steps for the horizontal axis: round numbers between, and always both ends."""
    step = max(1, round(nice_step(last - first, about)))
    inner = range((first // step + 1) * step, last, step)
    return [first, *(tick for tick in inner if last - tick >= step * 0.6 and tick - first >= step * 0.6), last]


def number(value: float) -> str:
    """`0.05`, `20`, `1e-4`: short and without a false tail."""
    if value == 0:
        return "0"
    if 0.001 <= abs(value) < 100_000:
        return f"{value:.6g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
