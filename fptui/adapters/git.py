"""The commit that a project is at, for its runs' records."""

import subprocess
from pathlib import Path

_SECONDS = 5
"""A run starts without its commit rather than late."""


def commit_of(folder: Path) -> str | None:
    """The full hash, with `+` behind it when tracked files differ from it or nobody can say; None when the folder is in
    no repository."""
    head = _git(folder, "rev-parse", "HEAD")
    if not head:
        return None
    return head if _git(folder, "status", "--porcelain", "--untracked-files=no") == "" else f"{head}+"


def _git(folder: Path, *argv: str) -> str | None:
    try:
        # Without the lock that `status` takes: another git of the user's would stumble over it.
        done = subprocess.run(["git", "--no-optional-locks", "-C", str(folder), *argv], capture_output=True,
                              encoding="utf-8", errors="replace", timeout=_SECONDS, check=True)  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
