"""What the trainer writes, kept: every byte in output.log, and when it came in output.times."""

import contextlib
import errno
import os
import struct
from pathlib import Path

from fptui.core.units import file_size

TIME = struct.Struct("<dQ")
"""One record of output.times: seconds since the epoch, and how many bytes the log held then."""

SECONDS_BETWEEN_TIMES = 0.05
_KEPT_WHILE_FULL = 16 << 20


class Recording:
    """Appends to the two files. A full disk ends nothing: bytes wait in memory (up to 16 MiB) and are tried again."""

    def __init__(self, log: Path, times: Path, kept: int = _KEPT_WHILE_FULL) -> None:
        self._log, self._times = _File(log), _File(times)
        self._waiting = bytearray()
        self._kept = kept
        self._lost = 0
        self._untimed: float | None = None
        self._timed_at = 0.0
        self._trouble: str | None = None

    @property
    def problem(self) -> str | None:
        """One sentence while the disk takes nothing, and for ever after bytes were lost."""
        lost = f" {file_size(self._lost)} of it are lost." if self._lost else ""
        if self._trouble is not None:
            return f"The log cannot be written ({self._trouble}); the run goes on. Free some space.{lost}"
        return f"The log could not be written for a while.{lost}" if lost else None

    @property
    def is_pending(self) -> bool:
        """Whether `flush` should be called soon: the time of the last chunk is not written yet."""
        return self._untimed is not None

    def write(self, chunk: bytes, now: float) -> None:
        """Keep a chunk that came at `now`."""
        self._waiting += chunk
        self._untimed = now
        self.flush(now)

    def flush(self, now: float, *, at_once: bool = False) -> None:
        """Write what waits. A time is written for a chunk unless one was written just before; then it is written for
        the last chunk before a pause."""
        try:
            while self._waiting:
                del self._waiting[: self._log.append(self._waiting)]
            # A clock set back must not hold the times up.
            rested = not 0 <= now - self._timed_at < SECONDS_BETWEEN_TIMES
            if self._untimed is not None and (rested or at_once):
                self._times.append_whole(TIME.pack(self._untimed, self._log.size))
                self._timed_at, self._untimed = self._untimed, None
            self._trouble = None
        except OSError as error:
            self._trouble = error.strerror
            too_many = len(self._waiting) - self._kept
            if too_many > 0:
                self._lost += too_many
                del self._waiting[:too_many]

    def close(self, now: float) -> None:
        """Write the last time and close."""
        self.flush(now, at_once=True)
        self._log.close()
        self._times.close()


class _File:
    """Opened for appending at the first write, and again until that works."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self.size = 0

    def append(self, data: bytes | bytearray) -> int:
        """Returns how many bytes were taken."""
        written = os.write(self._opened(), data)
        self.size += written
        return written

    def append_whole(self, record: bytes) -> None:
        """All of it or nothing: half a record would put every later one out of place."""
        descriptor, before = self._opened(), self.size
        if self.append(record) < len(record):
            self.size = before
            os.ftruncate(descriptor, before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _opened(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            self.size = os.fstat(self._descriptor).st_size
        return self._descriptor

    def close(self) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None
