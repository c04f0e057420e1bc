"""Rows of text with roles: what every panel draws, free of Textual, so that screens are tested as text.

A role is a name that the style sheet gives a look (`muted`, `bad`, …); an action is what a click on the piece does.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

ROLES = (
    *("muted", "strong", "good", "warn", "bad", "accent", "key", "cursor", "match"),
    *("raw", "average", "rate", "save", "bar"),
)


class Piece(NamedTuple):
    """Some text, its role (or several, with blanks between), and the action of a click on it."""

    text: str
    role: str = ""
    action: str = ""


Row = tuple[Piece, ...]
EMPTY: Row = ()


def row(*parts: str | Piece) -> Row:
    """A row of pieces; bare text has no role."""
    return tuple(Piece(part) if isinstance(part, str) else part for part in parts)


def fact(name: str, value: str, role: str = "") -> Row:
    """`name value`, the name muted."""
    return (Piece(f"{name} ", "muted"), Piece(value, role))


def width_of(pieces: Row) -> int:
    """In terminal cells: a Japanese character has two."""
    return sum(cell_len(piece.text) for piece in pieces)


def text_of(pieces: Row) -> str:
    """The row without its roles."""
    return "".join(piece.text for piece in pieces)


def fit(pieces: Row, width: int) -> Row:
    """The row, cut at `width` cells with `…` when it is longer."""
    if width_of(pieces) <= width:
        return pieces
    kept: list[Piece] = []
    left = width - 1
    for piece in pieces:
        size = cell_len(piece.text)
        if size > left:
            kept.append(piece._replace(text=set_cell_size(piece.text, max(0, left)).rstrip() + "…"))
            break
        kept.append(piece)
        left -= size
    return tuple(kept) if width > 0 else EMPTY


def pad(pieces: Row, width: int) -> Row:
    """The row, cut or filled with blanks to exactly `width` cells."""
    fitted = fit(pieces, width)
    missing = width - width_of(fitted)
    return (*fitted, Piece(" " * missing)) if missing > 0 else fitted


def join(items: Sequence[Row], gap: str = "   ") -> Row:
    """Rows beside each other."""
    joined: list[Piece] = []
    for index, item in enumerate(items):
        if index:
            joined.append(Piece(gap))
        joined.extend(item)
    return tuple(joined)


def flow(items: Iterable[Row], width: int, gap: int = 3) -> list[Row]:
    """Facts one after another, as many whole ones on a line as fit."""
    lines: list[list[Row]] = [[]]
    used = 0
    for item in items:
        size = width_of(item)
        if lines[-1] and used + gap + size > width:
            lines.append([])
            used = 0
        used += size + (gap if lines[-1] else 0)
        lines[-1].append(item)
    return [fit(join(line, " " * gap), width) for line in lines if line]


def grid(lines: Sequence[Sequence[Row]], width: int, gap: int = 3) -> list[Row]:
    """Facts in aligned columns; when they do not fit so, each line flows."""
    columns = max((len(line) for line in lines), default=0)
    sizes = [max((width_of(line[c]) for line in lines if c < len(line)), default=0) for c in range(columns)]
    aligned = [
        join([pad(item, sizes[c]) if c < len(line) - 1 else item for c, item in enumerate(line)], " " * gap)
        for line in lines
        if line
    ]
    if all(width_of(line) <= width for line in aligned):
        return aligned
    return [folded for line in lines if line for folded in flow(line, width, gap)]


def spread(left: Row, right: Row, width: int) -> Row:
    """`left` at the left edge, `right` at the right one; `right` goes when both do not fit."""
    space = width - width_of(left) - width_of(right)
    return (*left, Piece(" " * space), *right) if right and space >= 2 else fit(left, width)


def wrap(text: str, width: int, role: str = "", *, indent: int = 0, limit: int | None = None) -> list[Row]:
    """Text folded between words, later lines indented; a word longer than a line is folded where it must be."""
    lines: list[str] = []
    current = ""
    for word in re.findall(r"\s+|\S+", text):
        room = width - (indent if lines else 0)
        if cell_len(current) + cell_len(word) <= room:
            current += word
            continue
        if word.isspace():
            continue
        if current.strip():
            lines.append(current.rstrip())
            room = width - indent
        current = word
        while cell_len(current) > room > 1:
            head = set_cell_size(current, room).rstrip() or current[:1]
            lines.append(head)
            current = current[len(head) :]
            room = max(2, width - indent)
    lines.append(current.rstrip())
    if limit is not None and len(lines) > limit:
        lines = lines[:limit]
        lines[-1] = text_of(fit(row(lines[-1] + " …"), width - indent))
    return [row(Piece((" " * indent if index else "") + line, role)) for index, line in enumerate(lines)]
