"""The loss chart: raw loss and its average, the learning rate below, saves marked on an axis of true steps."""

from collections.abc import Sequence
from dataclasses import dataclass

from fptui.tui.charts.axis import number, step_ticks, value_range, value_ticks
from fptui.tui.charts.braille import Cells, Curve, Frame, Trace, extent
from fptui.tui.rows import Piece, Row
from fptui.tui.words import power

RATE_FROM_HEIGHT = 11
"""With fewer rows the learning rate is left to the run panel, which has it in figures."""


@dataclass(frozen=True)
class Curves:
    """Three curves over true steps, and how many points of each are to be drawn: they may be growing meanwhile."""

    raw: Curve
    average: Curve
    rate: Curve
    counts: tuple[int, int, int]

    @property
    def is_empty(self) -> bool:
        return not (self.counts[0] or self.counts[1])

    def last_step(self) -> int:
        """The greatest step of all curves; 0 when they are empty."""
        pairs = zip((self.raw, self.average, self.rate), self.counts, strict=True)
        return max((int(curve.x(count - 1)) for curve, count in pairs if count), default=0)


class Traces:
    """What was drawn of the three curves: kept from one drawing to the next, so that a new point costs little."""

    def __init__(self) -> None:
        self.raw, self.average, self.rate = Trace(), Trace(), Trace()


def draw_loss(
    curves: Curves, total: int | None, saves: Sequence[int], width: int, height: int, *, traces: Traces | None = None
) -> list[Row]:
    """Exactly `height` rows of at most `width` cells."""
    traces = traces or Traces()
    last = total if total else max(10, _room(curves.last_step()))
    rate_extent = extent(curves.rate, curves.counts[2])
    rate_height = 0 if height < RATE_FROM_HEIGHT or rate_extent is None else max(2, min(4, height // 6))
    loss_height = height - 2 - rate_height
    extents = [extent(curves.raw, curves.counts[0]), extent(curves.average, curves.counts[1])]
    known = [item for item in extents if item is not None]
    if loss_height < 2 or width < 20 or not known:
        return [() for _ in range(height)]
    low, high, logarithmic = value_range(min(least for least, _ in known), max(greatest for _, greatest in known))
    labels = _labels(low, high, logarithmic, loss_height)
    rate_labels = _rate_labels(rate_extent, rate_height)
    gutter = max(map(len, [*labels.values(), *rate_labels.values()]))
    across = width - gutter - 1
    frame = Frame(0, last, low, high, across, loss_height, logarithmic)
    layers = [
        (traces.average.draw(curves.average, curves.counts[1], frame), "average"),
        (traces.raw.draw(curves.raw, curves.counts[0], frame), "raw"),
    ]
    rows = _framed(layers, labels, gutter, loss_height)
    if rate_height and rate_extent is not None:
        below = Frame(0, last, min(0.0, rate_extent[0]), max(rate_extent[1], 1e-300), across, rate_height)
        cells = traces.rate.draw(curves.rate, curves.counts[2], below)
        rows += _framed([(cells, "rate")], rate_labels, gutter, rate_height)
    return rows + _step_axis(last, saves, gutter, across)


def _room(step: int) -> int:
    """The end of the axis when the total is unknown: it doubles, so that the picture seldom moves."""
    end = 10
    while end < step:
        end *= 2
    return end


def _labels(low: float, high: float, logarithmic: bool, height: int) -> dict[int, str]:
    frame = Frame(0, 1, low, high, 1, height, logarithmic)
    ticks = value_ticks(low, high, logarithmic, max(2, height // 2))
    labels: dict[int, str] = {}
    for tick in ticks:
        line = height - 1 - round(frame.level(tick)) // 4
        if not labels or min(abs(line - other) for other in labels) >= 2:
            labels[line] = number(tick)
    return labels


def _rate_labels(rate: tuple[float, float] | None, height: int) -> dict[int, str]:
    if rate is None or not height:
        return {}
    return {0: power(rate[1]), height - 1: power(min(0.0, rate[0]))}


def _framed(layers: list[tuple[Cells, str]], labels: dict[int, str], gutter: int, height: int) -> list[Row]:
    rows: list[Row] = []
    for line in range(height):
        label = labels.get(line)
        edge = Piece(f"{label or '':>{gutter}}{'┤' if label else '│'}", "muted")
        rows.append((edge, *_merge([(cells[line], role) for cells, role in layers])))
    return rows


def _merge(layers: list[tuple[list[int], str]]) -> list[Piece]:
    """One row of cells; where layers meet, the first alone is seen, so that it stands out without colour too."""
    pieces: list[Piece] = []
    text, current = "", ""
    for cell in range(len(layers[0][0])):
        for cells, role in layers:
            if cells[cell]:
                character, wanted = chr(0x2800 + cells[cell]), role
                break
        else:
            character, wanted = " ", current
        if wanted != current and text:
            pieces.append(Piece(text, current))
            text = ""
        current = wanted
        text += character
    return [*pieces, Piece(text, current)]


def _step_axis(last: int, saves: Sequence[int], gutter: int, across: int) -> list[Row]:
    frame = Frame(0, last, 0, 1, across, 1)
    line = ["─"] * across
    numbers = [" "] * (across + gutter + 1)
    for tick in step_ticks(0, last, max(2, across // 12)):
        at = min(across - 1, frame.column(tick) // 2)
        line[at] = "┴"
        text = str(tick)
        start = max(0, min(gutter + 1 + at - len(text) // 2, len(numbers) - len(text)))
        if all(character == " " for character in numbers[max(0, start - 1) : start + len(text) + 1]):
            numbers[start : start + len(text)] = text
    pieces = [Piece(" " * gutter + "└", "muted")]
    marked = {min(across - 1, frame.column(step) // 2) for step in saves if 0 < step <= last}
    for cell, character in enumerate(line):
        role, shown = ("save", "▴") if cell in marked else ("muted", character)
        if pieces[-1].role == role:
            pieces[-1] = Piece(pieces[-1].text + shown, role)
        else:
            pieces.append(Piece(shown, role))
    return [tuple(pieces), (Piece("".join(numbers).rstrip(), "muted"),)]
