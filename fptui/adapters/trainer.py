"""How the trainer is reached: which interpreter has musubi-tuner, and what else is there."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fptui.core.musubi.command import MUSUBI_LAUNCHER, REHEARSAL_LAUNCHER, REHEARSAL_PACKAGE, Trainer
from fptui.core.project import Project
from fptui.core.text import plain
from fptui.errors import Refused

_SYNC_SECONDS = 3600
"""A first `uv sync` downloads some gigabytes."""


@dataclass(frozen=True)
class Reached:
    """The interpreter, and which of the packages that matter to a start it has."""

    trainer: Trainer
    packages: frozenset[str]

    @property
    def python(self) -> str:
        return self.trainer.python


def sync(project: Project, environment: Mapping[str, str]) -> None:
    """Bring the project's environment up to date with uv, where the project wants and has both. uv shows its progress
    on stderr. Afterwards its python is run directly, so that no third program stands between fptui and the trainer."""
    settings = project.settings
    if settings.trainer == "rehearsal" or settings.python is not None or not settings.uv:
        return
    uv = shutil.which("uv", path=environment.get("PATH"))
    if uv is None or not (project.path / "pyproject.toml").is_file():
        return
    try:
        done = subprocess.run([uv, "sync"], cwd=project.path, env=dict(environment), stdin=subprocess.DEVNULL,
                              stdout=sys.stderr.fileno(), timeout=_SYNC_SECONDS, check=False)  # fmt: skip
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise Refused(f"uv sync did not work in {plain(str(project.path))}: {plain(str(error))}.") from None
    if done.returncode:
        raise Refused(
            f"uv sync failed in {plain(str(project.path))} (exit code {done.returncode}): its own words are above."
        )


def reach(project: Project, environment: Mapping[str, str]) -> Reached:
    """Refused with one sentence when no interpreter has the trainer."""
    settings = project.settings
    if settings.trainer == "rehearsal":
        launcher = REHEARSAL_LAUNCHER if settings.launcher == "accelerate" else ()
        return Reached(Trainer(sys.executable, REHEARSAL_PACKAGE, launcher), frozenset({"tensorboard"}))
    launcher = MUSUBI_LAUNCHER if settings.launcher == "accelerate" else ()
    for python in _candidates(project, environment):
        packages = _packages(python, environment)
        if "musubi_tuner" in packages:
            if launcher and "accelerate" not in packages:
                raise Refused(f"{plain(python)} has musubi-tuner but not accelerate: install it there (uv sync).")
            return Reached(Trainer(python, "musubi_tuner", launcher), packages)
    looked = ", ".join(plain(python) for python in _candidates(project, environment)) or "no interpreter"
    raise Refused(
        f"musubi-tuner was not found (looked at {looked}). Install it into {plain(str(project.path))}/.venv "
        "with uv sync, or name its interpreter: [tool.fptui] python in pyproject.toml."
    )


def _candidates(project: Project, environment: Mapping[str, str]) -> list[str]:
    if project.settings.python is not None:
        return [str(project.path / Path(project.settings.python).expanduser())]
    found = [str(project.path / ".venv" / "bin" / "python"), sys.executable]
    on_path = shutil.which("python3", path=environment.get("PATH"))
    return [python for python in [*found, *([on_path] if on_path else [])] if Path(python).exists()]


_FIND = """
import importlib.util, json, sys
print(json.dumps([name for name in sys.argv[1:] if importlib.util.find_spec(name) is not None]))
"""
_MATTER = ("musubi_tuner", "accelerate", "tensorboard", "wandb", "hf_transfer")


def _packages(python: str, environment: Mapping[str, str]) -> frozenset[str]:
    """Which are there, by their specs: nothing of them is imported. A checkout on PYTHONPATH counts."""
    try:
        done = subprocess.run([python, "-c", _FIND, *_MATTER], capture_output=True, timeout=60, check=True,
                              env=dict(environment), stdin=subprocess.DEVNULL)  # fmt: skip
        return frozenset(json.loads(done.stdout.splitlines()[-1]))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return frozenset()
