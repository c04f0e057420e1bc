"""The exit record, which must come: on a full disk too."""

import contextlib
import time

from fptui.core.run import ExitRecord, RunFolder, write_record

_RESERVE_BYTES = 1 << 13
_TRIES, _PAUSE_SECONDS = 120, 5.0


class ExitFile:
    """Keeps room on disk for the record from the start of a run on."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._reserve = folder.path / ".room-for-exit.json"
        with contextlib.suppress(OSError):
            self._reserve.write_bytes(b"\n" * _RESERVE_BYTES)

    def write(self, record: ExitRecord) -> bool:
        """Write it, for ten minutes if need be; False when that was in vain or the folder is gone."""
        for _ in range(_TRIES):
            with contextlib.suppress(OSError):
                self._reserve.unlink()
            try:
                write_record(self._folder.exit, record)
            except OSError:
                if not self._folder.path.is_dir():
                    return False
                time.sleep(_PAUSE_SECONDS)
            else:
                return True
        return False


def write_exit(folder: RunFolder, record: ExitRecord) -> None:
    """For a run that was not started; one that cannot be written changes nothing."""
    with contextlib.suppress(OSError):
        write_record(folder.exit, record)
