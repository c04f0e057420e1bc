"""What the trainer writes, kept: every byte in output.log, and when it came in output.times."""

import os
import struct
from pathlib import Path

TIME = struct.Struct("<dQ")
"""One record of output.times: seconds since the epoch, and how many bytes the log held then."""

_SECONDS_BETWEEN_TIMES = 0.05
_KEPT_WHILE_FULL = 16 << 20


class Recording:
    """Appends to the two files. A full disk ends nothing: bytes wait in memory (up to 16 MiB) and are tried again."""

    def __init__(self, log: Path, times: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._log = os.open(log, flags, 0o644)
        self._times = os.open(times, flags, 0o644)
        self._offset = os.fstat(self._log).st_size
        self._waiting = bytearray()
        self._timed_at = 0.0
        self.problem: str | None = None
        """One sentence while the disk takes nothing."""

    def write(self, chunk: bytes, now: float) -> None:
        """Keep a chunk that came at `now`."""
        self._waiting += chunk
        self.flush(now)

    def flush(self, now: float) -> None:
        """Try what has not been written yet."""
        try:
            while self._waiting:
                written = os.write(self._log, self._waiting)
                del self._waiting[:written]
                self._offset += written
            if now - self._timed_at >= _SECONDS_BETWEEN_TIMES:
                os.write(self._times, TIME.pack(now, self._offset))
                self._timed_at = now
            self.problem = None
        except OSError as error:
            self.problem = f"The log cannot be written ({error.strerror}); the run goes on. Free some space."
            if len(self._waiting) > _KEPT_WHILE_FULL:
                del self._waiting[:-_KEPT_WHILE_FULL]

    def close(self, now: float) -> None:
        """Write the last time and close."""
        self._timed_at = 0.0
        self.flush(now)
        os.close(self._log)
        os.close(self._times)
