"""Items out of a folder of images or videos: captions beside them, controls by name."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fptui.check.data import Item
from fptui.check.dataset_schema import is_video
from fptui.check.problem import Place, Problem, error, warning
from fptui.check.subject import Subject
from fptui.core.musubi.files import entries
from fptui.core.text import plain

_IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".avif")
_VIDEOS = (".mp4", ".webm", ".avi", ".mkv", ".mov", ".flv", ".wmv", ".m4v", ".mpg", ".mpeg")
_ENDINGS = {False: frozenset(e for s in _IMAGES for e in (s, s.upper())),
            True: frozenset(e for s in _VIDEOS for e in (s, s.upper()))}  # fmt: skip
"""dataset/media_utils.py: lower or upper case, nothing between."""
_LARGEST_CAPTION = 1 << 20


def folder_items(
    subject: Subject, number: int, folder: Path, settings: Mapping[str, Any], problems: list[Problem]
) -> Iterator[Item]:
    """One a picture that has a caption file; the trainer leaves the others out without a word."""
    video = is_video(settings)
    files = entries(folder)
    targets = _media(files, video=video)
    ending = settings.get("caption_extension")
    key = "video_directory" if video else "image_directory"
    if not isinstance(ending, str) or not ending:
        return
    if not video:
        captioned = {file.stem for file in files if file.name.endswith(ending)}
        dropped = [target for target in targets if target.stem not in captioned]
        if dropped:
            message = f"{len(dropped)} of {len(targets)} images have no caption file, and are left out without a word: "
            message += f"{plain(dropped[0].name, 80)}{' and others' * (len(dropped) > 1)}."
            problems.append(warning("skipped-items", subject.at_data_set(number, key), message, f"Add {ending} files."))
        targets = [target for target in targets if target.stem in captioned]
    if not targets:
        message = f"{plain(str(folder), 200)} holds nothing to train on."
        problems.append(
            error("missing-image", subject.at_data_set(number, key), message, "Put pictures and captions there.")
        )
    controls = {} if video else _controls(subject, number, targets, settings, problems)
    for target in targets:
        place = Place(subject.shown(target))
        caption = _caption(target.with_suffix(ending), subject, problems)
        yield Item(target, tuple(controls.get(target, ())), caption, place)


def _media(files: list[Path], *, video: bool) -> list[Path]:
    """By glob, which leaves out names that begin with a point."""
    return sorted(file for file in files if file.suffix in _ENDINGS[video] and not file.name.startswith("."))


def _caption(path: Path, subject: Subject, problems: list[Problem]) -> str | None:
    place = Place(subject.shown(path))
    try:
        if not path.is_file():
            raise FileNotFoundError
        with path.open("rb") as file:
            caption = file.read(_LARGEST_CAPTION).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        message = "The caption file cannot be read as UTF-8 text: caching ends here."
        problems.append(error("missing-caption", place, message, "Write it anew, in UTF-8."))
        return None
    if not caption:
        problems.append(warning("empty-caption", place, "The caption is empty.", "Say what the picture shows."))
    return caption


def _controls(
    subject: Subject, number: int, targets: list[Path], settings: Mapping[str, Any], problems: list[Problem]
) -> dict[Path, list[Path]]:
    folder, indices = settings.get("control_directory"), settings.get("fp_1f_clean_indices")
    needed = len(indices) if isinstance(indices, list) and indices else 1
    place = subject.at_data_set(number, "control_directory")
    if not isinstance(folder, str):
        if targets and subject.settings.get("one_frame") is True:
            message = f"control_directory is not set, and each item needs {needed} control images: caching ends."
            problems.append(error("missing-control", place, message, "Name the folder with the control images."))
        return {}
    path = subject.project.path / folder
    if not path.is_dir():
        message = f"control_directory, {plain(str(path), 200)}, is not there."
        problems.append(error("missing-file", place, message, "Name the right one."))
        return {}
    left = _media(entries(path), video=False)
    by_first = dict[str, list[Path]]()
    for candidate in left:
        by_first.setdefault(candidate.name[:1], []).append(candidate)
    found = dict[Path, list[Path]]()
    # Longer names first, so that a_2.png is not taken for a control of a.png.
    for target in sorted(targets, key=lambda each: len(each.name), reverse=True):
        candidates = by_first.get(target.name[:1], [])
        mine = [each for each in candidates if each.name.startswith((f"{target.stem}.", f"{target.stem}_"))]
        if mine:
            by_first[target.name[:1]] = [each for each in candidates if each not in mine]
        wrong = next((each for each in mine if _order(each, target) is None), None)
        if wrong is not None:
            message = f"The name of {plain(wrong.name, 80)} does not end with a number: the trainer ends at once."
            fix = f"Call it {plain(target.stem, 60)}_0{wrong.suffix}, _1, …"
            problems.append(error("missing-control", Place(subject.shown(wrong)), message, fix))
        elif len(mine) < needed:
            message = (
                f"{len(mine)} control images for it, and fp_1f_clean_indices wants {needed}: the trainer ends at once."
            )
            fix = f"Add {plain(target.stem, 60)}_{len(mine)}{target.suffix} to control_directory."
            problems.append(error("missing-control", Place(subject.shown(target)), message, fix))
        found[target] = sorted(mine, key=lambda each: _order(each, target) or 0)[:needed]
    return found


def _order(control: Path, target: Path) -> int | None:
    if control.stem == target.stem:
        return 0
    digits = control.stem.rpartition("_")[2]
    return int(digits) + 1 if digits.isdecimal() and len(digits) < 10 else None
