"""The items of each data set, found as the trainer finds them (dataset/datasources.py)."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from fptui.check.data import DataSet, Item
from fptui.check.few import Few
from fptui.check.folder_items import folder_items
from fptui.check.metadata_lines import metadata_items
from fptui.check.problem import Problem, error
from fptui.check.subject import Subject
from fptui.core.musubi.data_set_keys import cache_folder, is_video
from fptui.core.text import plain


def read_data_sets(subject: Subject) -> tuple[list[DataSet], list[Problem]]:
    """All of them, with what is wrong with their sources, lines and captions."""
    sets: list[DataSet] = []
    problems: list[Problem] = []
    for number, settings in enumerate(subject.data_sets):
        found = Few()
        items = tuple(_items(subject, number, settings, found))
        problems += found
        cache = cache_folder(settings)
        folder = subject.project.path / cache if cache else None
        sets.append(DataSet(number, settings, is_video(settings), items, folder))
    return sets, problems


def _items(subject: Subject, number: int, settings: Mapping[str, Any], problems: Few) -> Iterator[Item]:
    """A folder wins over lines."""
    kind = "video" if is_video(settings) else "image"
    for key in (f"{kind}_directory", f"{kind}_jsonl_file"):
        value = settings.get(key)
        if not isinstance(value, str) or not value:
            continue
        path, is_folder = subject.project.path / value, key.endswith("directory")
        place, count = subject.at_data_set(number, key), 0
        if not (os.path.isdir if is_folder else os.path.isfile)(path):
            message = f"{key}, {plain(str(path), 200)}, is no {'folder' if is_folder else 'file'} that is there."
            problems.add(error("missing-file", place, message, "Name the right one."))
            return
        for item in (folder_items if is_folder else metadata_items)(subject, number, path, settings, problems):
            count += 1
            yield item
        if not count and not any(True for _ in problems):
            message = f"{key} names nothing to train on."
            problems.add(error("missing-image", place, message, "Put something there."))
        return
