"""The pictures themselves: there, whole, large enough, and not the answer given away as the question."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from fptui.check.data import DataSet, Item
from fptui.check.few import Few
from fptui.check.pictures import MISSING, Pictures
from fptui.check.problem import Place, Problem, error, hint
from fptui.check.subject import Subject
from fptui.core.musubi.buckets import STEP
from fptui.core.musubi.cache_files import latents_name
from fptui.core.text import plain

FEW = 20
"""As many as a simple motion takes, by the article."""
_BLOCK = 1 << 16
_COMPARED = 256 << 20
"""Bytes; a picture that is larger is told by its name alone."""
_LONGEST_NAME = 255
"""Bytes; of every file system in use."""


def image_problems(
    subject: Subject, data_sets: Sequence[DataSet], pictures: Pictures
) -> tuple[list[DataSet], list[Problem]]:
    """The data sets with the sizes of their targets, and what is wrong with the files."""
    problems = list[Problem]()
    sized = list[DataSet]()
    for data_set in data_sets:
        found = Few(_duplicates(data_set))
        if data_set.is_video:
            for problem in _missing_videos(data_set):
                found.add(problem)
            sized.append(data_set)
        else:
            pictures.prepare(path for item in data_set.items for path in (item.target, *item.controls))
            items = tuple(replace(item, size=pictures.of(item.target).size) for item in data_set.items)
            sized.append(replace(data_set, items=items))
            _files(sized[-1], pictures, found)
        problems += found
    problems += _few_items(subject, sized)
    return sized, problems


def _few_items(subject: Subject, data_sets: Sequence[DataSet]) -> Iterator[Problem]:
    images = [each for each in data_sets if not each.is_video]
    count = sum(len(each.items) for each in images)
    if count in range(1, FEW) and len(images) == len(data_sets) and subject.project.settings.trainer != "rehearsal":
        key = "image_directory" if "image_directory" in images[0].settings else "image_jsonl_file"
        message = f"{count} image{'s' * (count > 1)}: even a simple motion takes about {FEW}."
        fix = "Add some: 50 to 100 for a character with a style. With fewer, watch the samples for overfitting."
        yield hint("few-items", subject.at_data_set(images[0].number, key), message, fix)


def _missing_videos(data_set: DataSet) -> Iterator[Problem]:
    for item in data_set.items:
        for path in (item.target, *item.controls):
            if not os.path.exists(path):  # noqa: PTH110 - which raises nothing
                message = f"{plain(str(path), 200)} is not there: caching ends here."
                yield error("missing-image", item.place, message, "Put it there, or take the line out.")


def _files(data_set: DataSet, pictures: Pictures, problems: Few) -> None:
    """A file that several items name is reported once."""
    keeps_small = data_set.settings.get("bucket_no_upscale") is True and data_set.settings.get("enable_bucket") is True
    told = set[Path]()
    for item in data_set.items:
        for path in (item.target, *item.controls):
            trouble = pictures.of(path).trouble
            if trouble is not None and path not in told:
                told.add(path)
                _told(item, path, trouble, problems)
        if item.size is not None:
            for problem in (*_size_and_name(item, item.size, keeps_small=keeps_small), *_given_away(item, pictures)):
                problems.add(problem)


def _told(item: Item, path: Path, trouble: str, problems: Few) -> None:
    code = "missing-image" if trouble == MISSING else "unreadable-image"
    if problems.is_full(code):
        return
    name = plain(str(path), 200)
    if trouble == MISSING:
        message, fix = f"{name} is not there: caching ends here.", "Put it there, or take the item out."
    else:
        message = f"{name} is no picture that can be opened, or is cut short: caching ends here."
        fix = "Copy it anew, or take the item out."
    problems.add(error(code, item.place, message, fix))


def _size_and_name(item: Item, size: tuple[int, int], *, keeps_small: bool) -> Iterator[Problem]:
    if keeps_small and min(size) < STEP:
        message = f"{plain(item.target.name, 80)} is {size[0]}x{size[1]}, and a side below {STEP} ends caching."
        yield error("too-small-image", item.place, message, "Take it out, or write bucket_no_upscale = false.")
    if len(latents_name(item.target.stem, size).encode("utf-8", "surrogateescape")) > _LONGEST_NAME:
        message = f"The name {plain(item.target.name, 40)} is too long: that of its cache has more than 255 bytes."
        yield error("unreadable-image", item.place, message, "Give the file a shorter name.")


def _given_away(item: Item, pictures: Pictures) -> Iterator[Problem]:
    target = pictures.of(item.target)
    for path in item.controls:
        control = pictures.of(path)
        if target.trouble or control.trouble or target.bytes != control.bytes:
            continue
        same_file = target.file == control.file
        if same_file or _same_content(item.target, path, target.bytes):
            how = "is the target itself" if same_file else "has the same content as the target"
            message = f"The control image {plain(path.name, 80)} {how}: the LoRA learns to copy, at a loss near 0.01."
            yield error("input-is-target", item.place, message, "Name the picture that the target is made from.")
            return


def _same_content(one: Path, other: Path, length: int) -> bool:
    """Read side by side up to the first difference: most files differ in their first block."""
    if length > _COMPARED:
        return False
    try:
        with one.open("rb") as first, other.open("rb") as second:
            while block := first.read(_BLOCK):
                if block != second.read(_BLOCK):
                    return False
        return True
    except OSError:
        return False


def _duplicates(data_set: DataSet) -> Iterator[Problem]:
    first = dict[str, Item]()
    for item in data_set.items:
        other = first.setdefault(item.target.stem, item)
        if other is not item:
            message = f"A second {plain(item.target.stem, 80)}: its caches overwrite those of {_where(other.place)}."
            yield error("duplicate-basename", item.place, message, "Give each file a name of its own.")


def _where(place: Place) -> str:
    return f"line {place.line}" if place.line else place.text
