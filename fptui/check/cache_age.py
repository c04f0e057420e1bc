"""Whether one cache is still that of its item: what training does not look at."""

import time
from collections.abc import Sequence
from pathlib import Path

from fptui.check.buckets import buckets_of
from fptui.check.data import DataSet, Item
from fptui.check.subject import Subject
from fptui.core.musubi.cache_files import CacheFile, LatentsName
from fptui.core.musubi.data_set_keys import window
from fptui.core.text import plain


class CacheAge:
    """Of the caches of one data set. Answers go on from the name of the cache: `is older than a.png`."""

    def __init__(self, subject: Subject, data_set: DataSet) -> None:
        self._data_set, self._settings = data_set, data_set.settings
        self._buckets = buckets_of(data_set.settings, video=data_set.is_video)
        self._now = time.time_ns()
        one_frame = subject.settings.get("one_frame") is True and not data_set.is_video
        self._target, self._clean = self._indices() if one_frame else (None, None)

    def _indices(self) -> tuple[list[int] | None, list[int] | None]:
        """As the caching program writes them (fpack_cache_latents.py, encode_and_save_batch_one_frame)."""
        target = self._settings.get("fp_1f_target_index")
        clean = self._settings.get("fp_1f_clean_indices", [0])
        post = [] if self._settings.get("fp_1f_no_post") is True else [window(self._settings) + 1]
        listed = isinstance(clean, list) and all(isinstance(each, int) for each in clean)
        return [target] if isinstance(target, int) else None, [*(clean or [0]), *post] if listed else None

    def sections(self, frames: int) -> int:
        """Of a video's crop, a cache each (encode_datasets_framepack)."""
        return max(1, (frames - 1) // 4 // max(1, window(self._settings)))

    def of_latents(self, item: Item, cache: CacheFile, name: LatentsName) -> str | None:
        """Why they are not; None where they are."""
        return self._by_bucket(item, cache, name) or self._by_indices(cache) or self._by_time(item, cache)

    def of_text(self, item: Item, cache: CacheFile) -> str | None:
        """Likewise."""
        if cache.caption is None:
            return "does not say its caption"
        return "is of another caption" if item.caption is not None and cache.caption != item.caption else None

    def _by_bucket(self, item: Item, cache: CacheFile, name: LatentsName) -> str | None:
        if self._buckets is None or cache.size is None:
            return None
        was = f"is of {cache.size[0]}x{cache.size[1]}"
        if self._data_set.is_video:  # the name has the bucket's size there, since videos are scaled as they are read
            return None if name.size in self._buckets.sizes else f"{was}, which is no bucket now"
        if item.size is None:
            return None
        now = self._buckets.of(item.size)
        return None if cache.size == now else f"{was}, and its bucket is {now[0]}x{now[1]} now"

    def _by_indices(self, cache: CacheFile) -> str | None:
        for key, made, wanted in (
            ("fp_1f_target_index", cache.target_index, self._target),
            ("fp_1f_clean_indices with fp_1f_no_post", cache.clean_indices, self._clean),
        ):
            if made is not None and wanted is not None and made != wanted:
                return f"has {key} {_listed(made)}, and it is {_listed(wanted)} now"
        return None

    def _by_time(self, item: Item, cache: CacheFile) -> str | None:
        for path in (item.target, *item.controls):
            if cache.modified_ns < _modified(path) <= self._now:
                return f"is older than {plain(path.name, 80)}"
        return None


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


def _listed(values: Sequence[int]) -> str:
    shown = ", ".join(str(each) if abs(each) < 10**12 else "…" for each in values[:8])
    return shown + (", …" if len(values) > 8 else "")
