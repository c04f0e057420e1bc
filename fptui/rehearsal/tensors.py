""".safetensors files: written whole or, on request, slowly; read with every dtype that a LoRA may be saved in.

Eight bytes with the length of a JSON header, the header, the tensors' bytes one after another. Written here because the
safetensors package has no numpy type for bfloat16.
"""

import hashlib
import json
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fptui.rehearsal import switches
from fptui.rehearsal.arrays import FLOAT, Array

_NAMES = {"float32": "F32", "float16": "F16", "int64": "I64", "bool": "BOOL"}
_TYPES: dict[str, Any] = {"F32": np.float32, "F16": np.float16, "I64": np.int64, "BOOL": np.bool_}


def _bfloat16(values: Array) -> Array:
    """The upper halves of float32, rounded to the nearest."""
    bits = values.astype(FLOAT).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def packed(tensors: Mapping[str, Array], metadata: Mapping[str, str], *, bfloat16: bool = False) -> bytes:
    """The bytes of a .safetensors file. With bfloat16 every tensor becomes one."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    parts: list[bytes] = []
    end = 0
    # Wide types first, so that every tensor stays aligned.
    for name in sorted(tensors, key=lambda name: (-tensors[name].itemsize, name)):
        values = _bfloat16(tensors[name]) if bfloat16 else tensors[name]
        data = values.tobytes()
        kind = "BF16" if bfloat16 else _NAMES[str(values.dtype)]
        header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": [end, end + len(data)]}
        parts.append(data)
        end += len(data)
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(parts)


def digest(tensors: Mapping[str, Array]) -> str:
    """A hash of the weights alone."""
    return hashlib.sha256(packed(tensors, {})).hexdigest()


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    (length,) = struct.unpack_from("<Q", data)
    return json.loads(data[8 : 8 + length]), 8 + length


def read(path: Path) -> dict[str, Array]:
    """Every tensor of a file; bfloat16 becomes float32."""
    data = path.read_bytes()
    header, start = _header(data)
    tensors: dict[str, Array] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        part = data[start + begin : start + end]
        if entry["dtype"] == "BF16":
            values = (np.frombuffer(part, np.uint16).astype(np.uint32) << 16).view(FLOAT)
        else:
            values = np.frombuffer(part, _TYPES[entry["dtype"]]).copy()
        tensors[name] = values.reshape(entry["shape"])
    return tensors


def read_metadata(path: Path) -> dict[str, str]:
    """What was written about a file."""
    metadata: dict[str, str] = _header(path.read_bytes())[0].get("__metadata__", {})
    return metadata


def write_slowly(path: Path, data: bytes) -> None:
    """Writes in place, as the trainer does: for FPTUI_REHEARSAL_SAVE_SECONDS the file is there and cut short."""
    pause = switches.seconds("SAVE_SECONDS")
    with path.open("wb") as file:
        file.write(data[: len(data) // 2])
        file.flush()
        if pause:
            time.sleep(pause)
        file.write(data[len(data) // 2 :])
