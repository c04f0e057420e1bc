"""The files that musubi-tuner 0.3.4 leaves in output_dir: their names (utils/train_utils.py), and which are whole.

It writes in place, not atomically: a kill during a save leaves a truncated file or folder that looks like the newest.
"""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

STATE_FILES = ("model.safetensors", "optimizer.bin", "scheduler.bin", "random_states_0.pkl")
"""What `accelerator.save_state` writes for one process, and what a resume reads."""

_HEADER_LIMIT = 100 << 20


@dataclass(frozen=True)
class State:
    """A state folder. `step` is the trainer's own, None for the final one; `why` says what is missing."""

    step: int | None
    path: Path
    complete: bool
    why: str | None = None


def checkpoint_name(output_name: str, step: int | None) -> str:
    """`NAME-step00000100.safetensors`, or the final `NAME.safetensors`."""
    return f"{output_name}.safetensors" if step is None else f"{output_name}-step{step:08d}.safetensors"


def state_name(output_name: str, step: int | None) -> str:
    """`NAME-step00000100-state`, or the final `NAME-state`."""
    return f"{output_name}-state" if step is None else f"{output_name}-step{step:08d}-state"


def list_states(output_dir: Path, output_name: str) -> list[State]:
    """The step states and the final one, oldest step first, the final one last."""
    pattern = re.compile(re.escape(output_name) + r"(?:-step(\d{8,}))?-state")
    found = []
    for path in entries(output_dir):
        match = pattern.fullmatch(path.name)
        if match and path.is_dir():
            why = why_incomplete(path)
            found.append(State(int(match[1]) if match[1] else None, path, why is None, why))
    return sorted(found, key=lambda state: (state.step is None, state.step or 0))


def existing_outputs(output_dir: Path, output_name: str) -> list[Path]:
    """Everything that a run with this output_name would write over."""
    pattern = re.compile(re.escape(output_name) + r"(?:-step\d{8,}|-\d{6,})?(?:\.safetensors|-state)")
    return sorted(path for path in entries(output_dir) if pattern.fullmatch(path.name))


def is_complete_state(path: Path) -> bool:
    """Whether a resume from this folder would find everything that it reads."""
    return why_incomplete(path) is None


def why_incomplete(path: Path) -> str | None:
    """What is missing in a state folder, or None."""
    for name in STATE_FILES:
        file = path / name
        try:
            if file.stat().st_size == 0:
                return f"{name} is empty"
            whole = is_complete_safetensors(file) if name.endswith(".safetensors") else _is_whole_archive(file)
        except OSError:
            return f"{name} is missing"
        if not whole:
            return f"{name} is cut short"
    return None


def is_complete_safetensors(path: Path) -> bool:
    """Whether the file is as long as its header says: 8 bytes of length, JSON, and the last tensor's end."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(size - 8, _HEADER_LIMIT):
                return False
            header = json.loads(file.read(length))
        ends = [item["data_offsets"][1] for name, item in header.items() if name != "__metadata__"]
        return bool(size == 8 + length + max(ends, default=0))
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return False


def same_folder(one: str | Path, other: str | Path) -> bool:
    """Whether both lead to the same place, by links, `..` or not; neither need exist."""
    return os.path.realpath(one) == os.path.realpath(other)


def _is_whole_archive(path: Path) -> bool:
    """torch.save writes a zip, whose directory is at its end; anything else is taken as it is."""
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            return True
    from zipfile import is_zipfile  # 15 ms that `fptui status` seldom needs

    return is_zipfile(path)


def entries(folder: Path) -> list[Path]:
    """What lies in a folder; [] where none can be read."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []
