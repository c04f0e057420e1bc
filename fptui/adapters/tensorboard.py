"""Scalars out of TensorBoard's event files as they grow, without TensorBoard.

The format is a sequence of TFRecords (length, its masked CRC-32C, data, data's CRC) that hold Event messages
(tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto). A torn last record is normal while the
trainer writes. The checksum of a length is checked; that of the data is not, it would take longer than everything else.
"""

import re
import struct
from pathlib import Path
from typing import NamedTuple

_CHUNK = 1 << 20
_RECORD_LIMIT = 1 << 26
"""A length beyond this is taken for a broken file; a record with a picture in it has some megabytes."""
_CLOCK_SLACK = 5
_HEADER = struct.Struct("<QI")
_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")

_EVENT_FILE = re.compile(r"events\.out\.tfevents\.(\d+)\.")
_HPARAMS_FOLDER = re.compile(r"\d{9,}\.\d+$")
"""accelerate logs the options once, in a folder named by `time.time()`."""


class Scalar(NamedTuple):
    """One value of one curve. `step` is the trainer's own (for `loss/epoch` the epoch); `wall_time` since the epoch."""

    tag: str
    step: int
    value: float
    wall_time: float


class EventTail:
    """Follows the event files of one run below a logging directory, which may not exist yet: the newest, or, where
    `since` is given (seconds since the epoch), the first that were begun from then on, for the directory may be shared
    by many runs."""

    def __init__(self, folder: Path, since: float | None = None) -> None:
        self.folder = folder
        self._since = since
        self._directory: Path | None = None
        self._files: dict[Path, _EventFile] = {}

    def poll(self) -> list[Scalar]:
        """What came since the last call. Never raises for what the files hold."""
        if self._directory is None:
            self._directory = _directory(self.folder, self._since)
        if self._directory is None:
            return []
        scalars: list[Scalar] = []
        for path in _event_files(self._directory):
            file = self._files.setdefault(path, _EventFile(path))
            scalars += file.poll()
        return scalars


def _directory(folder: Path, since: float | None) -> Path | None:
    """Event files lie at most three levels below `folder`; their names hold the time at which they were begun."""
    found: list[tuple[int, Path]] = []
    for pattern in ("", "*", "*/*", "*/*/*"):
        for directory in folder.glob(pattern) if pattern else [folder]:
            if not _HPARAMS_FOLDER.match(directory.name):
                found += [(_time_of(path), directory) for path in _event_files(directory)]
    if since is None:
        return max(found)[1] if found else None
    later = [item for item in found if item[0] >= since - _CLOCK_SLACK]
    return min(later)[1] if later else None


def _event_files(directory: Path) -> list[Path]:
    try:
        found = [path for path in directory.iterdir() if _EVENT_FILE.match(path.name)]
    except OSError:
        return []
    return sorted(found, key=lambda path: (_time_of(path), path.name))


def _time_of(path: Path) -> int:
    match = _EVENT_FILE.match(path.name)
    return int(match[1]) if match and len(match[1]) < 19 else 0


class _EventFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._broken = False

    def poll(self) -> list[Scalar]:
        scalars: list[Scalar] = []
        if self._broken:
            return scalars
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                rest = b""
                while chunk := file.read(_CHUNK):
                    data = rest + chunk
                    used = self._records(data, scalars)
                    self._offset += used
                    rest = data[used:]
                    if self._broken:
                        break
        except OSError:
            pass
        return scalars

    def _records(self, data: bytes, scalars: list[Scalar]) -> int:
        """Take the whole records of `data`; returns how many bytes they are."""
        position, end = 0, len(data)
        while position + 12 <= end:
            length, checksum = _HEADER.unpack_from(data, position)
            if length > _RECORD_LIMIT or checksum != _length_checksum(length):
                self._broken = True
                break
            after = position + 16 + length
            if after > end:
                break
            try:
                if not _plain_scalar(data, position + 12, after - 4, scalars):
                    _event(data, position + 12, after - 4, scalars)
            except (ValueError, IndexError, struct.error):
                self._broken = True
                break
            position = after
        return position


