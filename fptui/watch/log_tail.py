"""The last lines of a log as a terminal would show them, bars at their last drawing."""

from collections import deque
from pathlib import Path

from fptui.core.musubi.log_stream import RECORD_LIMIT, clean, split_bar
from fptui.core.text import plain

_FIRST = 1 << 16
_MOST = 1 << 22
"""A long stretch of nothing but bars is one line; further back than this nobody looks for the ones before it."""


class LogTail:
    """Looks back from the end once, then reads on. Bars that follow one another are one line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._lines: _Lines | None = None

    def lines(self, count: int) -> list[str]:
        """At most `count` lines, the newest last. [] when there is no log."""
        if count <= 0:
            return []
        try:
            size = self._path.stat().st_size
            if self._lines is None or size < self._offset or count > self._lines.limit:
                self._lines = self._look_back(size, count)
            elif size > self._offset:
                with self._path.open("rb") as file:
                    file.seek(self._offset)
                    self._lines.feed(file.read(size - self._offset))
            self._offset = size
        except OSError:
            return []
        return self._lines.shown()[-count:]

    def _look_back(self, size: int, count: int) -> "_Lines":
        window = _FIRST
        with self._path.open("rb") as file:
            while True:
                start = max(0, size - window)
                file.seek(start)
                lines = _Lines(count, skips_first=start > 0)
                lines.feed(file.read(size - start))
                if start == 0 or window >= _MOST or len(lines.shown()) >= count:
                    return lines
                window *= 4


class _Lines:
    def __init__(self, limit: int, *, skips_first: bool) -> None:
        self.limit = limit
        self._done: deque[str] = deque(maxlen=limit)
        self._ends_in_bar = False
        self._partial = b""
        self._skips = skips_first

    def feed(self, data: bytes) -> None:
        *whole, rest = (self._partial + data).split(b"\n")
        for line in whole:
            text, is_bar = self._shown(line)
            self._skips = False
            if text is None:
                continue
            if is_bar and self._ends_in_bar:
                self._done.pop()
            self._done.append(text)
            self._ends_in_bar = is_bar
        # Only the last drawing of a line is ever seen.
        rest = rest if len(rest) < 2 * RECORD_LIMIT else rest[-RECORD_LIMIT:]
        last = rest.rstrip().rfind(b"\r") + 1
        self._skips = self._skips and not last
        self._partial = rest[last:]

    def shown(self) -> list[str]:
        lines = list(self._done)
        text, is_bar = self._shown(self._partial)
        if text is not None:
            if is_bar and self._ends_in_bar:
                lines.pop()
            lines.append(text)
        return lines

    def _shown(self, line: bytes) -> tuple[str | None, bool]:
        """Nothing of a line whose beginning is not known."""
        return (None, False) if self._skips and b"\r" not in line.rstrip() else _shown(line)


def _shown(line: bytes) -> tuple[str | None, bool]:
    """What stands on the line at its end, None for nothing, and whether that is a bar alone. Text that is glued behind
    a bar stands for itself."""
    line = line.rstrip()
    record = clean(line[line.rfind(b"\r") + 1 :])
    bar, behind = split_bar(record)
    text = plain(behind).rstrip()
    if text.strip():
        return text, False
    return (plain(record).strip(), True) if bar is not None else (None, False)
