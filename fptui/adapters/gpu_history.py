"""The history of the GPUs on disk. One writer: the guard of that pod. A torn last record is normal."""

import os
from dataclasses import asdict
from pathlib import Path

from fptui.core.gpu import GpuReading
from fptui.core.gpu_history import RECORD_SIZE, Pod, Sample, history_name, pack, time_of, unpack
from fptui.core.records import read_record, write_json

MOST_RECORDS = 7 * 86400
"""In one file: a week of seconds, 15 MB. The file before it is kept too, older ones are not."""
_POD = "pod.json"


class HistoryWriter:
    """Appends to the files of one folder. OSError where that is not to be had; a later record may be."""

    def __init__(self, folder: Path, most_records: int = MOST_RECORDS) -> None:
        self.folder = folder
        self._most = most_records
        self._pod: Pod | None = None

    def write(self, reading: GpuReading, pod: Pod) -> None:
        """One record. Opened anew each time, so that a folder that was removed or moved is seen."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if pod != self._pod:
            write_json(self.folder / _POD, asdict(pod))
            self._pod = pod
        path = self.folder / history_name(reading.index)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            whole = os.fstat(file).st_size // RECORD_SIZE
            # At the place of a record, whatever was torn there: by a full disk, or by a kill.
            os.pwrite(file, pack(reading), whole * RECORD_SIZE)
        finally:
            os.close(file)
        if whole + 1 >= self._most:
            path.replace(_older(path))


def read_history(folder: Path, index: int, since: float, until: float = float("inf")) -> list[Sample]:
    """The samples of one GPU in that time, oldest first; empty where there are none."""
    path = folder / history_name(index)
    return [
        sample for part in (_older(path), path) for sample in unpack(_tail(part, since)) if since <= sample.at <= until
    ]


def read_pod(folder: Path) -> Pod | None:
    """None where there is none, or none that can be read."""
    return read_record(folder / _POD, Pod)


def indices(folder: Path) -> list[int]:
    """The GPUs with a history."""
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError:
        return []
    found = [name.removeprefix("gpu").removesuffix(".history") for name in names if name.endswith(".history")]
    return sorted(int(index) for index in found if index.isascii() and index.isdigit() and len(index) < 4)


def _older(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")


def _tail(path: Path, since: float) -> bytes:
    """From the first record at or behind `since` on, found by halving."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            low, high = 0, min(size // RECORD_SIZE, 2 * MOST_RECORDS)
            while low < high:
                middle = (low + high) // 2
                file.seek(middle * RECORD_SIZE)
                low, high = (middle + 1, high) if time_of(file.read(RECORD_SIZE)) < since else (low, middle)
            file.seek(low * RECORD_SIZE)
            return file.read(2 * MOST_RECORDS * RECORD_SIZE)
    except (OSError, ValueError):
        return b""
