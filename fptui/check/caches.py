"""The caches against the data set as it is now. The trainer pairs them by name alone, and takes what is in them."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fptui.check.cache_age import CacheAge
from fptui.check.cache_makers import MODELS, Makers, Reason
from fptui.check.data import DataSet, Item
from fptui.check.few import Few
from fptui.check.problem import Place, Problem, error, hint, warning
from fptui.check.subject import Subject
from fptui.core.musubi.cache_files import (
    LatentsName,
    list_caches,
    parse_latents_name,
    read_cache,
    text_name,
)
from fptui.core.status import Stage
from fptui.core.text import plain

_FIX = "`fptui cache`, or a start, makes them anew."
_CUT = Reason("is cut short")


@dataclass(frozen=True)
class CacheNeeds:
    """What the caching programs have to do: items whose caches are missing or stale, and the files that must go first,
    since the programs look at names alone. `items` of all data sets; None with videos, of which one has many caches."""

    items: int | None = 0
    latents: tuple[Item, ...] = ()
    texts: tuple[Item, ...] = ()
    stale: tuple[Path, ...] = ()


def cache_needs(subject: Subject, data_sets: Sequence[DataSet]) -> CacheNeeds:
    """`data_sets` with the sizes of their images, as `check.images` gives them."""
    return cache_problems(subject, data_sets)[1]


def cache_problems(
    subject: Subject, data_sets: Sequence[DataSet], *, are_all_there: bool = True
) -> tuple[list[Problem], CacheNeeds]:
    """What is wrong with the caches of all data sets, and what is to do about it. Where items could not be read, their
    caches are no orphans."""
    problems, latents, texts, stale = list[Problem](), list[Item](), list[Item](), list[Path]()
    makers = {stage: Makers(subject, stage) for stage in MODELS}
    for data_set in data_sets:
        if data_set.cache_directory is None:
            continue
        found = _DataSetCaches(subject, data_set, data_set.cache_directory, makers)
        problems += Few(found.problems(are_all_there=are_all_there))
        problems += found.by_setting()
        latents += found.latents
        texts += found.texts
        stale += found.stale
    items = None if any(each.is_video for each in data_sets) else sum(len(each.items) for each in data_sets)
    return problems, CacheNeeds(items, tuple(latents), tuple(texts), tuple(stale))


class _DataSetCaches:
    def __init__(self, subject: Subject, data_set: DataSet, folder: Path, makers: dict[Stage, Makers]) -> None:
        self._subject, self._data_set, self._folder, self._makers = subject, data_set, folder, makers
        self._of_setting = dict[str, list[str]]()
        self._age = CacheAge(subject, data_set)
        self._names, self._texts = list_caches(folder)
        self._of_stem = dict[str, list[tuple[str, LatentsName]]]()
        self._strange = list[str]()
        for name in self._names:
            parsed = parse_latents_name(name, video=data_set.is_video)
            if parsed is None:
                self._strange.append(name)
            else:
                self._of_stem.setdefault(parsed.stem, []).append((name, parsed))
        self.latents, self.texts, self.stale = list[Item](), list[Item](), list[Path]()

    def problems(self, *, are_all_there: bool) -> Iterator[Problem]:
        missing = skipped = 0
        stems = Counter(item.target.stem for item in self._data_set.items)
        for item in self._data_set.items:
            stem = item.target.stem
            is_alone = stems[stem] == 1  # or else its caches are those of whichever was last
            mine, has_text = self._of_stem.get(stem, []), text_name(stem) in self._texts
            stale_latents = [
                each for name, parsed in mine if is_alone for each in self._stale_latents(item, name, parsed)
            ]
            stale_text = list(self._stale_text(item)) if has_text and is_alone else []
            yield from (each for each in (*stale_latents, *stale_text) if each is not None)
            has_latents = self._has_latents(item, mine)
            if not has_latents or stale_latents:
                self.latents.append(item)
            if not has_text or stale_text:
                self.texts.append(item)
            missing += not has_latents and not stale_latents
            skipped += bool(mine) and not has_text
        yield from self._missing(missing, skipped)
        yield from self._strangers()
        if are_all_there:
            yield from self._orphans(stems)

    def _has_latents(self, item: Item, mine: list[tuple[str, LatentsName]]) -> bool:
        if not self._data_set.is_video:
            return any(item.size in (None, parsed.size) for _, parsed in mine)
        crops = {parsed.crop for _, parsed in mine if parsed.crop is not None}
        return bool(crops) and all(
            (first, frames, section) in crops
            for first, frames, _ in crops
            for section in range(self._age.sections(frames))
        )

    def _stale_latents(self, item: Item, name: str, parsed: LatentsName) -> Iterator[Problem | None]:
        """One where they are stale; None in the place of one that `by_setting` tells."""
        path = self._folder / name
        if not self._data_set.is_video and item.size is not None and parsed.size != item.size:
            was, now = "x".join(map(str, parsed.size)), "x".join(map(str, item.size))
            yield self._told(item, path, Reason(f"is of an image of {was}, and it has {now} now"))
            return
        cache = read_cache(path)
        if cache is None:
            yield self._told(item, path, _CUT)
            return
        why = self._makers[Stage.CACHE_LATENTS].reason(cache.modified_ns) or self._age.of_latents(item, cache, parsed)
        if why is not None:
            yield self._told(item, path, why)

    def _stale_text(self, item: Item) -> Iterator[Problem | None]:
        path = self._folder / text_name(item.target.stem)
        cache = read_cache(path)
        if cache is None:
            yield self._told(item, path, _CUT)
            return
        why = self._makers[Stage.CACHE_TEXT].reason(cache.modified_ns) or self._age.of_text(item, cache)
        if why is not None:
            yield self._told(item, path, why)

    def _told(self, item: Item, path: Path, why: Reason) -> Problem | None:
        self.stale.append(path)
        words = f"The cache {plain(path.name, 120)} {why.words}"
        if why.key is not None:
            self._of_setting.setdefault(why.key, []).append(words)
            return None
        ending = "training ends at it" if why is _CUT else "the trainer does not notice"
        return warning("stale-cache", item.place, f"{words}: {ending}.", _FIX)

    def by_setting(self) -> Iterator[Problem]:
        """What one changed setting made stale, as one problem at its line."""
        for key, told in self._of_setting.items():
            if key in self._data_set.settings:
                place = self._subject.at_data_set(self._data_set.number, key)
            else:
                place = self._subject.at(key) if key in self._subject.settings else self._place
            more = f" And {len(told) - 1:,} more like it." if len(told) > 1 else ""
            yield warning("stale-cache", place, f"{told[0]}: the trainer does not notice.{more}", _FIX)

    @property
    def _place(self) -> Place:
        return self._subject.at_data_set(self._data_set.number, "cache_directory")

    def _missing(self, missing: int, skipped: int) -> Iterator[Problem]:
        count = len(self._data_set.items)
        if missing:
            message = f"{missing:,} of {count:,} items have no latents yet."
            yield hint("missing-cache", self._place, message, "`fptui cache`, or a start, makes them.")
        if skipped:
            message = f"{skipped:,} of {count:,} items have latents and no text encoder output: "
            fix = "`fptui cache`, or a start, makes it."
            yield warning("skipped-items", self._place, f"{message}training leaves them out without a word.", fix)

    def _strangers(self) -> Iterator[Problem]:
        if self._strange:
            kind = "video" if self._data_set.is_video else "image"
            message = f"{plain(self._strange[0], 120)} in cache_directory is no name of {kind} latents: training ends."
            yield error("orphan-cache", self._place, message, "Move it elsewhere.")

    def _orphans(self, stems: Collection[str]) -> Iterator[Problem]:
        others = [
            name
            for stem, caches in self._of_stem.items()
            if stem not in stems and text_name(stem) in self._texts
            for name, _ in caches
        ]
        if others and self._data_set.items:
            message = (
                f"{len(others):,} cache{'s are' if len(others) > 1 else ' is'} of no item of the data set, and trained "
                f"on all the same: {plain(others[0], 120)}{' and others' * (len(others) > 1)}."
            )
            fix = "Move them elsewhere, or let the caching program do it: it removes them at its end."
            yield warning("orphan-cache", self._place, message, fix)
