"""The loss chart in a box, with its legend."""

import math

from fptui.core.view import RunView
from fptui.tui.charts.braille import Curve
from fptui.tui.charts.loss import RATE_FROM_HEIGHT, Curves, Traces, draw_loss
from fptui.tui.rows import Piece, Row, join, row, spread
from fptui.tui.widgets.panel import Panel


class LossPanel(Panel):
    """Draws again only when points came, the run changed or the size did."""

    curves: Curves | None = None
    total: int | None = None
    saves: tuple[int, ...] = ()
    source = ""
    _drawn_for: object = None
    _unusable = 0
    _checked: tuple[Curve | None, int] = (None, 0)

    def __init__(self, title: str, *, id: str) -> None:
        super().__init__(title, id=id)
        self._traces = Traces()

    def show(self, view: RunView, curves: Curves | None) -> None:
        self.curves, self.total = curves, view.row.total_steps
        offset = view.row.record.step_offset
        self.saves = tuple(item.step + offset for item in view.facts.checkpoints if item.step is not None)
        self.source = {"tensorboard": "TensorBoard", "log": "the log"}.get(view.source or "", "")
        if curves is not None:
            self._count_unusable(curves.raw, curves.counts[0])
            each = zip((curves.raw, curves.average, curves.rate), curves.counts, strict=True)
            last = tuple((count, curve.y(count - 1) if count else None) for curve, count in each)
            drawn_for = (view.row.record.id, last, self.total, self.saves, self.source)
            if drawn_for != self._drawn_for:
                self._drawn_for = drawn_for
                self.redraw()

    def _count_unusable(self, raw: Curve, count: int) -> None:
        """Losses that are not numbers, counted once each."""
        known, checked = self._checked
        if known is not raw or checked > count:
            checked, self._unusable = 0, 0
        self._unusable += sum(1 for index in range(checked, count) if not math.isfinite(raw.y(index)))
        self._checked = (raw, count)

    def draw(self, width: int, height: int) -> list[Row]:
        if self.curves is None:
            return []
        chart = draw_loss(self.curves, self.total, self.saves, width, height - 1, traces=self._traces)
        return [self._legend(width, height - 1), *chart]

    def _legend(self, width: int, height: int) -> Row:
        assert self.curves is not None
        raw, average, rate = self.curves.counts
        items = []
        if raw:
            items.append(row(Piece("⣿ raw", "raw")))
        if average:
            items.append(row(Piece("━ average", "average")))
        if rate and height >= RATE_FROM_HEIGHT:
            items.append(row(Piece("━ learning rate", "rate")))
        if self.saves:
            items.append(row(Piece("▴ save", "save")))
        if self._unusable:
            items.append(row(Piece(f"{self._unusable} not a finite number", "bad")))
        notes = row(Piece(f"from {self.source}", "muted")) if self.source else ()
        return spread(join(items), notes, width)
