"""TensorBoard event files, written without TensorBoard.

A record is a length, its masked crc32c, the bytes of an Event message and their masked crc32c (TFRecord). Of Event only
wall_time, step, file_version and summary are written; of a summary's value its tag, metadata and simple_value.
"""

import itertools
import json
import os
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path

_POLYNOMIAL = 0x82F63B78


def _table() -> tuple[int, ...]:
    rows = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        rows.append(value)
    return tuple(rows)


_TABLE = _table()


def masked_crc(data: bytes) -> int:
    """crc32c, rotated and shifted as TFRecord wants it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _varint(number: int) -> bytes:
    number &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _bytes_field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


class EventFile:
    """One `events.out.tfevents.*` in a folder of its own making."""

    _count = itertools.count()

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        host, number = socket.gethostname(), next(self._count)
        self._file = (folder / f"events.out.tfevents.{int(time.time()):010d}.{host}.{os.getpid()}.{number}").open("wb")
        self._write(_bytes_field(3, b"brain.Event:2"))
        self.flush()

    def _write(self, content: bytes) -> None:
        event = struct.pack("<Bd", 1 << 3 | 1, time.time()) + content
        length = struct.pack("<Q", len(event))
        self._file.write(length + struct.pack("<I", masked_crc(length)) + event + struct.pack("<I", masked_crc(event)))

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        """One value at a step."""
        entry = _bytes_field(1, tag.encode()) + struct.pack("<Bf", 2 << 3 | 5, value)
        self._write(_varint(2 << 3) + _varint(step) + _bytes_field(5, _bytes_field(1, entry)))

    def add_marker(self, tag: str, plugin: str) -> None:
        """An entry that has no value, only a plugin's name."""
        data = _bytes_field(9, _bytes_field(1, _bytes_field(1, plugin.encode())))
        self._write(_bytes_field(5, _bytes_field(1, _bytes_field(1, tag.encode()) + data)))

    def flush(self) -> None:
        """After it, readers see everything so far."""
        self._file.flush()

    def close(self) -> None:
        """Ends the file."""
        self._file.close()


class Tracker:
    """What the trainer logs to: `logging_dir/{prefix}{time}/{name}/`, and the options beside it under log_config."""

    def __init__(self, folder: Path, options: Mapping[str, object] | None) -> None:
        self._events = EventFile(folder)
        if options is not None:
            beside = EventFile(folder / str(time.time()))
            for tag in ("experiment", "session_start_info", "session_end_info"):
                beside.add_marker(f"_hparams_/{tag}", "hparams")
            beside.close()
            listing = folder / str(time.time()) / "hparams.yml"
            listing.parent.mkdir(parents=True, exist_ok=True)
            # A JSON value is a YAML value.
            lines = [f"{key}: {json.dumps(options[key], ensure_ascii=False)}" for key in sorted(options)]
            listing.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Written and flushed at once."""
        for tag, value in values.items():
            self._events.add_scalar(tag, value, step)
        self._events.flush()

    def close(self) -> None:
        """Ends the files."""
        self._events.close()
