"""Bytes of a trainer's output, in whatever pieces they come, into records.

tqdm writes `\\r` and a bar; logging writes a line behind it without an end of line in between. A record is what lies
between two of `\\r` and `\\n`; what is glued behind a bar is taken off by `split_bar`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

RECORD_LIMIT = 65_536
"""Bytes of one record that are kept; the rest of a longer one is passed over."""
_SLICE = 262_144
"""Bytes taken at once, so that a large chunk needs little memory."""

_ENDS = re.compile(rb"[\r\n]")
_ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_BAR = re.compile(
    rb" *(?:(?P<description>[^|\x00-\x1f]{1,200}?): +)?(?:"
    rb"(?P<percent>\d{1,3})%\|[^|]{0,4000}\| *(?P<done>[\d.]+[kMGT]?)/(?P<total>[\d.]+[kMGT]?) \["
    rb"|(?P<count>\d+)it \[)"
)
_BEHIND = re.compile(
    rb"(?:DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.]{1,200}:|\^?C?Traceback \(most recent call last\):|wandb: "
)


@dataclass(frozen=True)
class Bar:
    """One drawing of a tqdm bar. `inside` is what stands in its brackets; `closed`: whether the bracket is there, which
    it is not when a terminal's width cut the bar off."""

    description: bytes
    done: int | None
    total: int | None
    inside: bytes
    closed: bool


def split_bar(record: bytes) -> tuple[Bar | None, bytes]:
    """The bar that the record begins with, if any, and what is left behind it."""
    match = _BAR.match(record)
    if match is None:
        return None, record
    behind = _BEHIND.search(record, match.end())
    limit = behind.start() if behind else len(record)
    bracket = record.find(b"]", match.end(), limit)
    end = limit if bracket < 0 else bracket
    description, _, done, total, count = match.groups()
    bar = Bar(
        (description or b"").strip(),
        _whole(done if count is None else count),
        _whole(total),
        record[match.end() : end],
        bracket >= 0,
    )
    return bar, record[end + 1 if bracket >= 0 else end :]


def _whole(text: bytes | None) -> int | None:
    return int(text) if text is not None and text.isdigit() and len(text) < 19 else None


class RecordStream:
    """Cuts what is fed into blocks of complete records and keeps the unfinished one, bounded."""

    def __init__(self) -> None:
        self._rest = bytearray()

    @property
    def rest(self) -> bytes:
        """The record that has no end yet; at most RECORD_LIMIT bytes of it."""
        return bytes(self._rest)

    @property
    def rest_length(self) -> int:
        return len(self._rest)

    def blocks(self, chunk: bytes) -> Iterator[bytes]:
        """Complete records out of what was left and `chunk`, many in one piece; each piece ends in `\\r` or `\\n`."""
        for start in range(0, len(chunk), _SLICE):
            piece = chunk[start : start + _SLICE] if len(chunk) > _SLICE else chunk
            cut = max(piece.rfind(b"\n"), piece.rfind(b"\r")) + 1
            if cut == 0:
                self._keep(piece)
                continue
            if self._rest:
                first = _ENDS.search(piece)
                assert first is not None
                self._keep(piece[: first.start()])
                head = bytes(self._rest)
                self._rest.clear()
                yield head + piece[first.start() : cut]
            else:
                yield piece if cut == len(piece) else piece[:cut]
            self._keep(piece[cut:])

    def close(self) -> bytes:
        """The last record, which never got its end."""
        last = bytes(self._rest)
        self._rest.clear()
        return last

    def _keep(self, piece: bytes) -> None:
        room = RECORD_LIMIT - len(self._rest)
        if room > 0:
            self._rest += piece[:room]


def clean(record: bytes) -> bytes:
    """A record at most RECORD_LIMIT bytes long, without escape sequences (tqdm moves the cursor by them) and NULs."""
    record = record[:RECORD_LIMIT]
    if b"\x1b" in record:
        record = _ESCAPE.sub(b"", record)
    if b"\x00" in record:
        record = record.replace(b"\x00", b"")
    return record
