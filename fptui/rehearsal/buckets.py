"""Sizes, buckets and batches, by the trainer's arithmetic."""

import math
import random
from dataclasses import dataclass, field
from glob import escape, glob
from pathlib import Path

from PIL import Image

from fptui.rehearsal.arrays import Array
from fptui.rehearsal.console import BUCKET, CACHE, say, warn
from fptui.rehearsal.dataset import Dataset

STEP = 16
"""Sides are multiples of this."""

Bucket = tuple[int | bool, ...]
"""(width, height, window), and with clean indices (…, number of controls, no_post)."""


def _floor(number: int) -> int:
    return number - number % STEP


class Selector:
    """Which size a picture gets."""

    def __init__(self, dataset: Dataset) -> None:
        self._area = dataset.resolution[0] * dataset.resolution[1]
        self._keep_small = dataset.bucket_no_upscale
        self._sizes = [dataset.resolution]
        if dataset.enable_bucket:
            side = int(math.sqrt(self._area))
            widths = range(_floor(side // 2), side + STEP, STEP)
            pairs = [(width, _floor(self._area // width)) for width in widths]
            self._sizes = sorted({*pairs, *((height, width) for width, height in pairs)})

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The bucket of the nearest shape; with bucket_no_upscale a small picture keeps its own size."""
        if self._keep_small and width * height <= self._area:
            return _floor(width), _floor(height)
        return min(self._sizes, key=lambda size: abs(size[0] / size[1] - width / height))


def fitted(image: Image.Image, size: tuple[int, int]) -> Array:
    """The picture scaled to cover the size and cut around its middle; RGB, or RGBA when it has an alpha channel."""
    import numpy as np

    if image.mode not in ("RGB", "RGBA"):
        image = image.convert("RGB")
    if image.size != size:
        scale = max(size[0] / image.width, size[1] / image.height)
        width, height = round(image.width * scale), round(image.height * scale)
        image = image.resize((width, height), Image.Resampling.LANCZOS)
        left, top = (width - size[0]) // 2, (height - size[1]) // 2
        image = image.crop((left, top, left + size[0], top + size[1]))
    return np.asarray(image)


@dataclass(frozen=True)
class Cached:
    """An item as training sees it: two cache files."""

    latents: Path
    text: Path


@dataclass
class Batches:
    """The batches of one data set: never two buckets in one, the last of a bucket may be smaller."""

    size: int
    buckets: dict[Bucket, list[Cached]]
    epoch: int = 0
    order: list[tuple[Bucket, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for bucket in sorted(self.buckets):
            self.order += [(bucket, number) for number in range(math.ceil(len(self.buckets[bucket]) / self.size))]

    @property
    def items(self) -> int:
        """Repeats counted."""
        return sum(len(items) for items in self.buckets.values())

    def shuffle(self, random_numbers: random.Random) -> None:
        """At the start of every epoch: within the buckets, and the order of batches."""
        for items in self.buckets.values():
            random_numbers.shuffle(items)
        random_numbers.shuffle(self.order)

    def batch(self, number: int) -> list[Cached]:
        """The items of a batch."""
        bucket, part = self.order[number]
        return self.buckets[bucket][part * self.size : (part + 1) * self.size]


def training_batches(dataset: Dataset) -> Batches:
    """Everything in the cache folder that has both caches, whatever the data set's own list says."""
    selector = Selector(dataset)
    if dataset.cache_directory is None:
        raise TypeError("expected str, bytes or os.PathLike object, not NoneType")
    buckets: dict[Bucket, list[Cached]] = {}
    for found in sorted(glob(f"{escape(dataset.cache_directory)}/*_fp.safetensors")):  # noqa: PTH207
        path = Path(found)
        parts = path.name.split("_")
        width, height = map(int, parts[-2].split("x"))
        text = path.parent / f"{'_'.join(parts[:-2])}_fp_te.safetensors"
        if not text.exists():
            warn(CACHE, f"Text encoder output cache file not found: {text}")
            continue
        bucket: Bucket = (*selector.size(width, height), dataset.fp_latent_window_size)
        if dataset.fp_1f_clean_indices is not None:
            bucket = (*bucket, len(dataset.fp_1f_clean_indices), dataset.fp_1f_no_post)
        buckets.setdefault(bucket, []).extend([Cached(path, text)] * dataset.num_repeats)
    batches = Batches(dataset.batch_size, buckets)
    for bucket in sorted(buckets):
        say(BUCKET, f"bucket: {bucket}, count: {len(buckets[bucket])}")
    say(BUCKET, f"total batches: {len(batches.order)}")
    return batches
