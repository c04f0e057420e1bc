"""A TOML file with the line of each of its keys."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from fptui.check.problem import Place
from fptui.core.text import plain

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_.\-]+|"[^"]*"|'[^']*'|\s*\.\s*)+?)\s*=""")
_LONG = re.compile(r'"""|' + r"'''")


@dataclass(frozen=True)
class TomlFile:
    """`tables` as both readers see it (`core.musubi.trainer_toml`)."""

    path: Path
    shown: str
    """The path for people: within the project relative to it."""
    text: str = ""
    tables: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def lines(self) -> Mapping[str, int]:
        """By key with the names of its tables, and by table: `general.batch_size`, `datasets[0].num_repeats`."""
        return dict(_lines(self.text))

    def at(self, *names: str) -> Place:
        """The first of these keys that is there; else the file."""
        for name in names:
            if name in self.lines:
                return Place(self.shown, self.lines[name], name)
        return Place(self.shown, None, names[0] if names else None)


def _lines(text: str) -> Iterator[tuple[str, int]]:
    """Good enough for what two parsers have read: the lines of a long text are passed over."""
    table, counts, within = "", dict[str, int](), None
    seen = set[str]()
    for number, line in enumerate(text.split("\n"), 1):
        if within is None:
            header, key = _HEADER.match(line), _KEY.match(line)
            if header:
                table = _unquoted(header[2])
                if header[1] == "[[":
                    counts[table] = counts.get(table, -1) + 1
                    table = f"{table}[{counts[table]}]"
                yield table, number
            elif key:
                name = f"{table}.{_unquoted(key[1])}" if table else _unquoted(key[1])
                if name not in seen:
                    seen.add(name)
                    yield name, number
        for mark in _LONG.findall(line):
            within = mark if within is None else None if within == mark else within


def _unquoted(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))


def shown(path: Path, project: Path) -> str:
    """A path for people: within the project relative to it."""
    try:
        return plain(str(path.relative_to(project)))
    except ValueError:
        return plain(str(path))
