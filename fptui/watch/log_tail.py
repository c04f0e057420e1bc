"""The last lines of a log as a terminal would show them, bars at their last drawing."""

import os
from pathlib import Path

from fptui.core.musubi.log_stream import clean, split_bar
from fptui.core.text import plain

_FIRST = 1 << 16
_MOST = 1 << 22
"""A long stretch of nothing but bars is one line; further back than this nobody looks for the ones before it."""


def last_lines(path: Path, count: int) -> list[str]:
    """At most `count` lines, the newest last; bars that follow one another are one line. [] when there is no log."""
    if count <= 0:
        return []
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            window = _FIRST
            while True:
                start = max(0, size - window)
                file.seek(start)
                lines = lines_of(file.read(size - start), is_start=start == 0)
                if len(lines) >= count or start == 0 or window >= _MOST:
                    return lines[-count:]
                window *= 4
    except OSError:
        return []


def lines_of(data: bytes, *, is_start: bool = True) -> list[str]:
    """The lines of a stretch of a log. `is_start`: it begins where the log does, not somewhere in a line."""
    lines: list[str] = []
    last_was_bar = False
    raw = data.split(b"\n")
    for line in raw if is_start else raw[1:]:
        drawn = [record for record in line.split(b"\r") if record and not record.isspace()]
        if not drawn:
            continue
        record = clean(drawn[-1])
        bar, behind = split_bar(record)
        text = plain(behind).rstrip()
        if bar is not None and not text.strip():
            if last_was_bar:
                lines.pop()
            lines.append(plain(record).strip())
        elif text.strip():
            lines.append(text)
        last_was_bar = bar is not None and not text.strip()
    return lines
