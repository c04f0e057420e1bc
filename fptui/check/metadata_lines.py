"""Items out of a JSONL file, line by line, as dataset/datasources.py reads it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fptui.check.data import Item
from fptui.check.few import Few
from fptui.check.problem import Place, error, hint, warning
from fptui.check.subject import Subject
from fptui.core.musubi.data_set_keys import is_video
from fptui.core.text import plain

_LONGEST = 1 << 20
"""Characters of a line."""
_CONTROL = "control_path_"


class NoItem(ValueError):
    """A line at which the trainer ends, or the caching programs do. The message is the reason."""


def metadata_items(
    subject: Subject, number: int, path: Path, settings: Mapping[str, Any], problems: Few
) -> Iterator[Item]:
    """One a line that is an object with a path. The trainer ends at the first line that is none."""
    name, folder, video = subject.shown(path), subject.project.path, is_video(settings)
    found, relative, controlled, few_controls = 0, 0, 0, Few()
    needed = 1 if video else controls_needed(settings)
    paths = _Paths(folder)
    try:
        for count, line in _lines(path):
            place = Place(name, count)
            try:
                record = _record(line)
                target, controls = _target(record, video=video), _controls(record, video=video)
            except NoItem as why:
                message = f"{why}: the trainer or the caching ends here."
                problems.add(error("broken-json-line", place, message, _example("video" if video else "image")))
                continue
            found += 1
            relative += not target.startswith("/")
            controlled += bool(controls)
            if len(controls) < needed:
                key = "control_path" if video else f"{_CONTROL}{len(controls)}"
                message = f"{len(controls)} of {needed} control images: the trainer ends at once."
                few_controls.add(error("missing-control", place, message, f'Add "{key}": "/…".'))
            caption = _caption(record, place, problems)
            yield Item(paths.of(target), tuple(map(paths.of, controls[:needed])), caption, place)
    except OSError as failed:
        message = f"{name} cannot be read: {plain(failed.strerror or str(failed))}."
        problems.add(error("missing-file", Place(name), message, "Make it readable."))
        return
    if relative:
        message = f"{relative} paths are relative: right only where the trainer is started in the project's folder."
        problems.add(hint("relative-path", Place(name), message, "Write whole paths."))
    if controlled:
        problems.take(few_controls)
    elif found and not video:
        message = f"No line names a control image, and each item needs {needed}: caching ends at the first."
        place = subject.at_data_set(number, "image_jsonl_file")
        problems.add(error("missing-control", place, message, 'Add "control_path_0": "/…" to each line.'))


def controls_needed(settings: Mapping[str, Any]) -> int:
    """Images an item; without fp_1f_clean_indices the trainer wants one."""
    indices = settings.get("fp_1f_clean_indices")
    return len(indices) if isinstance(indices, list) and indices else 1


class _Paths:
    """Many lines name the same few files, or files of the same few folders: an object for each, made from its folder's,
    which takes half the time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = dict[str, Path]()
        self._folders = dict[str, Path]()

    def of(self, text: str) -> Path:
        path = self._known.get(text)
        if path is None:
            name_at = text.rfind("/") + 1
            folder = text[:name_at]
            parent = self._folders.get(folder)
            if parent is None:
                parent = self._folders[folder] = self._folder / folder
            path = self._known[text] = parent / text[name_at:]
        return path


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """With universal line ends, as the trainer opens it. What is not UTF-8 comes as surrogates."""
    with path.open(encoding="utf-8", errors="surrogateescape") as file:
        count, within = 0, False
        while line := file.readline(_LONGEST):
            count += not within
            if not within:
                yield count, line
            within = not line.endswith("\n")


def _record(line: str) -> dict[str, Any]:
    if len(line) == _LONGEST and not line.endswith("\n"):
        raise NoItem("A line of more than a million characters is no item")
    if not line.strip():
        raise NoItem("An empty line is no JSON")
    try:
        record = json.loads(line)
        if not line.isascii():
            line.encode("utf-8")
    except UnicodeEncodeError:
        raise NoItem("This line is not UTF-8") from None
    except (ValueError, RecursionError) as wrong:
        raise NoItem(f"No JSON ({plain(str(wrong).partition(':')[0], 80)})") from None
    if not isinstance(record, dict):
        raise NoItem("No JSON object")
    return record


def _target(record: Mapping[str, Any], *, video: bool) -> str:
    if video:
        return _path("video_path", record.get("video_path"))
    return _path("image_path", record.get("image_path", record.get("image_path_0")))


def _controls(record: dict[str, Any], *, video: bool) -> list[str]:
    """Numbered anew in the order of their numbers, with the trainer's own way of losing some."""
    if video:
        return [_path("control_path", record["control_path"])] if "control_path" in record else []
    keys = [key for key in record if key.startswith(_CONTROL)]
    if "control_path" in record:
        record[f"{_CONTROL}0"] = record.pop("control_path")
        keys = [key for key in record if key.startswith(_CONTROL)]
    if keys != [f"{_CONTROL}{number}" for number in range(len(keys))]:
        _renumber(record, keys)
    found = list[str]()
    while (key := f"{_CONTROL}{len(found)}") in record:
        found.append(_path(key, record[key]))
    return found


def _renumber(record: dict[str, Any], keys: list[str]) -> None:
    try:
        keys.sort(key=lambda key: int(key.rpartition("_")[2]))
    except ValueError:
        wrong = next(key for key in keys if not key.rpartition("_")[2].isdecimal())
        raise NoItem(f"{plain(wrong, 40)} does not end with a number") from None
    for number, key in enumerate(keys):
        if key != f"{_CONTROL}{number}":
            if key not in record:
                raise NoItem("The numbers of its controls take each other's places")
            record[f"{_CONTROL}{number}"] = record.pop(key)


def _path(key: str, value: Any) -> str:
    if value is None:
        raise NoItem(f"No {key} in this line")
    if not isinstance(value, str) or not value or "\0" in value:
        raise NoItem(f"{key} is no path")
    return value


def _example(kind: str) -> str:
    controls = ', "control_path_0": "/…"' if kind == "image" else ""
    return f'One object a line, and no empty line: {{"{kind}_path": "/…"{controls}, "caption": "…"}}'


def _caption(record: Mapping[str, Any], place: Place, problems: Few) -> str | None:
    caption = record.get("caption")
    if not isinstance(caption, str):
        what = "No caption in this line" if caption is None else "The caption is no text"
        problems.add(error("missing-caption", place, f"{what}: caching ends here.", 'Write "caption": "…".'))
        return None
    if not caption.strip():
        problems.add(warning("empty-caption", place, "The caption is empty.", "Say what the picture shows."))
    return caption
