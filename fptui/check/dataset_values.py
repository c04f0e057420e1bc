"""Values of the data-set file that pass the trainer's schema, which knows no ranges, and end training or do nothing."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from fptui.check.problem import Place, Problem, error, hint, warning
from fptui.check.subject import Subject
from fptui.core.musubi.buckets import DEFAULT_RESOLUTION, LARGEST_SIDE, SMALLEST_AREA, STEP, resolution_of
from fptui.core.musubi.data_set_keys import OLD_NAMES, cache_folder, is_video, window
from fptui.core.text import plain

_LARGEST_COUNT = 10_000_000
"""Of repeats: the trainer makes a list of that length for each item."""
_FRAMES_A_LATENT = 4


def value_problems(subject: Subject) -> Iterator[Problem]:
    """Nothing where a value is of another type than the schema wants."""
    for number, settings in enumerate(subject.data_sets):
        data_set = _Values(subject, number, settings)
        yield from data_set.counts()
        yield from data_set.resolution()
        yield from data_set.cache_name()
        if is_video(settings):
            yield from data_set.frames()
        elif "image_directory" in settings or "image_jsonl_file" in settings:
            yield from data_set.one_frame()
            yield from data_set.controls()
    yield from _shared_caches(subject)


class _Values:
    """`settings` with [general] below them."""

    def __init__(self, subject: Subject, number: int, settings: Mapping[str, Any]) -> None:
        self._subject, self._number, self._settings = subject, number, settings

    def _at(self, key: str) -> Place:
        return self._subject.at_data_set(self._number, key)

    def _whole(self, key: str, default: int) -> int:
        value = self._settings.get(key, default)
        return value if isinstance(value, int) else default

    def counts(self) -> Iterator[Problem]:
        for key, what in (("batch_size", "caching never ends"), ("num_repeats", "there is nothing to train on")):
            value = self._whole(key, 1)
            if self._settings.get(key) is True:
                yield hint("wrong-type", self._at(key), f"{key} = true: the trainer takes it for 1.", "Write 1.")
            elif value < 1:
                message = f"{key} = {_number(value)}: {what}."
                yield error("wrong-choice", self._at(key), message, "Write 1 or more.")
            elif value > _LARGEST_COUNT:
                message = f"{key} = {_number(value)}: the trainer runs out of memory before it begins."
                yield error("wrong-choice", self._at(key), message, "Write a smaller number.")
        if self._whole("fp_latent_window_size", 9) < 1:
            yield error("wrong-choice", self._at("fp_latent_window_size"), "fp_latent_window_size must be 1 or more.",
                        "Take it out: FramePack's window is 9.")  # fmt: skip

    def resolution(self) -> Iterator[Problem]:
        size, place = resolution_of(self._settings.get("resolution", list(DEFAULT_RESOLUTION))), self._at("resolution")
        enabled, no_upscale = self._settings.get("enable_bucket"), self._settings.get("bucket_no_upscale")
        if size is None:
            return
        usual = "[512, 768] is usual."
        if min(size) < 1 or max(size) > LARGEST_SIDE:
            message = f"resolution must be between 1 and {LARGEST_SIDE} pixels on each side."
            yield error("wrong-choice", place, message, usual)
        elif enabled is True and size[0] * size[1] < SMALLEST_AREA:
            message = (
                f"resolution {size[0]}x{size[1]} is less than 32x32 in all: the trainer finds no bucket, and ends."
            )
            yield error("wrong-choice", place, message, usual)
        elif enabled is not True and any(side % STEP for side in size):
            message = (
                f"resolution {size[0]}x{size[1]} is no multiple of {STEP}, and there are no buckets: step 1 fails."
            )
            fix = f"Write [{_near(size[0])}, {_near(size[1])}], or enable_bucket = true."
            yield error("size-not-multiple", place, message, fix)
        if no_upscale is True and enabled is not True:
            message = "bucket_no_upscale does nothing without enable_bucket."
            fix = "Write enable_bucket = true, or take it out."
            yield warning("ineffective-key", self._at("bucket_no_upscale"), message, fix)

    def cache_name(self) -> Iterator[Problem]:
        folder = cache_folder(self._settings)
        if folder is not None and any(character in folder for character in "[*?"):
            key = "cache_directory" if "cache_directory" in self._settings else "image_directory"
            message = (
                f"The caches' folder has a [, * or ? in its name, {plain(folder, 120)}: training looks for others."
            )
            yield error("wrong-choice", self._at(key), message, "Give it another name in cache_directory.")

    def one_frame(self) -> Iterator[Problem]:
        indices = self._settings.get("fp_1f_clean_indices")
        if indices == []:
            message = "fp_1f_clean_indices is empty: caching ends, or mixes up the controls."
            fix = "Write one index for each control image, as [0, 10]."
            yield error("wrong-choice", self._at("fp_1f_clean_indices"), message, fix)
        if self._subject.settings.get("one_frame") is False:
            message = "one_frame = false, and the data set is one of images: caching ends at its first item."
            yield error("fatal-combination", self._subject.at("one_frame"), message, "Write one_frame = true.")
        if self._subject.settings.get("one_frame") is not True:
            return
        if "fp_1f_target_index" not in self._settings:
            message = "fp_1f_target_index is not set: caching ends at the first item."
            fix = "Write fp_1f_target_index = 5, or the index that you will use later."
            yield error("missing-key", self._at("fp_1f_target_index"), message, fix)
        if "fp_1f_clean_indices" not in self._settings:
            message = "fp_1f_clean_indices is not set: the trainer takes [0], one control image an item."
            fix = "Write one index for each control image."
            yield warning("missing-key", self._at("fp_1f_clean_indices"), message, fix)

    def controls(self) -> Iterator[Problem]:
        for key, value in self._settings.items():
            name = OLD_NAMES.get(key, key)
            if name in ("multiple_target", "no_resize_control") and value is True:
                message = f"{name} does not work with FramePack: caching ends, or its results are not of one size."
                yield error("fatal-combination", self._at(key), message, "Take it out.")
            elif name == "control_resolution" and resolution_of(value) is not None:
                message = "control_resolution makes controls of another size than the target: caching ends."
                yield error("fatal-combination", self._at(key), message, "Take it out.")

    def frames(self) -> Iterator[Problem]:
        if self._subject.settings.get("one_frame") is True:
            message = "one_frame = true, and the data set is one of videos: caching ends at its first item."
            yield error(
                "fatal-combination", self._subject.at("one_frame"), message, "Take one_frame or the videos out."
            )
            return
        way, least = self._settings.get("frame_extraction", "head"), window(self._settings) * _FRAMES_A_LATENT + 1
        ends = f"caching ends, since FramePack needs {least} frames or more"
        if way == "full":
            if self._whole("max_frames", 129) < least:
                message = f"max_frames = {_number(self._whole('max_frames', 129))}: {ends}."
                yield error("wrong-choice", self._at("max_frames"), message, f"Write {least} or more.")
        else:
            yield from self._target_frames(least, ends)
        for key, needed, default in (("frame_stride", "slide", 1), ("frame_sample", "uniform", 1)):
            value = self._whole(key, default)
            if way == needed and value < 1:
                message = f"{key} = {_number(value)}: caching ends, or finds nothing."
                yield error("wrong-choice", self._at(key), message, "Write 1 or more.")
        for key, needed in (("frame_stride", "slide"), ("frame_sample", "uniform"), ("max_frames", "full")):
            if key in self._settings and way != needed:
                message = f'{key} does nothing without frame_extraction = "{needed}".'
                yield hint("ineffective-key", self._at(key), message, "Take it out.")

    def _target_frames(self, least: int, ends: str) -> Iterator[Problem]:
        frames, place = self._settings.get("target_frames"), self._at("target_frames")
        if frames is None or frames == []:
            yield error("missing-key", place, f"target_frames is not set: {ends}.", f"Write [{least}], or more.")
            return
        if not isinstance(frames, list) or not all(isinstance(each, int) for each in frames):
            return
        few = [each for each in frames if _rounded(each) < least]
        if few:
            message = f"target_frames has {_number(few[0])}: {ends}."
            yield error("wrong-choice", place, message, f"Write {least} or more.")
        elif any(_rounded(each) != each for each in frames):
            wanted = ", ".join(_number(_rounded(each)) for each in frames[:8])
            message = f"target_frames are rounded down to 4n+1: {wanted}."
            yield hint("wrong-choice", place, message, f"Write [{wanted}].")


def _shared_caches(subject: Subject) -> Iterator[Problem]:
    """The trainer compares the texts; two spellings of one folder get past it, and mix the caches up."""
    seen = dict[str, int]()
    for number, settings in enumerate(subject.data_sets):
        folder = cache_folder(settings)
        if not folder:
            continue
        try:
            real = os.path.realpath(subject.project.path / folder)
        except (OSError, ValueError):
            real = folder
        if real in seen:
            message = (
                f"The caches' folder is that of data set {seen[real] + 1} too: the trainer ends, or mixes them up."
            )
            place = subject.at_data_set(number, "cache_directory")
            yield error("fatal-combination", place, message, "Give each data set a cache_directory of its own.")
        seen.setdefault(real, number)


def _near(side: int) -> int:
    return max(STEP, round(side / STEP) * STEP)


def _rounded(frames: int) -> int:
    return (frames - 1) // _FRAMES_A_LATENT * _FRAMES_A_LATENT + 1


def _number(value: int) -> str:
    """A number of any size in a few characters: printing one of 5,000 digits is refused by Python."""
    return str(value) if abs(value) < 10**12 else "a number beyond all measure"
