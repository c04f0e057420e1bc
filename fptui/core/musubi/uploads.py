"""Where musubi-tuner 0.3.4 uploads what it saves (utils/huggingface_utils.py, training/trainer_base.py)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fptui.core.musubi.files import entries, existing_outputs, is_complete_safetensors, is_complete_state
from fptui.core.run import RunRecord

_MOST_FILES = 10_000
"""In a state folder; it has five, or some per process."""


@dataclass(frozen=True)
class Repository:
    """From the keys huggingface_* of config.toml."""

    id: str
    type: str = "model"
    path: str | None = None
    """huggingface_path_in_repo. Without one the trainer cannot upload a checkpoint, and its states write over each
    other at the top of the repository."""
    takes_states: bool = False
    is_private: bool = True

    def place(self, name: str) -> str:
        """Where a checkpoint or a state folder of this name belongs. The trainer joins the two with a `/` whatever the
        path ends in; the hub's client takes one off the front."""
        return "/".join(part for part in f"{self.path or ''}/{name}".split("/") if part not in ("", "."))


@dataclass(frozen=True)
class Output:
    """A checkpoint or a state folder that is whole on disk."""

    path: str
    files: Mapping[str, int]
    """Bytes by path within the folder; a checkpoint is one file, called ``."""
    place: str | None = None
    """Where it should be in the repository; None: it is not uploaded."""
    is_uploaded: bool = False
    """The hub's client said so in this process."""

    @property
    def name(self) -> str:
        return Path(self.path).name

    def is_in(self, listed: Mapping[str, int]) -> bool:
        """Whether every file of it is listed with its size."""
        return self.place is not None and all(
            listed.get(f"{self.place}/{name}" if name else self.place) == size for name, size in self.files.items()
        )


def repository(config: Mapping[str, object]) -> Repository | None:
    """None where nothing is uploaded. `config` as the trainer flattens it."""
    repo_id = config.get("huggingface_repo_id")
    if not isinstance(repo_id, str) or not repo_id:
        return None
    kind, path = config.get("huggingface_repo_type"), config.get("huggingface_path_in_repo")
    return Repository(
        repo_id,
        kind if isinstance(kind, str) and kind else "model",
        path if isinstance(path, str) else None,
        takes_states=bool(config.get("save_state_to_huggingface")),
        is_private=config.get("huggingface_repo_visibility") != "public",
    )


def outputs(record: RunRecord, repo: Repository | None) -> tuple[Output, ...]:
    """What the run has left, by its output_name; what is cut short is no result. Checkpoints first, and the newest of
    them: an upload that is tried again may not get to all. A start refuses a name that has outputs already, so that
    they are one run's."""
    if record.output_dir is None or not record.output_name:
        return ()
    found = existing_outputs(Path(record.cwd, record.output_dir), record.output_name)
    found.sort(key=lambda path: (path.is_dir(), -_written_at(path)))
    return tuple(output for path in found if (output := _output(path, repo)) is not None)


def _output(path: Path, repo: Repository | None) -> Output | None:
    is_state = path.is_dir()
    if not (is_complete_state(path) if is_state else is_complete_safetensors(path)):
        return None
    is_uploaded = repo is not None and (repo.takes_states or not is_state)
    try:
        files = _sizes(path) if is_state else {"": path.stat().st_size}
    except OSError:
        return None
    return Output(str(path), files, repo.place(path.name) if repo is not None and is_uploaded else None)


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _sizes(folder: Path) -> dict[str, int]:
    """Of the files below it; links are followed, as the hub's client does."""
    sizes: dict[str, int] = {}
    waiting = [folder]
    while waiting and len(sizes) < _MOST_FILES:
        for path in entries(waiting.pop()):
            if path.is_dir() and not path.is_symlink():
                waiting.append(path)
            elif path.is_file():
                sizes[str(path.relative_to(folder))] = path.stat().st_size
    return sizes
