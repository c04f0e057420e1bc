"""One version: configs/vN with config.toml, dataset.toml and prompts.txt, read as the trainer reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fptui.core.musubi import trainer_toml
from fptui.core.project import Project
from fptui.core.text import plain
from fptui.errors import Refused, WrongUse


@dataclass(frozen=True)
class Version:
    """`config` is flattened as the trainer does: one level of tables, their names dropped. The dataset and prompt files
    are those that config.toml names, wherever they lie."""

    name: str
    path: Path
    config_path: Path
    dataset_path: Path
    prompts_path: Path | None
    config: Mapping[str, Any]
    dataset: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    def text(self, key: str) -> str | None:
        """A key's text; None when it is not set, or empty. Refused where it is something else."""
        value = self.config.get(key)
        if value is not None and not isinstance(value, str):
            raise Refused(f"{self.where(key)}: must be a text.")
        return value or None

    def number(self, key: str) -> int | None:
        """A key's whole number, 1 or more; None when it is not set. Refused where it is something else: the trainer
        divides by 0, compares a text with a number, or ends at once without a word."""
        value = self.config.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return value
        raise Refused(f"{self.where(key)}: must be a whole number, 1 or more.")

    def where(self, key: str) -> str:
        """`configs/v1/config.toml, line 12, dit`: for messages."""
        line = trainer_toml.line_of(trainer_toml.read_text(self.config_path), key)
        return f"configs/{self.name}/config.toml{f', line {line}' if line else ''}, {plain(key)}"


def version_name(project: Project, name: str | None) -> str:
    """Of a version that is there; the newest when none is given."""
    names = project.version_names()
    if not names:
        raise WrongUse(f"{plain(str(project.configs))} has no version: make configs/v1 with config.toml.")
    if name is not None and name not in names:
        raise WrongUse(f"There is no version {plain(name)}; there are {', '.join(names[:8])}.")
    return name or names[0]


def read_version(project: Project, name: str | None) -> Version:
    """The newest when no name is given."""
    name = version_name(project, name)
    path = project.configs / name
    config_path = path / "config.toml"
    config = trainer_toml.flattened(trainer_toml.read(config_path))
    version = Version(name, path, config_path, path / "dataset.toml", None, config, {})
    dataset_path = _file(project, version, "dataset_config", needed=True)
    assert dataset_path is not None
    if dataset_path.suffix.lower() != ".toml":
        raise Refused(f"{version.where('dataset_config')}: {plain(dataset_path.name)} is not a .toml file.")
    return Version(
        name,
        path,
        config_path,
        dataset_path,
        _file(project, version, "sample_prompts", needed=False),
        config,
        trainer_toml.read(dataset_path),
    )


def _file(project: Project, version: Version, key: str, *, needed: bool) -> Path | None:
    value = version.text(key)
    if value is None:
        if needed:
            raise Refused(f"configs/{version.name}/config.toml: {key} is not set, and the trainer needs it.")
        return None
    file = project.path / value  # no ~: the trainer does not know it either
    if not file.is_file():
        raise Refused(f"{version.where(key)}: {plain(str(file))} is missing.")
    return file
