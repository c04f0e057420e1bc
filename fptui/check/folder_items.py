"""Items out of a folder of images or videos: captions beside them, controls by name (dataset/datasources.py)."""

import os
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fptui.check.data import Item
from fptui.check.few import Few
from fptui.check.metadata_lines import controls_needed
from fptui.check.problem import Place, error, warning
from fptui.check.subject import Subject
from fptui.core.musubi.data_set_keys import is_video
from fptui.core.musubi.files import entries
from fptui.core.text import plain

_IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".avif")
_VIDEOS = (".mp4", ".webm", ".avi", ".mkv", ".mov", ".flv", ".wmv", ".m4v", ".mpg", ".mpeg")
_ENDINGS = {
    False: frozenset(end for each in _IMAGES for end in (each, each.upper())),
    True: frozenset(end for each in _VIDEOS for end in (each, each.upper())),
}
"""dataset/media_utils.py, without JPEG XL, which takes a package more: lower or upper case, nothing between."""
_LARGEST_CAPTION = 1 << 20


def folder_items(
    subject: Subject, number: int, folder: Path, settings: Mapping[str, Any], problems: Few
) -> Iterator[Item]:
    """One a picture that has a caption file; the trainer leaves the others out without a word. Videos it keeps."""
    ending, names = settings.get("caption_extension"), [path.name for path in entries(folder)]
    if not isinstance(ending, str) or not ending:
        return
    targets = media(names, video=is_video(settings))
    if not is_video(settings):
        captioned = {_stem(name) for name in names if name.endswith(ending)}
        dropped = [name for name in targets if _stem(name) not in captioned]
        if dropped:
            message = f"{len(dropped)} of {len(targets)} images have no caption file, and are left out without a word: "
            message += f"{plain(dropped[0], 80)}{' and others' * (len(dropped) > 1)}."
            place, say = (
                subject.at_data_set(number, "image_directory"),
                error if len(dropped) == len(targets) else warning,
            )
            problems.add(say("skipped-items", place, message, f"Add files that end with {plain(ending, 40)}."))
        targets = [name for name in targets if _stem(name) in captioned]
    named = settings.get("control_directory")
    controls = dict[str, list[Path]]()
    if isinstance(named, str) and named and targets:
        lying = subject.project.path / named
        find = _control_videos if is_video(settings) else _control_images
        controls = find(subject, number, lying, targets, problems)
    elif targets and not is_video(settings) and subject.settings.get("one_frame") is True:
        place = subject.at_data_set(number, "control_directory")
        message = f"control_directory is not set, and each item needs {controls_needed(settings)} control images: "
        problems.add(error("missing-control", place, f"{message}caching ends.", "Name the folder where they lie."))
    for name in targets:
        caption = _caption(subject, folder / f"{_stem(name)}{ending}", problems)
        yield Item(folder / name, tuple(controls.get(name, ())), caption, Place(subject.shown(folder / name)))


def media(names: list[str], *, video: bool) -> list[str]:
    """In order; by glob, which leaves out names that begin with a point."""
    return sorted(
        name
        for name in names
        if os.path.splitext(name)[1] in _ENDINGS[video] and not name.startswith(".")  # noqa: PTH122
    )


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]  # noqa: PTH122 - as the trainer, of a name


def _caption(subject: Subject, path: Path, problems: Few) -> str | None:
    place = Place(subject.shown(path))
    try:
        if not path.is_file():
            raise FileNotFoundError
        with path.open("rb") as file:
            caption = file.read(_LARGEST_CAPTION).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n").strip()
    except (OSError, ValueError):
        message = "The caption file is not there, or is no UTF-8 text: caching ends here."
        problems.add(error("missing-caption", place, message, "Write it anew, in UTF-8."))
        return None
    if not caption:
        problems.add(warning("empty-caption", place, "The caption is empty.", "Say what the picture shows."))
    return caption


def _control_images(
    subject: Subject, number: int, folder: Path, targets: list[str], problems: Few
) -> dict[str, list[Path]]:
    """`a.png`, `a_0.png`, `a_1.png` … for `a.png`."""
    if not os.path.isdir(folder):  # noqa: PTH112 - which raises nothing
        message = f"control_directory, {plain(str(folder), 200)}, is no folder that is there."
        place = subject.at_data_set(number, "control_directory")
        problems.add(error("missing-file", place, message, "Name the right one."))
        return {}
    needed = controls_needed(subject.data_sets[number])
    left = media([path.name for path in entries(folder)], video=False)
    taken, found = set[str](), dict[str, list[Path]]()
    # Longer names first, so that a_2.png is not taken for a control of a.png where there is an a_2.png to train on.
    for target in sorted(targets, key=len, reverse=True):
        stem = _stem(target)
        mine = [name for mark in "._" for name in _beginning_with(left, f"{stem}{mark}") if name not in taken]
        taken.update(mine)
        wrong = next((name for name in mine if _order(name, stem) is None), None)
        if wrong is not None:
            message = f"The name of {plain(wrong, 80)} does not end with a number: the trainer ends at once."
            fix = f"Call it {plain(stem, 60)}_0{plain(os.path.splitext(wrong)[1])}, _1, …"  # noqa: PTH122
            problems.add(error("missing-control", Place(subject.shown(folder / wrong)), message, fix))
        elif len(mine) < needed:
            message = f"{len(mine)} of {needed} control images for {plain(target, 80)}: the trainer ends at once."
            fix = f"Add {plain(stem, 60)}_{len(mine)}.png to control_directory."
            problems.add(error("missing-control", subject.at_data_set(number, "control_directory"), message, fix))
        found[target] = [folder / name for name in sorted(mine, key=lambda name: _order(name, stem) or 0)[:needed]]
    return found


def _beginning_with(names: list[str], beginning: str) -> Iterator[str]:
    for at in range(bisect_left(names, beginning), len(names)):
        if not names[at].startswith(beginning):
            return
        yield names[at]


def _order(control: str, target_stem: str) -> int | None:
    stem = _stem(control)
    if stem == target_stem:
        return 0
    try:
        return int(stem.rpartition("_")[2]) + 1 if stem.rpartition("_")[2].isdigit() else None
    except ValueError:  # digits that are no number, as ²
        return None


def _control_videos(
    subject: Subject, number: int, folder: Path, targets: list[str], problems: Few
) -> dict[str, list[Path]]:
    """A video, or a folder of images, of the same name."""
    found, there = dict[str, list[Path]](), {path.name: path for path in entries(folder)}
    for target in targets:
        stem = _stem(target)
        names = (target, stem, *(f"{stem}{end}" for each in _VIDEOS for end in (each, each.upper())))
        path = next((there[name] for name in names if name in there), None)
        if path is None:
            message = f"No control video for {plain(target, 80)}: the trainer ends at once."
            place = subject.at_data_set(number, "control_directory")
            problems.add(error("missing-control", place, message, "Add one of the same name, or take the key out."))
        else:
            found[target] = [path]
    return found
