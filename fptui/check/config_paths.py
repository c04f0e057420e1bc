"""Where the paths of config.toml and of the data-set file lead: into another version, nowhere, onto a disk that a stop
wipes."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from fptui.check.problem import NOWHERE, Place, Problem, error, hint, warning
from fptui.check.subject import Subject
from fptui.core.text import plain

CONFIG_PATHS = (
    *("dit", "vae", "text_encoder1", "text_encoder2", "image_encoder", "dataset_config", "sample_prompts"),
    *("network_weights", "base_weights", "output_dir", "logging_dir", "resume", "log_tracker_config"),
)
DATA_SET_PATHS = (
    *("image_directory", "image_jsonl_file", "control_directory", "cache_directory"),
    *("video_directory", "video_jsonl_file"),
)
_OF_A_VERSION = re.compile(r"(?:^|/)configs/(v\d{1,9})(?=/|$)")

Survives = Callable[[str], bool | None]
"""Whether what lies at a path is still there after a stop of the machine; None: cannot be told."""


def path_problems(subject: Subject, survives: Survives) -> Iterator[Problem]:
    """Of every path in the two files. Model files, data and caches are looked into elsewhere."""
    relative = list[tuple[Place, str]]()
    for place, key, value in _paths(subject):
        other = next((found for found in _OF_A_VERSION.findall(value) if found != subject.name), None)
        if other is not None:
            message = f"{key} leads into version {other}: {plain(value, 120)}."
            fix = f"Name the one of {subject.name}, or copy it there; `fptui new` rewrites every path."
            yield warning("cross-version-path", place, message, fix)
        if not os.path.isabs(value) and not value.startswith("~"):  # noqa: PTH117 - of a text
            relative.append((place, key))
        elif value.startswith("~"):
            message = f"{key} begins with ~, which the trainer takes for a folder of that name."
            yield error("relative-path", place, message, "Write the whole path.")
    yield from _relative(relative)
    yield from _missing(subject)
    yield from _volatile(subject, survives)


def _paths(subject: Subject) -> Iterator[tuple[Place, str, str]]:
    for key in CONFIG_PATHS:
        value = subject.settings.get(key)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and text:
                yield subject.at(key), key, text
    for number, settings in enumerate(subject.data_sets):
        for key in DATA_SET_PATHS:
            text = settings.get(key)
            if isinstance(text, str) and text:
                yield subject.at_data_set(number, key), key, text


def _relative(found: list[tuple[Place, str]]) -> Iterator[Problem]:
    if found:
        keys = list(dict.fromkeys(key for _, key in found))
        names = ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
        verb = "are relative paths" if len(keys) > 1 else "is a relative path"
        message = f"{names} {verb}: right only where the trainer is started in the project's folder, as fptui does."
        yield hint("relative-path", found[0][0], message, "Write the whole path.")


def _missing(subject: Subject) -> Iterator[Problem]:
    dataset, prompts = subject.path("dataset_config"), subject.path("sample_prompts")
    if dataset is not None and dataset.suffix.lower() != ".toml":
        message = f"dataset_config is {plain(dataset.name, 80)}, and fptui reads .toml alone."
        yield error("wrong-choice", subject.at("dataset_config"), message, "Write it as a .toml file.")
    if prompts is not None and not prompts.is_file():
        message = (
            f"sample_prompts, {plain(str(prompts), 200)}, is not there: the trainer ends before it loads the model."
        )
        yield error("missing-file", subject.at("sample_prompts"), message, "Make it, or name another.")
    for key in ("output_dir", "logging_dir"):
        folder = subject.path(key)
        if folder is not None and folder.exists() and not folder.is_dir():
            message = f"{key}, {plain(str(folder), 200)}, is a file."
            yield error("missing-file", subject.at(key), message, "Name a folder.")


def _volatile(subject: Subject, survives: Survives) -> Iterator[Problem]:
    fix = "Put it on the volume, usually under /workspace."
    output = subject.path("output_dir")
    if output is not None and survives(_real(output)) is False:
        lost = f"output_dir, {plain(str(output), 120)}, lies on a disk that a stop of the pod wipes"
        if subject.text("huggingface_repo_id"):
            yield warning("volatile-disk", subject.at("output_dir"), f"{lost}: only what was uploaded stays.", fix)
        else:
            yield error("volatile-disk", subject.at("output_dir"), f"{lost}, and nothing is uploaded.", fix)
    for number, settings in enumerate(subject.data_sets):
        folder = settings.get("cache_directory") or settings.get("image_directory")
        if isinstance(folder, str) and survives(_real(subject.project.path / folder)) is False:
            lost = f"cache_directory, {plain(folder, 120)}, lies on a disk that a stop of the pod wipes"
            message = f"{lost}: it is made again, for money, after each."
            yield warning("volatile-disk", subject.at_data_set(number, "cache_directory"), message, fix)
    if survives(_real(subject.project.path)) is False:
        lost = f"The project, {plain(str(subject.project.path), 120)}, lies on a disk that a stop of the pod wipes"
        message = f"{lost}, with its environment and the logs of its runs."
        yield warning("volatile-disk", NOWHERE, message, "Move it to the volume, usually under /workspace.")


def _real(path: Path) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return str(path)
