"""The data sets of a version as the trainer would take them in: items, their sizes and their buckets."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fptui.check.problem import Place


@dataclass(frozen=True)
class Item:
    """One image or video with what belongs to it. Paths as the trainer would open them."""

    target: Path
    controls: tuple[Path, ...]
    caption: str | None
    """None: there is none, or it cannot be read."""
    place: Place
    """Its line of the metadata, or the file itself."""
    size: tuple[int, int] | None = None
    """Width and height; None: not known."""


@dataclass(frozen=True)
class DataSet:
    """One [[datasets]]."""

    number: int
    """From 0."""
    settings: Mapping[str, Any]
    """With [general] below it; what is not set is not there."""
    is_video: bool
    items: tuple[Item, ...]
    cache_directory: Path | None


@dataclass(frozen=True)
class BucketRow:
    """One bucket of one data set. `items` with repeats counted."""

    data_set: int
    width: int
    height: int
    items: int
    batches: int
    """An epoch."""


@dataclass(frozen=True)
class BucketTable:
    """What an epoch is made of."""

    rows: tuple[BucketRow, ...]
    batch_size: tuple[int, ...]
    """Of each data set."""

    @property
    def batches(self) -> int:
        """An epoch."""
        return sum(row.batches for row in self.rows)
