"""config.toml as musubi-tuner reads it: by the `toml` package 0.10.2 (training/parser_common.py), not by the standard.

It refuses mixed arrays and hexadecimal numbers, accepts an unfinished `x=[`, and takes a byte order mark into the first
key. A file is safe when both readers give the same.
"""

import math
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from fptui.core.standard_toml import loads
from fptui.core.text import plain
from fptui.errors import Refused

_READER = "the trainer's TOML reader (toml 0.10.2)"
LARGEST = 1 << 20
"""Bytes. A config is a few kilobytes; `toml` takes minutes for megabytes."""


class CannotDrop(ValueError):
    """A key that cannot be taken out of a text; its name is the message."""


class Unreadable(Refused):
    """A file that the trainer and TOML do not read alike, or not at all. The message says where and what to do; the
    attributes are its parts: `code` as `fptui check` reports it, `what` and `fix` in one sentence each."""

    def __init__(
        self, path: Path, code: str, what: str, fix: str, *, line: int | None = None, key: str | None = None
    ) -> None:
        where = f"{plain(str(path))}{f', line {line}' if line else ''}{f', {plain(key)}' if key else ''}"
        super().__init__(f"{where}{'' if what.startswith(('is ', 'cannot ')) else ':'} {what} {fix}".rstrip())
        self.code, self.what, self.fix, self.line, self.key = code, what, fix, line, key


def read(path: Path) -> dict[str, Any]:
    """The tables of the file, if both readers agree on them; Unreadable, with the line, where not."""
    return read_both(path)[1]


def read_both(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of the file and its tables, as `read`."""
    import toml

    text = read_text(path)
    if text.startswith("\ufeff"):
        what = "a byte order mark, which the trainer takes into the first key."
        raise Unreadable(path, "read-differently", what, "Save it without.", line=1)
    try:
        standard = loads(text)
    except (ValueError, RecursionError) as error:
        reason = plain(str(error))
        raise Unreadable(path, "broken-toml", f"is not TOML: {reason}.", "", line=None) from None
    try:
        trainers = toml.loads(text)
    except (ValueError, IndexError, TypeError, KeyError, AttributeError, RecursionError) as error:
        what = f"{_READER} refuses it: {plain(str(error))}."
        raise Unreadable(path, "read-differently", what, "Write that value another way.") from None
    try:
        different, holds_nul = _difference(standard, trainers), _holds_nul(standard)
    except RecursionError:  # dotted keys, which both readers take in at any depth
        what = "its tables are nested too deep to be compared: this is no config."
        raise Unreadable(path, "broken-toml", what, "") from None
    if different is not None:
        what = f"{_READER} reads another value than TOML says."
        line = line_of(text, different)
        raise Unreadable(path, "read-differently", what, "Write it another way.", line=line, key=different)
    if holds_nul:
        what = "a text in it holds a NUL character, which no path and no option can hold."
        raise Unreadable(path, "broken-toml", what, "")
    return text, standard


def read_text(path: Path) -> str:
    """The file, or Unreadable with the reason."""
    try:
        if path.stat().st_size > LARGEST:
            raise Unreadable(path, "broken-toml", "is larger than 1 MB: this is no config.", "")
        if not path.is_file():
            raise Unreadable(path, "broken-toml", "is no file.", "")
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise Unreadable(path, "missing-file", "is missing.", "") from None
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 text (byte {error.start}): save it as UTF-8."
        raise Unreadable(path, "broken-toml", what, "") from None
    except OSError as error:
        raise Unreadable(path, "missing-file", f"cannot be read: {plain(error.strerror or str(error))}.", "") from None


def line_of(text: str, key: str) -> int | None:
    """The line, from 1, where the key is first set; None when it is nowhere."""
    pattern = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=""")
    for number, line in enumerate(text.split("\n"), 1):
        if pattern.match(line):
            return number
    return None


def flattened(tables: Mapping[str, Any]) -> dict[str, Any]:
    """One level of tables, their names dropped, a later one wins (training/parser_common.py, read_config_from_file)."""
    flat: dict[str, Any] = {}
    for key, value in tables.items():
        if isinstance(value, Mapping):
            flat.update(value)
        else:
            flat[key] = value
    return flat


def without(text: str, keys: Collection[str]) -> str:
    """The text with an empty line for each that sets one of these keys. CannotDrop when that takes more, or less, than
    the keys: a value over several lines, a dotted key, an inline table."""
    pattern = re.compile(rf"""\s*["']?({"|".join(map(re.escape, sorted(keys)))})["']?\s*=""")
    before = flattened(loads(text))
    present = sorted(key for key in keys if key in before)
    if not present:
        return text
    left = "\n".join("" if pattern.match(line) else line for line in text.split("\n"))
    wanted = {key: value for key, value in before.items() if key not in keys}
    if not _holds(left, wanted):
        raise CannotDrop(present[0] if len(present) == 1 else _in_the_way(text, present))
    return left


def _holds(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return _difference(wanted, flattened(loads(text))) is None
    except ValueError:
        return False


def _in_the_way(text: str, keys: list[str]) -> str:
    """Which of these keys cannot be dropped alone."""
    for key in keys:
        try:
            without(text, (key,))
        except CannotDrop:
            return key
    return keys[0]


def _holds_nul(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_nul, value)) or any(map(_holds_nul, value.values()))
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value


def _difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    for key in [*one, *(key for key in other if key not in one)]:
        if key not in one or key not in other:
            return str(key)
        left, right = one[key], other[key]
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            inner = _difference(left, right)
            if inner is not None:
                return inner
        elif not _same(left, right):
            return str(key)
    return None


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return _difference(left, right) is None
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if isinstance(left, (str, bool, int)):
        return type(left) is type(right) and bool(left == right)
    return str(left) == str(right)  # dates: two classes of time zone, one meaning
