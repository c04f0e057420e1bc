"""The data-set file by the trainer's schema (dataset/config_utils.py), and the values that pass it and end training."""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from fptui.check.problem import Place, Problem, error, hint, warning
from fptui.check.subject import Subject
from fptui.core.musubi.buckets import STEP, resolution_of
from fptui.core.text import plain


def _is_whole(value: Any) -> bool:
    return isinstance(value, int)


def _is_size(value: Any) -> bool:
    return resolution_of(value) is not None


def _is_list_of_whole(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, int) for each in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


_Kind = tuple[Callable[[Any], bool], str]
_SIZE: _Kind = (_is_size, "a whole number or [width, height]")
_TEXT: _Kind = (_is_text, "a text")
_WHOLE: _Kind = (_is_whole, "a whole number")
_SWITCH: _Kind = (_is_switch, "true or false")
_LIST: _Kind = (_is_list_of_whole, "a list of whole numbers")
_GENERAL: dict[str, _Kind] = {
    "resolution": _SIZE,
    "caption_extension": _TEXT,
    "batch_size": _WHOLE,
    "num_repeats": _WHOLE,
    "enable_bucket": _SWITCH,
    "bucket_no_upscale": _SWITCH,
}
_EITHER = {**_GENERAL, "cache_directory": _TEXT, "control_directory": _TEXT, "fp_latent_window_size": _WHOLE}
_IMAGES = {
    **_EITHER,
    **{"image_directory": _TEXT, "image_jsonl_file": _TEXT, "multiple_target": _SWITCH, "no_resize_control": _SWITCH},
    **{"fp_1f_clean_indices": _LIST, "fp_1f_target_index": _WHOLE, "fp_1f_no_post": _SWITCH},
    "control_resolution": _SIZE,
}
_VIDEOS = {
    **_EITHER,
    **{"video_directory": _TEXT, "video_jsonl_file": _TEXT, "target_frames": _LIST, "frame_extraction": _TEXT},
    **{"frame_stride": _WHOLE, "frame_sample": _WHOLE, "max_frames": _WHOLE},
    "source_fps": (lambda value: isinstance(value, float), "a number with a point, as 30.0"),
}
_EXTRACTIONS = ("head", "chunk", "slide", "uniform", "full")


def is_video(table: Mapping[str, Any]) -> bool:
    """As the trainer tells the two kinds apart."""
    return "video_directory" in table or "video_jsonl_file" in table


def schema_problems(subject: Subject) -> Iterator[Problem]:
    """What the trainer would refuse, or end with, before it looks at any item."""
    if subject.dataset is None:
        return
    tables = subject.dataset.tables
    for key in tables:
        if key not in ("general", "datasets"):
            place = subject.dataset.at(key)
            message = f"{plain(key, 60)} is neither [general] nor [[datasets]]: the trainer refuses the file."
            yield error("unknown-key", place, message, "Move it into [general] or [[datasets]].")
    general, found = tables.get("general", {}), tables.get("datasets")
    if not isinstance(general, dict) or not (found is None or isinstance(found, list)):
        name = "datasets" if isinstance(general, dict) else "general"
        message = f"{name} must be written as {'[[datasets]]' if name == 'datasets' else '[general]'}."
        yield error("wrong-type", subject.dataset.at(name), message, "See the example of `fptui init`.")
        return
    yield from _keys(subject, general, _GENERAL, "general")
    if not found:
        message = "There is no [[datasets]]: the trainer ends at once."
        yield error("missing-key", Place(subject.dataset.shown, None, "datasets"), message, "Add one, with its source.")
        return
    for number, table in enumerate(found):
        if isinstance(table, dict):
            yield from _data_set(subject, number, table)
    yield from _shared_caches(subject)


def _keys(subject: Subject, table: Mapping[str, Any], known: Mapping[str, _Kind], where: str) -> Iterator[Problem]:
    assert subject.dataset is not None
    for key, value in table.items():
        place = subject.dataset.at(f"{where}.{key}")
        if key not in known:
            near = get_close_matches(key, known, 1, 0.8)
            name = "[general]" if where == "general" else "[[datasets]]"
            message = f"The trainer knows no {plain(key, 60)} in {name}, and refuses the file."
            elsewhere = key in _IMAGES or key in _VIDEOS
            fix = "Move it into [[datasets]]." if elsewhere and where == "general" else "Take it out."
            yield error("unknown-key", place, message, f"Did you mean {near[0]}?" if near else fix)
        elif not known[key][0](value):
            message = f"{key} must be {known[key][1]}: the trainer refuses the file."
            yield error("wrong-type", place, message, "Write it in that way.")


def _data_set(subject: Subject, number: int, table: Mapping[str, Any]) -> Iterator[Problem]:
    where, whole = f"datasets[{number}]", subject.data_sets[number]
    images = "image_directory" in table or "image_jsonl_file" in table
    if images and is_video(table):
        message = "This data set names images and videos: the trainer refuses the file."
        yield error("fatal-combination", subject.at_data_set(number, where), message, "Make two [[datasets]] of it.")
        return
    yield from _keys(subject, table, _VIDEOS if is_video(table) else _IMAGES, where)
    yield from _ranges(subject, number, whole)
    if not images and not is_video(table):
        message = "This data set has no source: neither images nor videos."
        place = subject.at_data_set(number, "image_jsonl_file")
        yield error("missing-key", place, message, "Name image_jsonl_file, image_directory, or the video ones.")
        return
    yield from _sources(subject, number, table, whole)
    if images:
        yield from _one_frame(subject, number, whole)
    elif table.get("frame_extraction", "head") not in _EXTRACTIONS:
        message = "frame_extraction: the trainer knows no such way."
        fix = f"Known are {', '.join(_EXTRACTIONS)}."
        yield error("wrong-choice", subject.at_data_set(number, "frame_extraction"), message, fix)


