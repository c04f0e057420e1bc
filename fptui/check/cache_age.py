"""Whether one cache is still that of its item: what training does not look at."""

import time
from collections.abc import Sequence
from pathlib import Path

from fptui.check.buckets import buckets_of
from fptui.check.cache_makers import Reason
from fptui.check.data import DataSet, Item
from fptui.check.subject import Subject
from fptui.core.musubi.cache_files import CacheFile, LatentsName
from fptui.core.musubi.data_set_keys import window
from fptui.core.text import plain


class CacheAge:
    """Of the caches of one data set."""

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

    def of_latents(self, item: Item, cache: CacheFile, name: LatentsName) -> Reason | None:
        """Why they are not; None where they are."""
        return self._by_bucket(item, cache, name) or self._by_indices(cache) or self._by_time(item, cache)

    def of_text(self, item: Item, cache: CacheFile) -> Reason | None:
        """Likewise."""
        if cache.caption is None:
            return Reason("does not say its caption")
        is_other = item.caption is not None and cache.caption != item.caption
        return Reason("is of another caption") if is_other else None

    def _by_bucket(self, item: Item, cache: CacheFile, name: LatentsName) -> Reason | None:
        if self._buckets is None or cache.size is None:
            return None
        was = f"is of {cache.size[0]}x{cache.size[1]}"
        if self._data_set.is_video:  # the name has the bucket's size there, since videos are scaled as they are read
            return None if name.size in self._buckets.sizes else Reason(f"{was}, which is no bucket now", "resolution")
        if item.size is None:
            return None
        now = self._buckets.of(item.size)
        return None if cache.size == now else Reason(f"{was}, and its bucket is {now[0]}x{now[1]} now", "resolution")

    def _by_indices(self, cache: CacheFile) -> Reason | None:
        target, clean = cache.target_index, cache.clean_indices
        if target is not None and self._target is not None and target != self._target:
            words = f"has the target index {_listed(target)}, and it is {_listed(self._target)} now"
            return Reason(words, "fp_1f_target_index")
        if clean is not None and self._clean is not None and clean != self._clean:
            words = f"has the control indices {_listed(clean)}, and they are {_listed(self._clean)} now"
            return Reason(words, _changed(clean, self._clean))
        return None

    def _by_time(self, item: Item, cache: CacheFile) -> Reason | None:
        for path in (item.target, *item.controls):
            if cache.modified_ns < _modified(path) <= self._now:
                return Reason(f"is older than {plain(path.name, 80)}")
        return None


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


def _changed(was: list[int], now: list[int]) -> str:
    """A zero control behind the others comes and goes with fp_1f_no_post."""
    return "fp_1f_no_post" if now in (was[:-1], [*was, *now[-1:]]) else "fp_1f_clean_indices"


def _listed(values: Sequence[int]) -> str:
    shown = ", ".join(str(each) if abs(each) < 10**12 else "…" for each in values[:8])
    return shown + (", …" if len(values) > 8 else "")
