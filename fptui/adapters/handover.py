"""How the environment of a trainer, tokens and all, gets from `fptui train` to a supervisor that tmux starts.

Not by argv or tmux's own environment, where others could read it, and not by the run's folder, which is kept: by a file
of mode 0600 in a private folder on a memory file system, removed as it is read.
"""

import contextlib
import json
import os
import stat
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from fptui.core.text import plain
from fptui.errors import FptuiError

_TAKEN_WITHIN = 600
"""Seconds. A supervisor reads its file as it starts."""


def write_environment(environment: Mapping[str, str], run_id: str) -> Path:
    """Returns where it lies."""
    text = json.dumps(dict(environment))
    for parent in (os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm", tempfile.gettempdir()):
        folder = _private_folder(parent) if parent else None
        if folder is not None:
            _sweep(folder)
            path = _write(folder, run_id, text)
            if path is not None:
                return path
    raise FptuiError("No private place for the run's environment: make room in /dev/shm or in the temporary folder.")


def take_environment(path: Path) -> dict[str, str]:
    """Read and remove it. Refuses a file that others own or could have written, and never follows a link."""
    shown, again = plain(str(path)), "The run was not started; start it again."
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), encoding="utf-8") as file:
            if not all(map(_is_private, (os.fstat(file.fileno()), path.parent.stat()))):
                raise FptuiError(f"{shown} is not private to this user. {again}")
            path.unlink()
            value = json.load(file)
    except OSError as error:
        raise FptuiError(f"The run's environment cannot be read from {shown}: {error.strerror}. {again}") from None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise FptuiError(f"{shown} does not hold a run's environment. {again}")
    return {str(key): str(item) for key, item in value.items()}


def _sweep(folder: Path) -> None:
    """Remove what no supervisor came for: it would lie there, tokens and all, until the machine goes down."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if time.time() - path.stat().st_mtime > _TAKEN_WITHIN:
                path.unlink()


def _write(folder: Path, run_id: str, text: str) -> Path | None:
    """None when there is no room."""
    path = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=f"{run_id[:60]}-", dir=folder)
        path = Path(name)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        if path is not None:
            path.unlink(missing_ok=True)
        return None
    return path


def _private_folder(parent: str) -> Path | None:
    folder = Path(parent) / f"fptui-{os.geteuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError:
        return None
    return folder if stat.S_ISDIR(status.st_mode) and _is_private(status) else None


def _is_private(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077
