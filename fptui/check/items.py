"""The items of each data set, found as the trainer finds them (dataset/datasources.py)."""

from collections.abc import Iterator, Mapping
from typing import Any

from fptui.check.data import DataSet, Item
from fptui.check.dataset_schema import is_video
from fptui.check.few import few
from fptui.check.folder_items import folder_items
from fptui.check.metadata_lines import metadata_items
from fptui.check.problem import Problem, error
from fptui.check.subject import Subject
from fptui.core.text import plain


def read_data_sets(subject: Subject) -> tuple[list[DataSet], list[Problem]]:
    """All of them, with what is wrong with their sources, lines and captions."""
    sets: list[DataSet] = []
    problems: list[Problem] = []
    for number, settings in enumerate(subject.data_sets):
        found: list[Problem] = []
        items = list(_items(subject, number, settings, found))
        problems += few(found)
        cache = settings.get("cache_directory") or settings.get("image_directory") or settings.get("video_directory")
        folder = subject.project.path / cache if isinstance(cache, str) else None
        sets.append(DataSet(number, settings, is_video(settings), tuple(items), folder))
    return sets, problems


def _items(subject: Subject, number: int, settings: Mapping[str, Any], problems: list[Problem]) -> Iterator[Item]:
    kind = "video" if is_video(settings) else "image"
    for key in (f"{kind}_directory", f"{kind}_jsonl_file"):
        value = settings.get(key)
        if not isinstance(value, str) or not value:
            continue
        path = subject.project.path / value
        is_there = path.is_dir() if key.endswith("directory") else path.is_file()
        if not is_there:
            message = f"{key}, {plain(str(path), 200)}, is not there."
            problems.append(error("missing-file", subject.at_data_set(number, key), message, "Name the right one."))
        elif key.endswith("directory"):
            yield from folder_items(subject, number, path, settings, problems)
        else:
            yield from metadata_items(subject, number, path, settings, problems)
        return
