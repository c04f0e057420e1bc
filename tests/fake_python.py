"""An interpreter that says which of the trainer's packages it has, and nothing else."""

import json
from collections.abc import Collection
from pathlib import Path

MUSUBI = ("musubi_tuner", "accelerate", "tensorboard", "wandb", "hf_transfer")


def script(path: Path, body: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def fake_python(path: Path, packages: Collection[str] = MUSUBI) -> Path:
    """Answers only to `-c`, as fptui asks."""
    return script(path, f"[ \"$1\" = -c ] && echo '{json.dumps(sorted(packages))}'")
