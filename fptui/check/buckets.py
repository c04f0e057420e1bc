"""What an epoch is made of, and a batch size that nothing fills."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fptui.check.data import BucketRow, BucketTable, DataSet
from fptui.check.problem import Problem, warning
from fptui.check.subject import Subject
from fptui.core.musubi.buckets import DEFAULT_RESOLUTION, LARGEST_SIDE, SMALLEST_AREA, Buckets, resolution_of


def buckets_of(settings: Mapping[str, Any], *, video: bool = False) -> Buckets | None:
    """None where the settings make none. Videos are always scaled to buckets, whatever enable_bucket says
    (VideoDataset.retrieve_latent_cache_batches)."""
    size = resolution_of(settings.get("resolution", list(DEFAULT_RESOLUTION)))
    enabled = video or settings.get("enable_bucket") is True
    if size is None or min(size) < 1 or max(size) > LARGEST_SIDE or (enabled and size[0] * size[1] < SMALLEST_AREA):
        return None
    no_upscale = not video and settings.get("bucket_no_upscale") is True
    return Buckets(size, enabled=enabled, no_upscale=no_upscale)


def count(settings: Mapping[str, Any], key: str) -> int:
    """`batch_size` or `num_repeats`, 1 where it is not set or is no such number."""
    value = settings.get(key, 1)
    return int(value) if isinstance(value, int) and value > 0 else 1


def bucket_table(data_sets: Sequence[DataSet]) -> BucketTable:
    """Of the images whose sizes are known; videos take their frames out of the files, which nobody decodes here."""
    rows = list[BucketRow]()
    for data_set in data_sets:
        buckets = buckets_of(data_set.settings)
        if buckets is None or data_set.is_video:
            continue
        counts = Counter[tuple[int, int]]()
        for size, number in Counter(item.size for item in data_set.items).items():
            if size is not None:
                counts[buckets.of(size)] += number * count(data_set.settings, "num_repeats")
        batch = count(data_set.settings, "batch_size")
        rows += [
            BucketRow(data_set.number, width, height, number, -(-number // batch))
            for (width, height), number in sorted(counts.items())
        ]
    return BucketTable(tuple(rows), tuple(count(each.settings, "batch_size") for each in data_sets))


def bucket_problems(subject: Subject, data_sets: Sequence[DataSet], table: BucketTable) -> Iterator[Problem]:
    """A batch is never of two buckets, nor of two data sets."""
    for data_set in data_sets:
        rows = [row for row in table.rows if row.data_set == data_set.number]
        batch, largest = count(data_set.settings, "batch_size"), max((row.items for row in rows), default=0)
        if rows and largest < batch:
            repeats = count(data_set.settings, "num_repeats")
            message = f"batch_size = {batch} never fills: the largest bucket has {largest} items, repeats counted."
            needed = math.ceil(batch / max(1, largest // repeats))
            fix = f"Write {largest} or less, or num_repeats = {needed}."
            place = subject.at_data_set(data_set.number, "batch_size")
            yield warning("batch-never-fills", place, message, fix)
