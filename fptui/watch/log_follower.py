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
        self._closed = False

    def poll(self, has_ended: bool) -> None:
        """Read on; `has_ended`: nothing more will be written after this."""
        size = _size(self._log)
        if size is None or self._closed:
            return
        if size < self._offset:
            # Another file under the same name.
            self.reader, self.pace = LogReader(), Pace()
            self._offset, self._times_offset = 0, None
        # The supervisor writes the log first, then its time: a time that is read now covers what the log holds.
        times = self._new_times()
        with self._log.open("rb", buffering=0) as log:
            log.seek(self._offset)
            while size - self._offset > _PACED:
                if not self._feed(log.read(min(_CHUNK, size - self._offset - _PACED))):
                    break
                self.pace.skip()
            for at, offset in times:
                if self._offset < offset <= size:
                    self._feed(log.read(offset - self._offset))
                    self.pace.note(at, self.reader.steps[-1] if self.reader.steps else None, self.reader.pauses)
            if size > self._offset:
                self._feed(log.read(size - self._offset))
        if has_ended and self._offset == _size(self._log):
            self.reader.close()
            self._closed = True

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
