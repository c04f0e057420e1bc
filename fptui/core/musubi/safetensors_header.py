"""What a safetensors file says of itself: 8 bytes of length, a JSON header, then the tensors' bytes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LARGEST = 100 << 20


@dataclass(frozen=True)
class Header:
    """`tensors`: dtype, shape and data_offsets by name. `is_whole`: the file is as long as they say."""

    tensors: dict[str, dict[str, Any]]
    metadata: dict[str, str]
    begin: int
    """Where the tensors' bytes begin."""
    is_whole: bool


def read_header(path: Path) -> Header | None:
    """None where it is no such file."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            return None
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(size - 8, _LARGEST):
                return None
            header = json.loads(file.read(length))
        metadata = header.pop("__metadata__", None) or {}
        end = max((int(item["data_offsets"][1]) for item in header.values()), default=0)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None
    return Header(header, metadata, 8 + length, size == 8 + length + end)


def whole_numbers(path: Path, header: Header, name: str) -> list[int] | None:
    """A small int64 tensor; None where it is none."""
    item = header.tensors.get(name)
    if item is None or item.get("dtype") != "I64":
        return None
    first, last = item["data_offsets"]
    if not 0 <= first <= last <= first + 8 * 64:
        return None
    try:
        with path.open("rb") as file:
            file.seek(header.begin + first)
            data = file.read(last - first)
    except OSError:
        return None
    return [int.from_bytes(data[at : at + 8], "little", signed=True) for at in range(0, len(data), 8)]
