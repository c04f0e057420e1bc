"""How the environment of a trainer, tokens and all, gets from `fptui train` to a supervisor that tmux starts.

Not by argv or tmux's own environment, where others could read it, and not by the run's folder, which is kept: by a file
of mode 0600 in a private folder on a memory file system, removed as it is read.
"""

import json
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from fptui.errors import FptuiError


def write_environment(environment: Mapping[str, str], run_id: str) -> Path:
    """Returns where it lies."""
    folder = _private_folder()
    descriptor, name = tempfile.mkstemp(prefix=f"{run_id[:60]}-", dir=folder)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        json.dump(dict(environment), file)
    return Path(name)


def take_environment(path: Path) -> dict[str, str]:
    """Read and remove it. Refuses a file that others own or could have written."""
    try:
        with path.open(encoding="utf-8", errors="surrogateescape") as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
                raise FptuiError(f"{path} is not private to this user: the run was not started.")
            path.unlink()
            value = json.load(file)
    except (OSError, ValueError) as error:
        raise FptuiError(f"The environment for the run cannot be read from {path}: {error}. Start it again.") from None
    return {str(key): str(item) for key, item in value.items()}


def _private_folder() -> Path:
    parents = (os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm", tempfile.gettempdir())
    for parent in parents:
        if not parent or not os.access(parent, os.W_OK | os.X_OK):
            continue
        folder = Path(parent) / f"fptui-{os.geteuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077:
            return folder
    raise FptuiError("No private folder for the run's environment: make /dev/shm or the temporary folder writable.")
