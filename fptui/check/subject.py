"""The version that is checked, read as far as it can be: what cannot is a problem of its own, and the rest goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fptui.check.problem import Place, Problem, error
from fptui.check.toml_file import TomlFile, shown
from fptui.core.musubi import trainer_toml
from fptui.core.musubi.trainer_toml import Unreadable
from fptui.core.project import Project


@dataclass(frozen=True)
class Subject:
    """`dataset` is the file that config.toml names; None where none can be read."""

    project: Project
    name: str
    """`v8`."""
    config: TomlFile
    dataset: TomlFile | None
    unread: tuple[Problem, ...] = ()
    """What kept a file from being read."""

    @property
    def folder(self) -> Path:
        return self.project.configs / self.name

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """config.toml flattened as the trainer does: one level of tables, their names dropped."""
        return trainer_toml.flattened(self.config.tables)

    @cached_property
    def data_sets(self) -> tuple[Mapping[str, Any], ...]:
        """Each [[datasets]] with [general] below it, as the trainer fills them; () where there are none."""
        tables = self.dataset.tables if self.dataset is not None else {}
        general, found = tables.get("general"), tables.get("datasets")
        base = general if isinstance(general, dict) else {}
        return tuple({**base, **table} for table in found if isinstance(table, dict)) if isinstance(found, list) else ()

    def text(self, key: str) -> str | None:
        """Of config.toml, where it is a text with something in it."""
        value = self.settings.get(key)
        return value if isinstance(value, str) and value else None

    def number(self, key: str) -> int | None:
        """Of config.toml, where it is a whole number."""
        value = self.settings.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def path(self, key: str) -> Path | None:
        """Of config.toml; relative ones as the trainer finds them, which fptui starts in the project's folder."""
        value = self.text(key)
        return self.project.path / value if value is not None else None

    def at(self, key: str) -> Place:
        """Where config.toml sets it, in whatever table."""
        place = self.config.at(key)
        if place.line is None:
            for name, line in self.config.lines.items():
                if name.rpartition(".")[2] == key:
                    return Place(self.config.shown, line, key)
        return place

    def at_data_set(self, number: int, key: str) -> Place:
        """Where the data-set file sets it for its [[datasets]] of this number, from 0; or for all of them."""
        if self.dataset is None:
            return Place()
        place = self.dataset.at(f"datasets[{number}].{key}", f"general.{key}")
        return (
            place if place.line is not None else Place(place.file, self.dataset.lines.get(f"datasets[{number}]"), key)
        )

    def shown(self, path: Path) -> str:
        """For people: within the project relative to it."""
        return shown(path, self.project.path)


_FIXES = {
    "broken-toml": "Mend it there, or begin anew with a copy of another version's.",
    "missing-file": "Make it, or name another.",
}


def read_subject(project: Project, name: str) -> Subject:
    """The version of this name, whose folder is there."""
    unread: list[Problem] = []
    config = _read(project, project.configs / name / "config.toml", unread, None)
    found = Subject(project, name, config or TomlFile(project.configs / name / "config.toml", ""), None)
    dataset = None
    path = found.path("dataset_config")
    if config is not None and path is not None and path.suffix.lower() == ".toml":
        dataset = _read(project, path, unread, found.at("dataset_config"))
    return Subject(project, name, found.config, dataset, tuple(unread))


def _read(project: Project, path: Path, unread: list[Problem], named_at: Place | None) -> TomlFile | None:
    name = shown(path, project.path)
    try:
        text, tables = trainer_toml.read_both(path)
    except Unreadable as why:
        place = named_at if why.code == "missing-file" and named_at is not None else Place(name, why.line, why.key)
        subject = name if why.what.startswith(("is ", "cannot ")) else "The file:"
        unread.append(error(why.code, place, f"{subject} {why.what}", why.fix or _FIXES[why.code]))
        return None
    return TomlFile(path, name, text, tables)
