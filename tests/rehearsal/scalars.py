"""Reads what the rehearsal wrote for TensorBoard, every checksum included."""

import struct
from pathlib import Path

from fptui.rehearsal.events import masked_crc


def _fields(message: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    place = 0

    def varint() -> int:
        nonlocal place
        value, shift = 0, 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(message):
        key = varint()
        if key & 7 == 0:
            found[key >> 3] = struct.pack("<Q", varint())
            continue
        length = {1: 8, 5: 4}.get(key & 7) or varint()
        found[key >> 3] = message[place : place + length]
        place += length
    return found


def scalars(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Tag -> (step, value), in the order written."""
    data = path.read_bytes()
    place = 0
    curves: dict[str, list[tuple[int, float]]] = {}
    while place < len(data):
        (length,) = struct.unpack_from("<Q", data, place)
        event = data[place + 12 : place + 12 + length]
        checks = struct.unpack_from("<I", data, place + 8)[0], struct.unpack_from("<I", data, place + 12 + length)[0]
        assert checks == (masked_crc(data[place : place + 8]), masked_crc(event))
        place += 16 + length
        fields = _fields(event)
        if 5 not in fields:
            assert fields[3] == b"brain.Event:2"
            continue
        value = _fields(_fields(fields[5])[1])
        step = struct.unpack("<Q", fields[2])[0]
        curves.setdefault(value[1].decode(), []).append((step, struct.unpack("<f", value[2])[0]))
    return curves
