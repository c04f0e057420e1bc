"""Cache files of musubi-tuner 0.3.4: their names, by which alone training finds and pairs them, and what they were made
of (dataset/image_video_dataset.py, dataset/cache_io.py, fpack_cache_latents.py)."""

import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LATENTS, TEXT = "_fp.safetensors", "_fp_te.safetensors"
_SHAPE = re.compile(r"latents_\d+x(\d{1,6})x(\d{1,6})_")
_SCALE = 8
"""Pixels a latent."""
_FIRST = 16384
"""Bytes read at once: a header and the index tensors, which come first."""
_LARGEST_HEADER = 4 << 20
_MOST_INDICES = 1024

Size = tuple[int, int]


@dataclass(frozen=True)
class LatentsName:
    """`size`: of the picture, not of its bucket. `crop` of a video: first frame, frames, section."""

    stem: str
    size: Size
    crop: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class CacheFile:
    """What one says of itself. None: it does not."""

    modified_ns: int
    size: Size | None = None
    """Of the latents, in pixels."""
    target_index: list[int] | None = None
    clean_indices: list[int] | None = None
    caption: str | None = None


def latents_name(stem: str, size: Size) -> str:
    """Of an image. `size` is the picture's own, not its bucket's."""
    return f"{stem}_{size[0]:04d}x{size[1]:04d}{LATENTS}"


def text_name(stem: str) -> str:
    return f"{stem}{TEXT}"


def parse_latents_name(name: str, *, video: bool = False) -> LatentsName | None:
    """As training takes it apart (prepare_for_training); None where it ends at the name."""
    parts = name.removesuffix(".safetensors").split("_")
    try:
        width, height = map(int, parts[-2].split("x"))
        if not video:
            return LatentsName("_".join(parts[:-2]), (width, height))
        crop = parts[-3].split("-")
        first, frames = map(int, crop[:2])
        return LatentsName("_".join(parts[:-3]), (width, height), (first, frames, int("".join(crop[2:3]) or 0)))
    except (ValueError, IndexError):
        return None


def list_caches(folder: Path) -> tuple[list[str], frozenset[str]]:
    """The names of latents and of text encoder outputs. Training globs, which passes over names with a point first."""
    latents, texts = [], []
    try:
        with os.scandir(folder) as found:
            for entry in found:
                if entry.name.startswith("."):
                    continue
                if entry.name.endswith(LATENTS):
                    latents.append(entry.name)
                elif entry.name.endswith(TEXT):
                    texts.append(entry.name)
    except (OSError, ValueError):
        pass
    return sorted(latents), frozenset(texts)


def read_cache(path: Path) -> CacheFile | None:
    """From the header and the index tensors alone; None where it is cut short, or no such file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(handle)
        return _read(handle, status) if stat.S_ISREG(status.st_mode) else None
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None
    finally:
        os.close(handle)


def _read(handle: int, status: os.stat_result) -> CacheFile | None:
    data = os.read(handle, _FIRST)
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 2 <= length <= min(status.st_size - 8, _LARGEST_HEADER):
        return None
    if len(data) < 8 + length:
        data = os.pread(handle, 8 + length + _FIRST, 0)
    header: dict[str, Any] = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", None)
    caption = metadata.get("caption1") if isinstance(metadata, dict) else None
    size, end = None, 0
    for name, tensor in header.items():
        end = max(end, int(tensor["data_offsets"][1]))
        shape = _SHAPE.match(name)
        if shape:
            size = int(shape[2]) * _SCALE, int(shape[1]) * _SCALE
    if status.st_size != 8 + length + end:
        return None

    def indices(name: str) -> list[int] | None:
        tensor = header.get(name)
        if tensor is None or tensor["dtype"] != "I64":
            return None
        first, last = tensor["data_offsets"]
        if not 0 <= first <= last <= end or last - first > 8 * _MOST_INDICES:
            return None
        begin = 8 + length + first
        values = data[begin : begin + last - first]
        if len(values) < last - first:
            values = os.pread(handle, last - first, begin)
        return [int.from_bytes(values[at : at + 8], "little", signed=True) for at in range(0, len(values), 8)]

    return CacheFile(
        status.st_mtime_ns,
        size,
        indices("latent_indices_int64"),
        indices("clean_latent_indices_int64"),
        caption if isinstance(caption, str) else None,
    )
