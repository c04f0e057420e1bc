"""The caches against the data set as it is now. The trainer pairs them by name alone, and takes what is in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fptui.check.buckets import buckets_of
from fptui.check.data import DataSet, Item
from fptui.check.few import few
from fptui.check.problem import Problem, error, hint, warning
from fptui.check.subject import Subject
from fptui.core.musubi.cache_files import LATENTS, latents_name, read_caption, read_latents, stem_of, text_name
from fptui.core.musubi.files import entries
from fptui.core.text import plain

_FIX = "`fptui cache`, or a start, makes them anew."


@dataclass(frozen=True)
class CacheNeeds:
    """What the caching programs have to do. `items` None: there are videos, whose caches are not counted here."""

    items: int | None = 0
    latents: int = 0
    """Items whose latents are missing or stale."""
    texts: int = 0
    stale: tuple[Path, ...] = ()
    """Files that must go, for the programs to make them anew."""


def cache_problems(subject: Subject, data_sets: Sequence[DataSet]) -> tuple[list[Problem], CacheNeeds]:
    """Of all data sets."""
    problems, needs = list[Problem](), CacheNeeds()
    for data_set in data_sets:
        if data_set.cache_directory is None:
            continue
        names = frozenset(path.name for path in entries(data_set.cache_directory))
        if data_set.is_video:
            needs = _with_videos(needs, names)
            continue
        found = _DataSetCaches(subject, data_set, names)
        problems += few(found.problems())
        needs = CacheNeeds(
            None if needs.items is None else needs.items + len(data_set.items),
            needs.latents + found.latents,
            needs.texts + found.texts,
            (*needs.stale, *found.stale),
        )
    return problems, needs


def _with_videos(needs: CacheNeeds, names: frozenset[str]) -> CacheNeeds:
    """A video has as many caches as sections: whether there are any is all that can be told by names."""
    has_latents = any(name.endswith(LATENTS) for name in names)
    has_texts = any(name.endswith("_fp_te.safetensors") for name in names)
    return replace(needs, items=None, latents=needs.latents + (not has_latents), texts=needs.texts + (not has_texts))


class _DataSetCaches:
    def __init__(self, subject: Subject, data_set: DataSet, names: frozenset[str]) -> None:
        assert data_set.cache_directory is not None
        self._subject, self._data_set, self._names = subject, data_set, names
        self._folder = data_set.cache_directory
        self._buckets = buckets_of(data_set.settings)
        self.latents = self.texts = 0
        self.stale = list[Path]()

    def problems(self) -> Iterator[Problem]:
        missing = skipped = 0
        expected = set[str]()
        for item in self._data_set.items:
            if item.size is None:
                continue
            latents, text = latents_name(item.target.stem, item.size), text_name(item.target.stem)
            expected.add(latents)
            has_latents, has_text = latents in self._names, text in self._names
            self.latents += not has_latents
            self.texts += not has_text
            missing += not has_latents
            skipped += has_latents and not has_text
            if has_latents:
                yield from self._why_stale(item, self._folder / latents, self._latents_trouble, is_text=False)
            if has_text:
                yield from self._why_stale(item, self._folder / text, self._text_trouble, is_text=True)
        yield from self._missing(missing, skipped)
        yield from self._orphans(expected)

    def _missing(self, missing: int, skipped: int) -> Iterator[Problem]:
        place = self._subject.at_data_set(self._data_set.number, "cache_directory")
        if missing:
            message = f"{missing} of {len(self._data_set.items)} items have no latents yet."
            yield hint("missing-cache", place, message, _FIX)
        if skipped:
            message = (
                f"{skipped} items have latents and no text encoder output: training leaves them out without a word."
            )
            yield warning("skipped-items", place, message, _FIX)

    def _orphans(self, expected: set[str]) -> Iterator[Problem]:
        place = self._subject.at_data_set(self._data_set.number, "cache_directory")
        others = sorted(name for name in self._names if name.endswith(LATENTS) and name not in expected)
        strange = [name for name in others if stem_of(name) is None]
        if strange:
            message = f"{plain(strange[0], 120)} in cache_directory is no name of a cache: training ends at it."
            yield error("orphan-cache", place, message, "Move it elsewhere.")
        paired = [name for name in others if (stem := stem_of(name)) is not None and text_name(stem) in self._names]
        if paired and self._data_set.items:
            message = (
                f"{len(paired)} caches are of no item of the data set, and are trained on all the same: "
                f"{plain(paired[0], 120)}{' and others' * (len(paired) > 1)}."
            )
            yield warning("orphan-cache", place, message, "Remove them, or run `fptui cache --force`.")

    def _why_stale(self, item: Item, path: Path, trouble: Any, *, is_text: bool) -> Iterator[Problem]:
        why = trouble(item, path)
        if why is None:
            return
        self.texts += is_text
        self.latents += not is_text
        self.stale.append(path)
        message = f"The cache {plain(path.name, 120)} {why}: the trainer takes it as it is."
        yield warning("stale-cache", item.place, message, _FIX)

    def _latents_trouble(self, item: Item, path: Path) -> str | None:
        made = read_latents(path)
        if made is None:
            return "is cut short"
        settings = self._data_set.settings
        bucket = self._buckets.of(item.size) if self._buckets is not None and item.size is not None else None
        if bucket is not None and made.size is not None and made.size != bucket:
            return f"is of {made.size[0]}x{made.size[1]}, and the bucket is {bucket[0]}x{bucket[1]} now"
        target = settings.get("fp_1f_target_index")
        if isinstance(target, int) and made.target_index is not None and list(made.target_index) != [target]:
            return f"has fp_1f_target_index {_numbers(made.target_index)}, and it is {target} now"
        clean = settings.get("fp_1f_clean_indices")
        if isinstance(clean, list) and clean and made.clean_indices is not None:
            post = [] if settings.get("fp_1f_no_post") is True else [_window(settings) + 1]
            if list(made.clean_indices) != [*clean, *post]:
                was, now = _numbers(made.clean_indices), _numbers([*clean, *post])
                return f"has fp_1f_clean_indices {was}, and they are {now} now"
        newer = next((each for each in (item.target, *item.controls) if _is_newer(each, path)), None)
        return f"is older than {plain(newer.name, 80)}" if newer is not None else None

    def _text_trouble(self, item: Item, path: Path) -> str | None:
        caption = read_caption(path)
        if caption is None:
            return "is cut short"
        return "is of another caption" if item.caption is not None and caption != item.caption else None


def _window(settings: Any) -> int:
    value = settings.get("fp_latent_window_size", 9)
    return value if isinstance(value, int) else 9


def _numbers(values: Sequence[object]) -> str:
    return f"[{', '.join(map(str, values[:8]))}]"


def _is_newer(picture: Path, cache: Path) -> bool:
    try:
        return picture.stat().st_mtime_ns > cache.stat().st_mtime_ns
    except OSError:
        return False
