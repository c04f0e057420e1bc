"""The runs of a project, newest first: whole columns go when the width does not hold them."""

from collections.abc import Sequence

from fptui.core.text import plain
from fptui.core.units import step_time
from fptui.core.view import RunRow
from fptui.tui import words
from fptui.tui.rows import EMPTY, Piece, Row, fit, join, pad, row, width_of
from fptui.tui.widgets.panel import Panel

_HEADS = ("run", "status", "step", "loss", "speed", "started", "took", "note")
_LEAVE_FIRST = (7, 4, 6, 3, 5, 2)
"""Columns in the order in which they go."""


def draw_runs(rows: Sequence[RunRow], selected: str | None, now: float, width: int, height: int) -> list[Row]:
    """A head and the runs around the selected one."""
    if not rows:
        return [row(Piece("no runs yet", "muted"))]
    at = next((index for index, item in enumerate(rows) if item.record.id == selected), 0)
    room = max(1, height - 1)
    first = max(0, min(at - room // 2, len(rows) - room))
    shown = rows[first : first + room]
    table = [_cells(item, now) for item in shown]
    kept = list(range(len(_HEADS)))
    for leave in (None, *_LEAVE_FIRST):
        if leave is not None:
            kept.remove(leave)
        sizes = {c: max(len(_HEADS[c]), *(width_of(line[c]) for line in table)) for c in kept}
        if sum(sizes.values()) + 2 * len(kept) <= width:
            break
    head = join([pad(row(Piece(_HEADS[c], "muted")), sizes[c]) for c in kept], "  ")
    drawn: list[Row] = [fit(row("  ", *head), width)]
    for item, cells in zip(shown, table, strict=True):
        is_selected = item.record.id == selected
        line = row("❯ " if is_selected else "  ", *join([pad(cells[c], sizes[c]) for c in kept], "  "))
        action = f"screen.select_run({item.record.id!r})"
        under = " cursor" if is_selected else ""
        drawn.append(tuple(p._replace(role=(p.role + under).strip(), action=action) for p in pad(line, width)))
    return drawn


def _cells(item: RunRow, now: float) -> list[Row]:
    name = row(words.title(item.record).removesuffix(" · rehearsal"))
    note = "rehearsal" if item.record.trainer == "rehearsal" else ""
    return [
        name,
        words.status(item.status),
        row(words.count(item.step, item.total_steps)) if item.step is not None else EMPTY,
        row(words.loss(item.loss)) if item.loss is not None else EMPTY,
        row(step_time(item.seconds_per_step)) if item.seconds_per_step is not None else EMPTY,
        row(Piece(words.ago(item.started_at or item.record.created_at, now), "muted")),
        row(Piece(words.took(item, now), "muted")),
        row(Piece(plain(note), "warn")),
    ]


class RunsTable(Panel):
    """`draw_runs` in a box; a click selects."""

    rows: Sequence[RunRow] = ()
    selected: str | None = None
    now = 0.0

    def show(self, rows: Sequence[RunRow], selected: str | None, now: float) -> None:
        self.rows, self.selected, self.now = rows, selected, now
        self.set_title("runs", f"{len(rows)}" if rows else "")
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        return draw_runs(self.rows, self.selected, self.now, width, height)
