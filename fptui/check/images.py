"""The pictures themselves: there, whole, large enough, and not the answer given away as the question."""

import filecmp
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fptui.check.data import DataSet, Item
from fptui.check.few import few
from fptui.check.problem import Place, Problem, error, hint
from fptui.check.subject import Subject
from fptui.core.musubi.buckets import STEP
from fptui.core.text import plain

_PNG, _PNG_END, _JPEG_END = b"\x89PNG\r\n\x1a\n", b"IEND", b"\xff\xd9"
_TAIL = 64
FEW = 20
"""As many as a simple motion takes, by the article."""


@dataclass(frozen=True)
class Picture:
    """What a file is. `trouble` None: a picture that can be opened."""

    size: tuple[int, int] | None
    trouble: str | None
    """`missing` or `unreadable`."""
    status: os.stat_result | None = None


class Pictures:
    """Each file is looked at once, however many items name it."""

    def __init__(self) -> None:
        self._known = dict[Path, Picture]()

    def look(self, path: Path) -> Picture:
        """By its header and its last bytes; decoded only where those look odd."""
        if path not in self._known:
            self._known[path] = _look(path)
        return self._known[path]


def image_problems(
    subject: Subject, data_sets: Sequence[DataSet], pictures: Pictures
) -> tuple[list[DataSet], list[Problem]]:
    """The data sets with the sizes of their targets, and what is wrong with the files."""
    problems = list[Problem]()
    sized = list[DataSet]()
    for data_set in data_sets:
        if data_set.is_video:
            problems += few(_missing_videos(data_set))
            sized.append(data_set)
            continue
        items = tuple(replace(item, size=pictures.look(item.target).size) for item in data_set.items)
        sized.append(replace(data_set, items=items))
        problems += few(_files(sized[-1], pictures))
        problems += few(_duplicates(sized[-1]))
    count = sum(len(each.items) for each in sized if not each.is_video)
    if count in range(1, FEW) and subject.project.settings.trainer != "rehearsal":
        message = f"{count} images: a simple motion takes about {FEW}, a character with a style 50 to 100."
        place = subject.at_data_set(0, "image_jsonl_file")
        problems.append(hint("few-items", place, message, "Add images, or watch the samples for overfitting."))
    return sized, problems


def _missing_videos(data_set: DataSet) -> Iterator[Problem]:
    for item in data_set.items:
        for path in (item.target, *item.controls):
            if not path.exists():
                message = f"{plain(str(path), 200)} is not there."
                yield error("missing-image", item.place, message, "Put it there, or take the line out.")


def _files(data_set: DataSet, pictures: Pictures) -> Iterator[Problem]:
    keeps_small = data_set.settings.get("bucket_no_upscale") is True and data_set.settings.get("enable_bucket") is True
    for item in data_set.items:
        for path in (item.target, *item.controls):
            trouble = pictures.look(path).trouble
            if trouble == "missing":
                message = f"{plain(str(path), 200)} is not there: caching ends here."
                yield error("missing-image", item.place, message, "Put it there, or take the line out.")
            elif trouble is not None:
                message = (
                    f"{plain(str(path), 200)} is no picture that can be opened, or is cut short: caching ends here."
                )
                yield error("unreadable-image", item.place, message, "Copy it anew, or take the line out.")
        if keeps_small and item.size is not None and min(item.size) < STEP:
            message = f"{plain(item.target.name, 80)} is {item.size[0]}x{item.size[1]}: smaller than {STEP} pixels."
            yield error("too-small-image", item.place, message, "Take it out, or set bucket_no_upscale = false.")
        yield from _given_away(item, pictures)


def _given_away(item: Item, pictures: Pictures) -> Iterator[Problem]:
    target = pictures.look(item.target).status
    for control in item.controls:
        other = pictures.look(control).status
        if target is None or other is None or target.st_size != other.st_size:
            continue
        same_file = (target.st_dev, target.st_ino) == (other.st_dev, other.st_ino)
        if same_file or _same_content(item.target, control):
            how = "is the target itself" if same_file else "has the same content as the target"
            message = (
                f"The control image {plain(control.name, 80)} {how}: the LoRA learns to copy, at a loss near 0.01."
            )
            yield error("input-is-target", item.place, message, "Name the picture that the target is made from.")
            return


def _same_content(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def _duplicates(data_set: DataSet) -> Iterator[Problem]:
    first = dict[str, Item]()
    for item in data_set.items:
        other = first.setdefault(item.target.stem, item)
        if other is not item:
            message = f"A second {plain(item.target.stem, 80)}: its caches overwrite those of {_where(other.place)}."
            yield error("duplicate-basename", item.place, message, "Give each picture a name of its own.")


def _where(place: Place) -> str:
    return f"line {place.line}" if place.line else place.text


def _look(path: Path) -> Picture:
    try:
        status = path.stat()
        if not path.is_file():
            return Picture(None, "missing" if not path.exists() else "unreadable")
        with path.open("rb") as file:
            head = file.read(26)
            file.seek(max(0, status.st_size - _TAIL))
            tail = file.read(_TAIL)
    except (FileNotFoundError, NotADirectoryError):
        return Picture(None, "missing")
    except (OSError, ValueError):
        return Picture(None, "unreadable")
    if head.startswith(_PNG) and head[12:16] == b"IHDR" and _PNG_END in tail:
        size = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
        if min(size) > 0 and max(size) < 1 << 20:
            return Picture(size, None, status)
    return _opened(path, status, is_whole=head.startswith(b"\xff\xd8") and _JPEG_END in tail)


def _opened(path: Path, status: os.stat_result, *, is_whole: bool) -> Picture:
    import warnings

    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                size = image.size
                if not is_whole:
                    image.load()
    except Exception:  # Pillow's readers raise whatever they meet: SyntaxError, struct.error, DecompressionBombError
        return Picture(None, "unreadable", status)
    return Picture(size, None, status)
