"""What differs between two rows: all that has to go to the terminal."""

from rich.cells import cell_len

from fptui.tui.rows import Row

_JOIN_SPANS = 10
"""Unchanged cells between two changed ones that are written again rather than jumped over: a jump costs as much."""


def changed_spans(before: Row, after: Row) -> list[tuple[int, int]]:
    """The stretches of cells in which two rows differ, as (first, end)."""
    old_text, old_roles = _spell(before)
    text, roles = _spell(after)
    length = max(len(old_text), len(text))
    old_text, old_roles = old_text.ljust(length), old_roles.ljust(length)
    text, roles = text.ljust(length), roles.ljust(length)
    spans: list[tuple[int, int]] = []
    for cell in range(length):
        if text[cell] != old_text[cell] or roles[cell] != old_roles[cell]:
            if spans and cell - spans[-1][1] < _JOIN_SPANS:
                spans[-1] = (spans[-1][0], cell + 1)
            else:
                spans.append((cell, cell + 1))
    return [_whole(text, old_text, span) for span in spans]


def _whole(text: str, old_text: str, span: tuple[int, int]) -> tuple[int, int]:
    """Widened so that it begins and ends beside no half of a wide character."""
    start, end = span
    while start > 0 and _SECOND_HALF in (text[start], old_text[start]):
        start -= 1
    while end < len(text) and _SECOND_HALF in (text[end], old_text[end]):
        end += 1
    return start, end


_SECOND_HALF = "\0"


def _spell(pieces: Row) -> tuple[str, str]:
    """The row's text and roles, a character a cell."""
    texts: list[str] = []
    roles: list[str] = []
    for piece in pieces:
        cells = cell_len(piece.text)
        text = piece.text
        if cells != len(text):
            text = "".join(c + _SECOND_HALF * (cell_len(c) - 1) if cell_len(c) else "" for c in text)
        texts.append(text)
        roles.append(_code(piece.role) * len(text))
    return "".join(texts), "".join(roles)


_CODES: dict[str, str] = {"": " "}


def _code(role: str) -> str:
    return _CODES.setdefault(role, chr(0x100 + len(_CODES)))
