"""The training project: the folder that holds `configs/`, its settings, its versions and its runs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fptui.core.run import RunFolder
from fptui.core.text import plain
from fptui.errors import WrongUse

_VERSION = re.compile(r"v(\d{1,9})")


@dataclass(frozen=True)
class Settings:
    """`[tool.fptui]` of the project's pyproject.toml."""

    trainer: str = "musubi"
    """`musubi`, or `rehearsal`: fptui's own small stand-in on the CPU."""
    launcher: str = "accelerate"
    """`accelerate`, or `python` for the trainer without a launcher above it."""
    python: str | None = None
    """The interpreter that has musubi-tuner; None: found, after `uv sync`."""
    uv: bool = True
    """Whether `uv sync` may bring the project's environment up to date before a run."""
    notify: tuple[str, ...] = ()
    """Addresses as apprise writes them; FPTUI_NOTIFY is the better place for those that hold a secret."""
    notify_command: tuple[str, ...] = ()
    """Called with a title and a text behind it."""
    notify_terminal: str | None = None
    """How a dashboard that is open tells its terminal of what others are notified of: `bell`, `osc9` or `osc777`, with
    which most terminals show a message on the desktop and ring too."""
    autostop: Mapping[str, Any] = field(default_factory=dict)
    """The table as it stands there: `core.autostop_settings` reads it, where autostop is meant."""


_KINDS = {bool: "true or false", str: "a text", dict: "a table", list: "a list of texts"}
_CHOICES = {
    "trainer": ("musubi", "rehearsal"),
    "launcher": ("accelerate", "python"),
    "notify_terminal": ("bell", "osc9", "osc777"),
}


@dataclass(frozen=True)
class Project:
    """`path` is absolute."""

    path: Path
    name: str
    settings: Settings

    @property
    def configs(self) -> Path:
        return self.path / "configs"

    @property
    def runs(self) -> Path:
        return self.path / "runs"

    def version_names(self) -> list[str]:
        """`v10`, `v9`, …: the newest, which is the highest number, first."""
        names = [entry.name for entry in _entries(self.configs) if _VERSION.fullmatch(entry.name) and entry.is_dir()]
        return sorted(names, key=lambda name: (int(name[1:]), name), reverse=True)

    def run_folders(self) -> list[RunFolder]:
        """Newest first, by the time in their names; `gpu` and half-made folders are not among them."""
        return [folder for folder in self.possible_runs() if folder.record.is_file()]

    def possible_runs(self) -> list[RunFolder]:
        """In the same order, with those that are no runs, or not yet: whether they are costs a look into each."""
        folders = [RunFolder(entry) for entry in _entries(self.runs) if not entry.name.startswith(".")]
        return sorted(folders, key=_age, reverse=True)


def find_project(start: Path) -> Project:
    """The project of this folder or of the nearest one above it."""
    start = start.absolute()
    if not start.is_dir():
        raise WrongUse(f"{plain(str(start))} is not a folder: name a project with -C.")
    for folder in (start, *start.parents):
        if (folder / "configs").is_dir():
            return _open(folder)
    raise WrongUse(
        f"No project here: neither {plain(str(start))} nor a folder above it has configs/. "
        "Name one with -C, try `fptui demo`, or make configs/v1 with config.toml, dataset.toml and prompts.txt."
    )


def find_run(project: Project, name: str | None, is_active: Callable[[RunFolder], bool] = lambda _: False) -> RunFolder:
    """By id, unique beginning of an id, or version (its newest run). None: the newest that is active, else the
    newest."""
    folders = project.run_folders()
    if not folders:
        raise WrongUse(f"{project.name} has no run yet: start one with `fptui train`.")
    if name is None:
        return next((folder for folder in folders if is_active(folder)), folders[0])
    if not name:
        raise WrongUse("The run's name is empty: `fptui ls` lists the runs.")
    exact = [folder for folder in folders if folder.id == name]
    if exact:
        return exact[0]
    of_version = [folder for folder in folders if folder.id.startswith(f"{name}-")]
    if _VERSION.fullmatch(name) and of_version:
        return of_version[0]
    beginning = [folder for folder in folders if folder.id.startswith(name)]
    if len(beginning) == 1:
        return beginning[0]
    if beginning:
        raise WrongUse(f"{plain(name)} is the beginning of {len(beginning)} runs: write more of it (`fptui ls`).")
    raise WrongUse(f"No run is called {plain(name)}: `fptui ls` lists them.")


def _open(folder: Path) -> Project:
    file = folder / "pyproject.toml"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Project(folder, folder.name, Settings())
    except (OSError, ValueError) as error:
        raise WrongUse(f"{plain(str(file))} cannot be read: {plain(str(error))}.") from None
    from fptui.core.standard_toml import loads

    try:
        data = loads(text)
    except (ValueError, RecursionError) as error:
        raise WrongUse(f"{plain(str(file))} is not TOML: {plain(str(error))}.") from None
    name = _table(data, "project", file).get("name")
    settings = _settings(_table(_table(data, "tool", file), "fptui", file), file)
    return Project(folder, name if isinstance(name, str) and name else folder.name, settings)


def _settings(table: dict[str, Any], file: Path) -> Settings:
    types: dict[str, type] = {"trainer": str, "launcher": str, "python": str, "uv": bool, "notify": list,
                              "notify_command": list, "notify_terminal": str, "autostop": dict}  # fmt: skip
    for key, value in table.items():
        where = f"{plain(str(file))}, [tool.fptui], {plain(key)}"
        if key not in types:
            raise WrongUse(f"{where}: there is no such setting. Known: {', '.join(types)}.")
        texts = isinstance(value, list) and all(isinstance(item, str) and item for item in value)
        if not isinstance(value, types[key]) or (types[key] is list and not texts):
            raise WrongUse(f"{where}: must be {_KINDS[types[key]]}.")
        if key in _CHOICES and value not in _CHOICES[key]:
            raise WrongUse(f"{where}: must be {' or '.join(_CHOICES[key])}, not {plain(str(value))}.")
    given: dict[str, Any] = {key: tuple(value) if types[key] is list else value for key, value in table.items()}
    return Settings(**given)


def _table(data: dict[str, Any], key: str, file: Path) -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise WrongUse(f"{plain(str(file))}, {key}: must be a table.")
    return value


def _age(folder: RunFolder) -> tuple[str, int, int, str]:
    """`v8-train-20261122-103000-2` sorts by its time, then as one start plans its stages, then by its last number."""
    match = re.search(r"(\d{8}-\d{6})(?:-(\d{1,9})$)?", folder.id)
    if match is None:
        return ("", 0, 0, folder.id)
    order = next((place for place, stage in enumerate(("cache-latents", "cache-text")) if f"-{stage}-" in folder.id), 2)
    return (match[1], order, int(match[2] or 1), folder.id)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
