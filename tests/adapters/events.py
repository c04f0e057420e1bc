"""Event files as TensorBoard's writer lays them out."""

import struct
from pathlib import Path

from fptui.adapters.tensorboard import _length_checksum


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def record(data: bytes) -> bytes:
    return struct.pack("<QI", len(data), _length_checksum(len(data))) + data + b"crc!"


def event(step: int, wall_time: float, summary: bytes) -> bytes:
    return record(b"\x09" + struct.pack("<d", wall_time) + b"\x10" + varint(step) + field(5, summary))


def scalar(tag: str, step: int, value: float, wall_time: float = 1.5) -> bytes:
    return event(step, wall_time, field(1, field(1, tag.encode()) + b"\x15" + struct.pack("<f", value)))


def write(folder: Path, data: bytes, began: int = 1_795_345_908) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"events.out.tfevents.{began}.vm.1.0"
    path.write_bytes(data)
    return path
