"""Where fptui keeps what belongs to this machine and not to a project."""

from collections.abc import Mapping
from pathlib import Path


def state_folder(environment: Mapping[str, str]) -> Path:
    """`fptui` below XDG_STATE_HOME, by the XDG base directory specification."""
    home = environment.get("XDG_STATE_HOME") or str(Path(environment.get("HOME") or "/") / ".local" / "state")
    return Path(home) / "fptui"
