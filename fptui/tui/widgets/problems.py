"""The problems of a version, one under another; the one at the cursor says what to do."""

from collections.abc import Sequence

from fptui.check.problem import Problem, Severity
from fptui.tui.rows import Piece, Row, row, wrap
from fptui.tui.widgets.panel import Panel

_ROLES = {Severity.ERROR: "bad", Severity.WARNING: "warn", Severity.HINT: "accent"}
_WORDS = {Severity.ERROR: "error  ", Severity.WARNING: "warning", Severity.HINT: "hint   "}
_INDENT = 10


def draw_problem(problem: Problem, width: int, *, is_selected: bool, action: str) -> list[Row]:
    """Two rows or more: where, what, and at the cursor the cure."""
    mark = Piece("❯ " if is_selected else "  ", "accent")
    severity = Piece(_WORDS[problem.severity], _ROLES[problem.severity], action)
    where = Piece(f" {problem.place.text or 'this machine'}", "strong" if is_selected else "muted", action)
    code = Piece(f"  {problem.code}", "muted", action)
    rows = [row(mark, severity, where, code)]
    text = wrap(problem.message, width - _INDENT, limit=None if is_selected else 2)
    if is_selected:
        text += wrap(f"→ {problem.fix}", width - _INDENT, "good", indent=2)
    return [*rows, *(_indented(line, action) for line in text)]


def _indented(line: Row, action: str) -> Row:
    return row(" " * _INDENT, *(piece._replace(action=action) for piece in line))


class ProblemsPanel(Panel):
    """A list with a cursor, scrolled so that all of what is at the cursor is seen."""

    problems: Sequence[Problem] = ()
    selected = 0
    words: Sequence[Row] = ()
    """Instead of a list: while it is looked, and where nothing was found."""

    def show(self, problems: Sequence[Problem], selected: int, words: Sequence[Row] = ()) -> None:
        self.problems, self.selected, self.words = problems, selected, words
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        if self.words:
            return [folded for line in self.words for folded in _folded(line, width)]
        blocks = [
            draw_problem(problem, width, is_selected=index == self.selected, action=f"screen.choose({index})")
            for index, problem in enumerate(self.problems)
        ]
        rows = [line for block in blocks for line in (*block, ())]
        above = sum(len(block) + 1 for block in blocks[: self.selected])
        below = above + (len(blocks[self.selected]) if blocks else 0)
        first = max(0, min(above - height // 3, len(rows) - height), below - height)
        return rows[first : first + height]


def _folded(line: Row, width: int) -> list[Row]:
    if len(line) == 1:
        return wrap(line[0].text, width, line[0].role)
    return [line]
