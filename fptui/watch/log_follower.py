"""A run's log and its times as they grow, into the one log reader."""

import struct
from pathlib import Path

from fptui.core.musubi.log_reader import LogReader
from fptui.core.pace import Pace
from fptui.core.run import RunFolder

_CHUNK = 1 << 20
_PACED = 1 << 18
"""Bytes at the end of the log whose times are looked at when it is opened; the steps before do not matter any more."""
_TIMES_READ = 1 << 16
_UNTIMED = 1 << 16
"""So many bytes may wait for their time, which comes within a fraction of a second."""
_TIME = struct.Struct("<dQ")


class LogFollower:
    """`poll` reads what is new; `reader` and `pace` then know it."""

    def __init__(self, folder: RunFolder) -> None:
        self.reader = LogReader()
        self.pace = Pace()
        self._log = folder.log
        self._times = folder.times
        self._offset = 0
        self._times_offset: int | None = None
        self._timed: int | None = None
        """Up to where the log's times are known; None: nobody writes them."""
        self._closed = False

    def poll(self, is_live: bool) -> None:
        """Read on. `is_live`: somebody writes, so the times of the last bytes will still come."""
        size = _size(self._log)
        if size is None or self._closed:
            return
        if size < self._offset:
            # Another file under the same name.
            self.reader, self.pace = LogReader(), Pace()
            self._offset, self._times_offset, self._timed = 0, None, None
        times = self._new_times()
        if times:
            self._timed = times[-1][1]
        until = size
        if self._timed is not None and is_live and size - self._timed <= _UNTIMED:
            until = max(self._timed, self._offset)
        with self._log.open("rb", buffering=0) as log:
            log.seek(self._offset)
            while until - self._offset > _PACED:
                if not self._feed(log.read(min(_CHUNK, until - self._offset - _PACED))):
                    break
                self.pace.skip()
            for at, offset in times:
                if self._offset < offset <= until:
                    self._feed(log.read(offset - self._offset))
                    self.pace.note(at, self.reader.steps[-1] if self.reader.steps else None, self.reader.pauses)
            if until > self._offset:
                self._feed(log.read(until - self._offset))

    def close(self) -> None:
        """Nothing more will be written, and all was read."""
        self._closed = True
        self.reader.close()

    def _feed(self, data: bytes) -> bool:
        self._offset += len(data)
        self.reader.feed(data)
        return bool(data)

    def _new_times(self) -> list[tuple[float, int]]:
        size = _size(self._times)
        if size is None:
            return []
        if self._times_offset is None:
            self._times_offset = max(0, size - _TIMES_READ) // _TIME.size * _TIME.size
        whole = (size - self._times_offset) // _TIME.size * _TIME.size
        if whole <= 0:
            return []
        with self._times.open("rb") as file:
            file.seek(self._times_offset)
            data = file.read(whole)
        data = data[: len(data) // _TIME.size * _TIME.size]
        self._times_offset += len(data)
        return [(at, offset) for at, offset in _TIME.iter_unpack(data)]


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
