"""The commit that a project is at, for its runs' records."""

import subprocess
from pathlib import Path


def commit_of(folder: Path) -> str | None:
    """The full hash, with `+` behind it when files differ from it; None when the folder is in no repository."""
    head = _git(folder, "rev-parse", "HEAD")
    if not head:
        return None
    return f"{head}+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else head


def _git(folder: Path, *argv: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(folder), *argv], capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
