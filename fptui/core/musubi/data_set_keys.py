"""The keys of a data-set file and their types, by the trainer's own schema (dataset/config_utils.py, 0.3.4).

It refuses a file with any other key or type. true counts as a number there, and 30 is none where a number with a point
is wanted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """What a value must be. `words` go on from `must be`."""

    fits: Callable[[Any], bool]
    words: str
    example: str


def _is_size(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, list) and len(value) == 2 and _is_list(value))


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, int) for each in value)


SIZE = Kind(_is_size, "a whole number or [width, height]", "[512, 768]")
TEXT = Kind(lambda value: isinstance(value, str), "a text", '"…"')
WHOLE = Kind(lambda value: isinstance(value, int), "a whole number", "1")
SWITCH = Kind(lambda value: isinstance(value, bool), "true or false", "true")
LIST = Kind(_is_list, "a list of whole numbers", "[0, 10]")
POINT = Kind(lambda value: isinstance(value, float), "a number with a point", "30.0")

GENERAL: Mapping[str, Kind] = {
    "resolution": SIZE,
    "caption_extension": TEXT,
    "batch_size": WHOLE,
    "num_repeats": WHOLE,
    "enable_bucket": SWITCH,
    "bucket_no_upscale": SWITCH,
}
_EITHER = {**GENERAL, "cache_directory": TEXT, "control_directory": TEXT, "fp_latent_window_size": WHOLE}
IMAGES: Mapping[str, Kind] = {
    **_EITHER,
    "image_directory": TEXT,
    "image_jsonl_file": TEXT,
    "multiple_target": SWITCH,
    "fp_1f_clean_indices": LIST,
    "fp_1f_target_index": WHOLE,
    "fp_1f_no_post": SWITCH,
    "no_resize_control": SWITCH,
    "control_resolution": SIZE,
}
VIDEOS: Mapping[str, Kind] = {
    **_EITHER,
    "video_directory": TEXT,
    "video_jsonl_file": TEXT,
    "target_frames": LIST,
    "frame_extraction": TEXT,
    "frame_stride": WHOLE,
    "frame_sample": WHOLE,
    "max_frames": WHOLE,
    "source_fps": POINT,
}
EXTRACTIONS = ("head", "chunk", "slide", "uniform", "full")
OLD_NAMES: Mapping[str, str] = {
    "flux_kontext_no_resize_control": "no_resize_control",
    "qwen_image_edit_no_resize_control": "no_resize_control",
    "qwen_image_edit_control_resolution": "control_resolution",
}
"""Renamed as the file is read, with a warning in the log."""
DEFAULT_WINDOW = 9
"""fp_latent_window_size."""


def is_video(table: Mapping[str, Any]) -> bool:
    """As the trainer tells the two kinds apart."""
    return "video_directory" in table or "video_jsonl_file" in table


def cache_folder(settings: Mapping[str, Any]) -> str | None:
    """As the trainer defaults it; None where there is none."""
    for key in ("cache_directory", "video_directory" if is_video(settings) else "image_directory"):
        value = settings.get(key)
        if isinstance(value, str):
            return value
    return None


def window(settings: Mapping[str, Any]) -> int:
    """fp_latent_window_size."""
    value = settings.get("fp_latent_window_size", DEFAULT_WINDOW)
    return value if isinstance(value, int) else DEFAULT_WINDOW
