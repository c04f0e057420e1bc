"""The switches in the environment; the package's docstring says what each does."""

import os


def seconds(name: str) -> float:
    """`FPTUI_REHEARSAL_<name>` as seconds; 0 when it is not set."""
    return float(os.environ.get(f"FPTUI_REHEARSAL_{name}") or 0)


def failure() -> tuple[str, int] | None:
    """What is to go wrong, and in which step."""
    kind, _, step = (os.environ.get("FPTUI_REHEARSAL_FAIL") or "").partition("@")
    return (kind, int(step)) if kind else None
