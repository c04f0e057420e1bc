"""The data-set file by the trainer's schema: keys, types, sources. What passes it and ends training all the same is in
`check.dataset_values`."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from fptui.check.dataset_values import value_problems
from fptui.check.problem import Place, Problem, error, warning
from fptui.check.subject import Subject
from fptui.core.musubi.data_set_keys import EXTRACTIONS, GENERAL, IMAGES, OLD_NAMES, VIDEOS, Kind, is_video
from fptui.core.text import plain

_CLOSE = 0.6


def schema_problems(subject: Subject) -> Iterator[Problem]:
    """What the trainer or a caching program refuses, or ends with, before it looks at any item."""
    if subject.dataset is None:
        return
    for key in subject.dataset.tables:
        if key not in ("general", "datasets"):
            message = f"{plain(key, 60)} is neither in [general] nor in [[datasets]]: the trainer refuses the file."
            yield error("unknown-key", subject.dataset.at(key), message, "Move it into [general] or [[datasets]].")
    general, found = subject.dataset.tables.get("general", {}), subject.dataset.tables.get("datasets", [])
    if not isinstance(general, dict):
        yield error("wrong-type", subject.dataset.at("general"), "general must be a table.", "Write it as [general].")
        return
    if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
        message, place = "datasets must be a list of tables.", subject.dataset.at("datasets")
        yield error("wrong-type", place, message, "Write each data set below a line [[datasets]].")
        return
    yield from _keys(subject, general, GENERAL, "general")
    if not found:
        message = "There is no [[datasets]]: the trainer ends at once."
        place = Place(subject.dataset.shown, None, "datasets")
        yield error("missing-key", place, message, "Add a line [[datasets]], and the source of the images below it.")
        return
    for number, table in enumerate(found):
        yield from _data_set(subject, number, table)
    yield from value_problems(subject)


def _keys(subject: Subject, table: Mapping[str, Any], known: Mapping[str, Kind], where: str) -> Iterator[Problem]:
    assert subject.dataset is not None
    for key, value in table.items():
        place, new = subject.dataset.at(f"{where}.{key}"), OLD_NAMES.get(key, key)
        if new not in known:
            yield _unknown(place, key, known, where)
        elif not known[new].fits(value):
            message = f"{key} must be {known[new].words}: the trainer refuses the file."
            yield error("wrong-type", place, message, f"Write {key} = {known[new].example}, in the way of that.")
        elif new != key and new in table:
            message = f"{key} is the old name of {new}, which is set too: this one is dropped."
            yield warning("ineffective-key", place, message, "Take it out.")


def _unknown(place: Place, key: str, known: Mapping[str, Kind], where: str) -> Problem:
    table = "[general]" if where == "general" else "[[datasets]]"
    message = f"The trainer knows no {plain(key, 60)} in {table}, and refuses the file."
    if where == "general" and (key in IMAGES or key in VIDEOS):
        return error("unknown-key", place, message, "Move it into each [[datasets]].")
    if key in IMAGES or key in VIDEOS:
        kind = "images" if key in IMAGES else "videos"
        return error("unknown-key", place, message, f"It is for a data set of {kind}: take it out.")
    near = get_close_matches(key, known, 1, _CLOSE)
    return error("unknown-key", place, message, f"Did you mean {near[0]}?" if near else "Take it out.")


def _data_set(subject: Subject, number: int, table: Mapping[str, Any]) -> Iterator[Problem]:
    where = f"datasets[{number}]"
    images = "image_directory" in table or "image_jsonl_file" in table
    if images and is_video(table):
        key = "video_directory" if "video_directory" in table else "video_jsonl_file"
        message = "This data set names images and videos: the trainer refuses the file."
        yield error("fatal-combination", subject.at_data_set(number, key), message, "Make two [[datasets]] of it.")
        return
    yield from _keys(subject, table, VIDEOS if is_video(table) else IMAGES, where)
    if not images and not is_video(table):
        message = "This data set has no source: neither images nor videos."
        place = subject.at_data_set(number, "image_jsonl_file")
        yield error("missing-key", place, message, "Name image_jsonl_file or image_directory, or those of videos.")
        return
    yield from _source(subject, number, table)
    way = table.get("frame_extraction", "head")
    if is_video(table) and isinstance(way, str) and way not in EXTRACTIONS:
        near = get_close_matches(way, EXTRACTIONS, 1)
        fix = f"{f'Did you mean {near[0]}? ' if near else ''}Known are {', '.join(EXTRACTIONS)}."
        message = f'frame_extraction = "{plain(way, 40)}": the trainer knows no such way.'
        yield error("wrong-choice", subject.at_data_set(number, "frame_extraction"), message, fix)


def _source(subject: Subject, number: int, table: Mapping[str, Any]) -> Iterator[Problem]:
    kind = "video" if is_video(table) else "image"
    folder, lines = f"{kind}_directory", f"{kind}_jsonl_file"
    for key in (folder, lines, "cache_directory", "control_directory"):
        if table.get(key) == "":
            message = f"{key} is empty: the trainer looks in the folder in which it is started."
            yield error("missing-key", subject.at_data_set(number, key), message, "Name it, or take it out.")
    if folder in table and lines in table:
        message = f"{folder} wins, and {lines} is not read."
        yield warning("ineffective-key", subject.at_data_set(number, lines), message, "Take one of the two out.")
    elif folder not in table and "cache_directory" not in table:
        message = f"cache_directory is not set, and {lines} needs one: caching ends at once."
        place = subject.at_data_set(number, "cache_directory")
        yield error("missing-key", place, message, "Name a folder of this version.")
    if folder not in table and "control_directory" in table:
        message = f"control_directory does nothing beside {lines}, whose lines name the controls."
        yield warning("ineffective-key", subject.at_data_set(number, "control_directory"), message, "Take it out.")
    if folder in table and not subject.data_sets[number].get("caption_extension"):
        message = f"caption_extension is not set, and {folder} needs it: caching ends at the first item."
        place = subject.at_data_set(number, "caption_extension")
        yield error("missing-key", place, message, 'Write caption_extension = ".txt".')