def _plain_scalar(data: bytes, position: int, end: int, scalars: list[Scalar]) -> bool:
    """The usual event, as torch's SummaryWriter.add_scalar lays it out, field by field; False for any other."""
    if end - position < 24 or data[position] != 0x09 or data[position + 9] != 0x10:
        return False
    step, at = _varint(data, position + 10)
    length = data[at + 1]
    if data[at] != 0x2A or at + 2 + length != end or length > 127 or data[at + 2] != 0x0A or data[at + 4] != 0x0A:
        return False
    if data[at + 3] + 2 != length:
        return False
    after_tag = at + 6 + data[at + 5]
    if after_tag + 5 != end or data[after_tag] != 0x15:
        return False
    value, wall_time = _FLOAT.unpack_from(data, after_tag + 1)[0], _DOUBLE.unpack_from(data, position + 1)[0]
    scalars.append(Scalar(_text(data[at + 6 : after_tag]), _signed(step), value, wall_time))
    return True


def _event(data: bytes, position: int, end: int, scalars: list[Scalar]) -> None:
    """Event: 1 wall_time double, 2 step int64, 5 summary."""
    wall_time, step = 0.0, 0
    while position < end:
        key = data[position]
        if key == 0x09:
            (wall_time,) = _DOUBLE.unpack_from(data, position + 1)
            position += 9
        elif key == 0x10:
            step, position = _varint(data, position + 1)
        elif key == 0x2A:
            length, position = _varint(data, position + 1)
            _summary(data, position, _within(position + length, end), (step, wall_time), scalars)
            position += length
        else:
            position = _skip(data, position, end)


def _summary(data: bytes, position: int, end: int, when: tuple[int, float], scalars: list[Scalar]) -> None:
    """Summary: 1 repeated Value; Value: 1 tag, 2 simple_value float, 8 tensor."""
    while position < end:
        if data[position] != 0x0A:
            position = _skip(data, position, end)
            continue
        length, position = _varint(data, position + 1)
        value_end = _within(position + length, end)
        tag: bytes | None = None
        value: float | None = None
        while position < value_end:
            key = data[position]
            if key == 0x0A:
                length, position = _varint(data, position + 1)
                tag = data[position : _within(position + length, value_end)]
                position += length
            elif key == 0x15:
                (value,) = _FLOAT.unpack_from(data, position + 1)
                position += 5
            elif key == 0x42:
                length, position = _varint(data, position + 1)
                value = _tensor(data, position, _within(position + length, value_end))
                position += length
            else:
                position = _skip(data, position, value_end)
        if tag is not None and value is not None:
            scalars.append(Scalar(_text(tag), _signed(when[0]), value, when[1]))


def _tensor(data: bytes, position: int, end: int) -> float | None:
    """A single float32 or float64. TensorProto: 1 dtype, 4 tensor_content, 5 float_val, 6 double_val."""
    kind, content = 0, b""
    while position < end:
        key = data[position]
        if key == 0x08:
            kind, position = _varint(data, position + 1)
        elif key in (0x22, 0x2A, 0x32):
            length, position = _varint(data, position + 1)
            content = data[position : _within(position + length, end)]
            position += length
        else:
            position = _skip(data, position, end)
    if kind == 1 and len(content) == 4:
        return float(_FLOAT.unpack(content)[0])
    if kind == 2 and len(content) == 8:
        return float(_DOUBLE.unpack(content)[0])
    return None


def _skip(data: bytes, position: int, end: int) -> int:
    key, position = _varint(data, position)
    wire = key & 7
    if wire == 0:
        _, position = _varint(data, position)
    elif wire == 1:
        position += 8
    elif wire == 2:
        length, position = _varint(data, position)
        position += length
    elif wire == 5:
        position += 4
    else:
        raise ValueError("no protocol buffer")
    return _within(position, end)


def _within(position: int, end: int) -> int:
    if position > end:
        raise ValueError("a length beyond the message")
    return position


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = data[position]
    if value < 0x80:
        return value, position + 1
    value &= 0x7F
    for shift in range(7, 70, 7):
        position += 1
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position + 1
    raise ValueError("a number without an end")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


_TAGS: dict[bytes, str] = {}


def _text(tag: bytes) -> str:
    known = _TAGS.get(tag)
    if known is None:
        known = tag.decode("utf-8", "replace")
        if len(_TAGS) < 1000:
            _TAGS[tag] = known
    return known


def _crc32c_table() -> list[int]:
    table = []
    for index in range(256):
        value = index
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _crc32c_table()
_LENGTHS: dict[int, int] = {}


def _length_checksum(length: int) -> int:
    """The masked CRC-32C of a record's length. Lengths repeat, so few are ever computed."""
    known = _LENGTHS.get(length)
    if known is None:
        crc = 0xFFFFFFFF
        for byte in struct.pack("<Q", length):
            crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
        crc ^= 0xFFFFFFFF
        known = (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
        if len(_LENGTHS) < 10_000:
            _LENGTHS[length] = known
    return known
