"""What commands print: data on stdout, narration on stderr."""

import json
import math
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from fptui.core.text import plain


def emit_json(value: Any) -> None:
    """One JSON document on stdout: ASCII, so that nothing in it can act on a terminal; NaN and infinity become null."""
    json.dump(_finite(value), sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value


def emit(text: str) -> None:
    """A line of data on stdout."""
    print(plain(text))


def say(text: str) -> None:
    """A line of narration on stderr."""
    print(plain(text), file=sys.stderr)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> list[str]:
    """Aligned lines; the columns named in `right` end flush, the last one is not padded."""
    cells = [[plain(cell) for cell in line] for line in (head, *rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    to_the_right = [name in right for name in head]
    return ["  ".join(map(_pad, line, widths, to_the_right)).rstrip() for line in cells]


def _pad(cell: str, width: int, to_the_right: bool) -> str:
    return cell.rjust(width) if to_the_right else cell.ljust(width)


class Progress:
    """One line that is rewritten on a terminal; elsewhere a line when `every_seconds` have passed or `key` is new."""

    def __init__(self, stream: TextIO | None = None, *, every_seconds: float = 30.0) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._every = every_seconds
        self._shown_at: float | None = None
        self._key: object = None
        self._width = 0

    def show(self, text: str, now: float, *, key: object = None) -> None:
        """`key`: what must not go unsaid when it changes, such as the status."""
        text = plain(text)
        if self._terminal:
            text = cut(text)
            self._stream.write(f"\r{text}{' ' * (self._width - len(text))}")
            self._width = len(text)
        elif self._shown_at is None or key != self._key or not 0 <= now - self._shown_at < self._every:
            self._stream.write(text + "\n")
            self._shown_at, self._key = now, key
        self._stream.flush()

    def end(self) -> None:
        """Leave the line; what is printed next begins on its own."""
        if self._terminal and self._width:
            self._stream.write("\n")
            self._stream.flush()
        self._width = 0


def cut(text: str) -> str:
    """`text` on one row of the terminal, with `…` where it had to be cut."""
    import shutil  # 4 ms, for progress on a terminal alone

    width = shutil.get_terminal_size().columns - 1
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"
