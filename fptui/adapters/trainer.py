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
from fptui.core.secrets import trainer_environment
from fptui.core.text import plain
from fptui.errors import Refused

_SYNC_SECONDS = 3600
"""A first `uv sync` downloads some gigabytes."""
_ANSWER_SECONDS = 60
"""An interpreter on a network volume takes some seconds to start."""


@dataclass(frozen=True)
class Reached:
    """The interpreter, and which of the packages that matter to a start it has."""

    trainer: Trainer
    packages: frozenset[str]

    @property
    def python(self) -> str:
        return self.trainer.python


def sync(project: Project, environment: Mapping[str, str]) -> bool:
    """Bring the project's environment up to date with uv, where the project wants and has both; False where not. uv
    shows its progress on stderr. Afterwards its python is run directly, so that no third program stands between fptui
    and the trainer."""
    settings = project.settings
    if settings.trainer == "rehearsal" or settings.python is not None or not settings.uv:
        return False
    uv = shutil.which("uv", path=environment.get("PATH"))
    if uv is None or not (project.path / "pyproject.toml").is_file():
        return False
    shown = _stderr()
    try:
        done = subprocess.run(
            [uv, "sync"],
            cwd=project.path,
            env=trainer_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if shown is None else shown,
            stderr=subprocess.PIPE if shown is None else shown,
            timeout=_SYNC_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        why = str(error) if not isinstance(error, subprocess.TimeoutExpired) else f"no end within {_SYNC_SECONDS} s"
        raise Refused(f"uv sync did not work in {plain(str(project.path))}: {plain(why)}.") from None
    if done.returncode:
        words = (done.stderr or b"").decode("utf-8", "replace").strip().splitlines()
        said = "its own words are above." if shown is not None else plain(words[-1]) if words else "it said nothing."
        raise Refused(f"uv sync failed in {plain(str(project.path))} (exit code {done.returncode}): {said}")
    return True


def _stderr() -> int | None:
    """None while the dashboard has the terminal (Textual's stand-in says -1): words on stderr would stand across it."""
    try:
        descriptor = sys.stderr.fileno()
    except (OSError, ValueError):
        return None
    return descriptor if descriptor >= 0 else None


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
    on_path = shutil.which("python3", path=environment.get("PATH"))
    found = (str(project.path / ".venv" / "bin" / "python"), sys.executable, on_path)
    return [python for python in dict.fromkeys(found) if python and Path(python).exists()]


_FIND = """
import importlib.util, json, sys
sys.path = [folder for folder in sys.path if folder]
print(json.dumps([name for name in sys.argv[1:] if importlib.util.find_spec(name) is not None]))
"""
_MATTER = (
    *("musubi_tuner", "accelerate", "tensorboard", "wandb", "hf_transfer", "bitsandbytes"),
    *("flash_attn", "flash_attn_interface", "xformers"),
)


def _packages(python: str, environment: Mapping[str, str]) -> frozenset[str]:
    """Which are there, by their specs: nothing of them is imported. A checkout on PYTHONPATH counts; a folder that
    happens to be called wandb (wandb makes one) where fptui is called does not."""
    try:
        done = subprocess.run([python, "-c", _FIND, *_MATTER], capture_output=True, timeout=_ANSWER_SECONDS, check=True,
                              env=trainer_environment(environment), stdin=subprocess.DEVNULL)  # fmt: skip
        return frozenset(json.loads(done.stdout.splitlines()[-1]))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError, TypeError):
        return frozenset()
