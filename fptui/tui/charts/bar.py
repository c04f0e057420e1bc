"""Bars in one row: how full something is, and how it went."""

from collections.abc import Sequence

_EIGHTHS = "▁▂▃▄▅▆▇█"


def bar(part: float | None, width: int) -> tuple[str, str]:
    """The full and the empty part of a bar; all empty when unknown. Full only when it is really full."""
    if part is None or width <= 0:
        return "", "─" * max(0, width)
    part = min(1.0, max(0.0, part))
    full = int(part * width + 0.5)
    if part < 1.0:
        full = min(full, width - 1)
    if part > 0.0:
        full = max(full, 1)
    return "━" * full, "─" * (width - full)


def history(values: Sequence[int | None], width: int, highest: int = 100) -> str:
    """The last `width` values as columns, newest at the right; blank where unknown."""
    last = list(values)[-width:] if width > 0 else []
    drawn = "".join(" " if v is None else _EIGHTHS[min(7, max(0, v * 8 // highest))] for v in last)
    return drawn.rjust(width)
