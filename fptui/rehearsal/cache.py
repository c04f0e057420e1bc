"""Cache files: their names, what is in them, and the loop that both caching programs share."""

from collections.abc import Callable, Iterable
from glob import escape, glob
from pathlib import Path

from fptui.rehearsal.arrays import Array
from fptui.rehearsal.console import CACHE, MAIN, say, warn
from fptui.rehearsal.dataset import Dataset
from fptui.rehearsal.sources import Item

FORMAT = "1.0.1"


def _folder(dataset: Dataset) -> Path:
    assert dataset.cache_directory is not None, "cache_directory is required / cache_directoryは必須です"
    return Path(dataset.cache_directory)


def latents_path(dataset: Dataset, item: Item, size: tuple[int, int]) -> Path:
    """`size` is the target picture's own, not the bucket's."""
    return _folder(dataset) / f"{item.stem}_{size[0]:04d}x{size[1]:04d}_fp.safetensors"


def text_path(dataset: Dataset, item: Item) -> Path:
    """One for each item, whatever its size."""
    return _folder(dataset) / f"{item.stem}_fp_te.safetensors"


def without_nan(tensors: dict[str, Array], item: Item) -> dict[str, Array]:
    """NaN becomes 0, with a warning, as the real caches do it."""
    import numpy as np

    for key, values in tensors.items():
        if values.dtype.kind == "f" and np.isnan(values).any():
            warn(CACHE, f"{key} tensor has NaN: {item.path}, replace NaN with 0")
            values[np.isnan(values)] = 0
    return tensors


def in_parts(items: list[Item], size: int) -> Iterable[list[Item]]:
    """Batches of items in order."""
    return (items[start : start + size] for start in range(0, len(items), size))


def remove_foreign(dataset: Dataset, pattern: str, mine: set[Path], *, keep: bool) -> None:
    """Caches in the folder that no item of the data set has are removed, or kept and named."""
    for name in sorted(glob(f"{escape(str(_folder(dataset)))}/{pattern}")):  # noqa: PTH207
        if Path(name) in mine:
            continue
        if keep:
            say(MAIN, f"Keep cache file not in the dataset: {name}")
        else:
            Path(name).unlink()
            say(MAIN, f"Removed old cache file: {name}")


Encode = Callable[[Dataset, list[Item]], None]
