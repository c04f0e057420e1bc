"""Items out of a JSONL file, line by line."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fptui.check.data import Item
from fptui.check.dataset_schema import is_video
from fptui.check.problem import Place, Problem, error, hint, warning
from fptui.check.subject import Subject
from fptui.core.text import plain

_LONGEST = 1 << 20
"""Bytes of a line."""


def metadata_items(
    subject: Subject, number: int, path: Path, settings: Mapping[str, Any], problems: list[Problem]
) -> Iterator[Item]:
    """One a line that is an object with a path. The trainer ends at the first line that is none."""
    name, kind = subject.shown(path), "video" if is_video(settings) else "image"
    lines = list[tuple[int, list[str]]]()
    relative = 0
    try:
        with path.open("rb") as file:
            for count, raw in enumerate(iter(lambda: file.readline(_LONGEST), b""), 1):
                place = Place(name, count)
                record, why = _record(raw, kind)
                if record is None:
                    message = f"{why}: caching ends here."
                    problems.append(error("broken-json-line", place, message, _fix(kind)))
                    continue
                target = str(record.get(f"{kind}_path", record.get(f"{kind}_path_0")))
                controls = _controls(record)
                lines.append((count, controls))
                relative += not target.startswith("/")
                caption = _caption(record, place, problems)
                paths = tuple(subject.project.path / each for each in controls)
                yield Item(subject.project.path / target, paths, caption, place)
    except OSError as failed:
        message = f"{name} cannot be read: {failed.strerror}."
        problems.append(error("missing-file", Place(name), message, "Make it readable."))
        return
    if relative:
        message = f"{relative} paths are relative: right only where the trainer is started in the project's folder."
        problems.append(hint("relative-path", Place(name), message, "Write whole paths."))
    if kind == "image":
        problems += _missing_controls(subject, number, settings, name, lines)


def _record(raw: bytes, kind: str) -> tuple[dict[str, Any] | None, str]:
    record, why = _object(raw)
    if record is None:
        return None, why
    target = record.get(f"{kind}_path", record.get(f"{kind}_path_0"))
    if not isinstance(target, str) or not target or "\0" in target:
        return None, f"No {kind}_path in this line"
    for key in record:
        if key.startswith("control_path_") and not key.rpartition("_")[2].isdigit():
            return None, f"{plain(key, 40)} does not end with a number"
    return record, ""


def _object(raw: bytes) -> tuple[dict[str, Any] | None, str]:
    if len(raw) == _LONGEST and not raw.endswith(b"\n"):
        return None, "A line of more than 1 MB is no item"
    if not raw.strip():
        return None, "An empty line is no JSON"
    try:
        record = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return None, "This line is not UTF-8"
    except (ValueError, RecursionError) as wrong:
        return None, f"No JSON ({plain(str(wrong).partition(':')[0], 80)})"
    if not isinstance(record, dict):
        return None, "No JSON object"
    return record, ""


def _fix(kind: str) -> str:
    example = f'{{"{kind}_path": "/…", "control_path_0": "/…", "caption": "…"}}'
    return f"One object a line, and no empty line: {example}"


def _controls(record: Mapping[str, Any]) -> list[str]:
    if "control_path" in record:
        record = {**record, "control_path_0": record["control_path"]}
    keys = [key for key in record if key.startswith("control_path_")]
    found = [record[key] for key in sorted(keys, key=lambda key: int(key.rpartition("_")[2]))]
    return [path for path in found if isinstance(path, str) and path and "\0" not in path]


def _caption(record: Mapping[str, Any], place: Place, problems: list[Problem]) -> str | None:
    caption = record.get("caption")
    if not isinstance(caption, str):
        message = "No caption in this line: caching ends here."
        problems.append(error("missing-caption", place, message, 'Add "caption": "…".'))
        return None
    if not caption.strip():
        problems.append(warning("empty-caption", place, "The caption is empty.", "Say what the picture shows."))
    return caption


def _missing_controls(
    subject: Subject, number: int, settings: Mapping[str, Any], name: str, lines: list[tuple[int, list[str]]]
) -> Iterator[Problem]:
    indices = settings.get("fp_1f_clean_indices")
    needed = len(indices) if isinstance(indices, list) and indices else 1
    if not lines:
        return
    if not any(controls for _, controls in lines):
        message = f"No line names a control image, and each item needs {needed}: caching ends at the first."
        fix = 'Add "control_path_0": "/…" to each line.'
        yield error("missing-control", subject.at_data_set(number, "image_jsonl_file"), message, fix)
        return
    for count, controls in lines:
        if len(controls) < needed:
            message = (
                f"{len(controls)} control images, and fp_1f_clean_indices wants {needed}: the trainer ends at once."
            )
            yield error("missing-control", Place(name, count), message, f'Add "control_path_{len(controls)}": "/…".')