def _ranges(subject: Subject, number: int, whole: Mapping[str, Any]) -> Iterator[Problem]:
    why = {"batch_size": "caching never ends", "num_repeats": "there is nothing to train on"}
    for key, what in why.items():
        value = whole.get(key, 1)
        if isinstance(value, int) and value < 1:
            yield error(
                "wrong-choice", subject.at_data_set(number, key), f"{key} = {value}: {what}.", "Write 1 or more."
            )
    size, place = resolution_of(whole.get("resolution", [960, 544])), subject.at_data_set(number, "resolution")
    if size is None:
        return
    if min(size) < 1:
        yield error("wrong-choice", place, "resolution must be above 0.", "512x768 is the usual: [512, 768].")
    elif whole.get("enable_bucket") is True:
        if size[0] * size[1] < 32 * 32:
            yield error("wrong-choice", place, "resolution is less than 32x32: no bucket is left.", "[512, 768]")
    elif any(side % STEP for side in size):
        message = f"resolution {size[0]}x{size[1]} is no multiple of {STEP}, and there are no buckets: step 1 fails."
        fix = f"Write [{_near(size[0])}, {_near(size[1])}], or enable_bucket = true."
        yield error("size-not-multiple", place, message, fix)
    if whole.get("bucket_no_upscale") is True and whole.get("enable_bucket") is not True:
        message = "bucket_no_upscale does nothing without enable_bucket."
        yield hint("ineffective-key", subject.at_data_set(number, "bucket_no_upscale"), message, "enable_bucket = true")


def _near(side: int) -> int:
    return max(STEP, round(side / STEP) * STEP)


def _sources(subject: Subject, number: int, table: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[Problem]:
    lists = [key for key in ("image_jsonl_file", "video_jsonl_file") if key in table]
    folders = [key for key in ("image_directory", "video_directory") if key in table]
    if lists and folders:
        message = f"{folders[0]} wins, and {lists[0]} is ignored."
        yield warning("ineffective-key", subject.at_data_set(number, lists[0]), message, "Take one of them out.")
    elif lists and not whole.get("cache_directory"):
        message = f"cache_directory is not set, and {lists[0]} needs one: caching ends at once."
        yield error(
            "missing-key", subject.at_data_set(number, "cache_directory"), message, "Name a folder of this version."
        )
    elif lists and "control_directory" in table:
        message = f"control_directory does nothing beside {lists[0]}, whose lines name the controls."
        yield warning("ineffective-key", subject.at_data_set(number, "control_directory"), message, "Take it out.")
    if folders and not whole.get("caption_extension"):
        message = f"caption_extension is not set, and {folders[0]} needs it: caching ends at the first item."
        yield error("missing-key", subject.at_data_set(number, "caption_extension"), message, 'Write ".txt".')
    cache = whole.get("cache_directory")
    if isinstance(cache, str) and any(character in cache for character in "[]*?"):
        message = "cache_directory holds a [, ], * or ?: training finds no cache in it."
        yield error("wrong-choice", subject.at_data_set(number, "cache_directory"), message, "Give it another name.")


def _one_frame(subject: Subject, number: int, whole: Mapping[str, Any]) -> Iterator[Problem]:
    if subject.settings.get("one_frame") is True:
        if "fp_1f_target_index" not in whole:
            message = "fp_1f_target_index is not set: caching ends at the first item."
            yield error("missing-key", subject.at_data_set(number, "fp_1f_target_index"), message, "5 or 9 are usual.")
        if not whole.get("fp_1f_clean_indices"):
            message = "fp_1f_clean_indices is not set: the trainer takes [0], one control image an item."
            place = subject.at_data_set(number, "fp_1f_clean_indices")
            yield warning("missing-key", place, message, "Write one index for each control image.")
    for key in ("multiple_target", "no_resize_control"):
        if whole.get(key) is True:
            message = f"{key} does not work with FramePack: caching or training ends."
            yield error("fatal-combination", subject.at_data_set(number, key), message, "Take it out.")
    if "control_resolution" in whole:
        message = "control_resolution ends one-frame caching where it leads to another size than the bucket's."
        yield warning("fatal-combination", subject.at_data_set(number, "control_resolution"), message, "Take it out.")


def _shared_caches(subject: Subject) -> Iterator[Problem]:
    seen = dict[object, int]()
    for number, whole in enumerate(subject.data_sets):
        folder = whole.get("cache_directory") or whole.get("image_directory") or whole.get("video_directory")
        if folder in seen:
            message = f"cache_directory is that of data set {seen[folder]} too: the trainer ends at once."
            yield error("fatal-combination", subject.at_data_set(number, "cache_directory"), message, "One for each.")
        elif isinstance(folder, str):
            seen[folder] = number
