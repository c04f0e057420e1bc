"""Records on disk: JSON, written whole to a temporary name and renamed; read by the types of a dataclass's fields.

Whatever stands in a file, reading it raises nothing: one bad record must not end the list of all.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

_LARGEST = 1 << 20
"""Bytes; a record has a few hundred."""
_LARGEST_NUMBER = 1 << 53
_LARGEST_TIME = 1e11
_TIMES = ("at", "_per_step")
"""How the names of fields end that hold seconds."""

_Record = TypeVar("_Record")


def write_json(path: Path, value: Any, *, durable: bool = True) -> None:
    """Replace `path` atomically; `durable`: the text is on disk before the name points at it, which may take long on a
    network volume."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(value, file, ensure_ascii=False, indent=1)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_record(path: Path, kind: type[_Record]) -> _Record | None:
    """The record in `path`, or None where there is none or it cannot be one."""
    try:
        # Not waiting: a pipe in the place of a file must not hold up whoever looks at all runs.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
            return _made(kind, json.loads(file.read(_LARGEST)))
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def _made(kind: type[_Record], value: Any) -> _Record:
    """TypeError or ValueError where a field is of another type, or one is missing. Unknown keys are left out."""
    if not isinstance(value, dict):
        raise TypeError
    known = [item for item in fields(kind) if item.name in value]  # type: ignore[arg-type]
    return kind(**{item.name: _restored(item.name, item.type, value[item.name]) for item in known})


def _restored(name: str, kind: Any, value: Any) -> Any:
    if isinstance(kind, UnionType):
        if value is None and type(None) in kind.__args__:
            return None
        kind = next(one for one in kind.__args__ if one is not type(None))
    if hasattr(kind, "__origin__"):
        return _collection(name, kind, value)
    if isinstance(kind, type) and is_dataclass(kind):
        return _made(kind, value)
    if issubclass(kind, Enum):
        return kind(value)
    if not _is_of(name, kind, value):
        raise TypeError(name)
    return value


def _collection(name: str, kind: Any, value: Any) -> Any:
    if kind.__origin__ is tuple and isinstance(value, list):
        return tuple(_restored(name, kind.__args__[0], item) for item in value)
    if kind.__origin__ is Mapping and isinstance(value, dict):
        return {key: _restored(name, kind.__args__[1], item) for key, item in value.items()}
    raise TypeError(name)


def _is_of(name: str, kind: type, value: Any) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_NUMBER
    if kind is float:
        is_number = is_whole or isinstance(value, float)
        return is_number and (0 <= value < _LARGEST_TIME or not name.endswith(_TIMES))
    return is_whole if kind is int else kind in (str, bool) and isinstance(value, kind)
