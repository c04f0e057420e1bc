"""The names of cache files, and what one was made of (dataset/image_video_dataset.py, fpack_cache_latents.py)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fptui.core.musubi.safetensors_header import read_header, whole_numbers

LATENTS, TEXT = "_fp.safetensors", "_fp_te.safetensors"
_NAME = re.compile(r"(.+)_(\d+)x(\d+)_fp\.safetensors", re.DOTALL)
_SHAPE = re.compile(r"latents_\d+x(\d+)x(\d+)_")
_SCALE = 8
"""Pixels a latent."""


@dataclass(frozen=True)
class LatentsFile:
    """What is in one. None: it does not say."""

    size: tuple[int, int] | None
    """Of the bucket, in pixels."""
    target_index: Sequence[int] | None
    clean_indices: Sequence[int] | None


def latents_name(stem: str, size: tuple[int, int]) -> str:
    """`size` is that of the picture, not of its bucket."""
    return f"{stem}_{size[0]:04d}x{size[1]:04d}{LATENTS}"


def text_name(stem: str) -> str:
    return f"{stem}{TEXT}"


def stem_of(name: str) -> str | None:
    """Of a file with latents; None where training would end at the name."""
    match = _NAME.fullmatch(name)
    return match[1] if match else None


def read_latents(path: Path) -> LatentsFile | None:
    """None where it is cut short, or no such file."""
    header = read_header(path)
    if header is None or not header.is_whole:
        return None
    shape = next((found for name in header.tensors if (found := _SHAPE.match(name))), None)
    size = (int(shape[2]) * _SCALE, int(shape[1]) * _SCALE) if shape else None
    return LatentsFile(
        size,
        whole_numbers(path, header, "latent_indices_int64"),
        whole_numbers(path, header, "clean_latent_indices_int64"),
    )


def read_caption(path: Path) -> str | None:
    """Of a text encoder's output; None where it is cut short, or no such file."""
    header = read_header(path)
    caption = header.metadata.get("caption1") if header is not None and header.is_whole else None
    return caption if isinstance(caption, str) else None
