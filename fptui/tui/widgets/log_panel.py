"""The last lines of the log, folded so that none is cut, progress bars drawn short enough to be whole."""

import re
from collections.abc import Sequence

from rich.cells import cell_len

from fptui.core.text import plain
from fptui.tui.rows import Piece, Row, row, wrap
from fptui.tui.widgets.panel import Panel

_BAR = re.compile(r"\|([█▉▊▋▌▍▎▏#]*)([█▉▊▋▌▍▎▏0-9]?)( *)\|")
_BAD = re.compile(r"^\S*(?:Error|Exception|Interrupt)\b|^Traceback |\bERROR\b|CUDA out of memory")
_WARN = re.compile(r"\bWARNING\b|\bWarning\b|NaN")
_FOLDED_ROWS = 3
_LONGEST_BAR = 24


def draw_bar(line: str, width: int) -> Row | None:
    """A tqdm line, its bar as short as it must be for the line to fit; None when it is no such line or cannot fit."""
    found = _BAR.search(line)
    if found is None:
        return None
    length = len(found.group(0)) - 2
    wanted = min(length, _LONGEST_BAR, length - (cell_len(line) - width))
    if wanted < 4:
        return None
    full = min(wanted, round(len(found.group(1)) * wanted / max(1, length)))
    before, after = line[: found.start()] + " ", " " + line[found.end() :].lstrip()
    return row(before, Piece("━" * full, "raw"), Piece("─" * (wanted - full), "bar"), after)


def role_of(line: str) -> str:
    """Errors and warnings stand out."""
    if _BAD.search(line):
        return "bad"
    return "warn" if _WARN.search(line) else ""


def draw_line(line: str, width: int, limit: int | None = _FOLDED_ROWS) -> list[Row]:
    """One line of the log."""
    clean = plain(line).rstrip()
    bar = draw_bar(clean, width)
    return [bar] if bar is not None else wrap(clean, width, role_of(clean), indent=2, limit=limit)


def draw_tail(lines: Sequence[str], width: int, height: int) -> list[Row]:
    """As many of the last lines as fit, the newest at the bottom."""
    drawn: list[Row] = []
    for line in reversed(lines):
        if not line.strip():
            continue
        folded = draw_line(line, width)
        if len(drawn) + len(folded) > height:
            break
        drawn = folded + drawn
    return drawn


class LogPanel(Panel):
    """`draw_tail` in a box."""

    lines: Sequence[str] = ()

    def show(self, lines: Sequence[str]) -> None:
        if lines != self.lines:
            self.lines = lines
            self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        if not any(line.strip() for line in self.lines):
            return [(Piece("nothing yet", "muted"),)]
        return draw_tail(self.lines, width, height)
