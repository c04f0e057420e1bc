"""Where fptui keeps what belongs to this machine and not to a project."""

from collections.abc import Mapping
from pathlib import Path


def state_folder(environment: Mapping[str, str]) -> Path:
    """`fptui` below XDG_STATE_HOME, by the XDG base directory specification."""
    home = Path(environment.get("XDG_STATE_HOME") or ".")
    # A relative one is to be ignored, by the specification: the guard has another current folder.
    if not home.is_absolute():
        home = Path(environment.get("HOME") or "/") / ".local" / "state"
    return home / "fptui"
