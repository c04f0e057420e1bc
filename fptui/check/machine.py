"""What this machine has for the version: GPU, tmux, packages, tokens; as pure judgement of what was asked before."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fptui.check.config_paths import Survives
from fptui.check.problem import NOWHERE, Problem, error, hint, warning
from fptui.check.subject import Subject
from fptui.core.text import plain


@dataclass(frozen=True)
class Machine:
    """None: not known, about which nothing is said."""

    gpu_bytes: int | None = None
    """Memory of the smallest GPU."""
    no_gpu: str | None = None
    """One sentence, where there is none."""
    no_tmux: str | None = None
    """One sentence, where there is none that does."""
    no_trainer: str | None = None
    """One sentence, where musubi-tuner was not found."""
    packages: frozenset[str] | None = None
    """Of those that matter, what lies beside musubi-tuner."""
    has_hub_token: bool | None = None
    has_wandb_key: bool | None = None
    """Also where wandb is offline or off."""
    hub_offline: bool = False
    uv_cache: Path | None = None
    environment: Path | None = None
    """The project's .venv, or where it will be."""
    survives: Survives = lambda _: None
    free: Callable[[Path], int | None] = lambda _: None
    """Bytes free on the disk of a path."""


_ATTENTION_PACKAGES = {"flash_attn": "flash_attn", "flash3": "flash_attn_interface", "xformers": "xformers"}


def machine_problems(subject: Subject, machine: Machine) -> Iterator[Problem]:
    """What training would find missing, mostly after it has loaded its models."""
    if machine.no_tmux is not None:
        yield error("missing-tool", NOWHERE, machine.no_tmux, "Install tmux 3.0 or newer: apt-get install tmux.")
    if subject.project.settings.trainer == "rehearsal":
        return
    if machine.no_gpu is not None:
        message = f"No GPU is seen here ({machine.no_gpu.rstrip('.')}): FramePack needs one, caching too."
        yield warning("missing-tool", NOWHERE, message, "Check again on the pod.")
    if machine.no_trainer is not None:
        yield error("missing-tool", NOWHERE, machine.no_trainer, "Run `uv sync` in the project's folder.")
    yield from _packages(subject, machine)
    yield from _tokens(subject, machine)
    yield from _uv_cache(machine)


def _packages(subject: Subject, machine: Machine) -> Iterator[Problem]:
    packages = machine.packages
    if packages is None:
        return
    if (subject.text("optimizer_type") or "").lower().endswith("8bit") and "bitsandbytes" not in packages:
        message = "optimizer_type needs bitsandbytes, which is not installed beside musubi-tuner: training ends."
        yield error("missing-tool", subject.at("optimizer_type"), message, "uv add bitsandbytes, or use AdamW.")
    if subject.text("log_with") in ("wandb", "all") and "wandb" not in packages:
        message = "log_with wants wandb, which is not installed beside musubi-tuner: training ends."
        yield error("missing-tool", subject.at("log_with"), message, "uv add wandb, or take log_with out.")
    if "tensorboard" not in packages:
        message = "tensorboard is not installed beside musubi-tuner: only the average loss can be shown."
        yield hint("missing-tool", NOWHERE, message, "uv add tensorboard")
    first = next((key for key in ("sdpa", *_ATTENTION_PACKAGES) if subject.settings.get(key)), None)
    package = _ATTENTION_PACKAGES.get(first or "")
    if first is not None and package is not None and package not in packages:
        message = f"{first} needs {package}, which is not installed beside musubi-tuner: training ends at step 1."
        yield error("missing-tool", subject.at(first), message, f"Install {package}, or write sdpa = true.")


def _tokens(subject: Subject, machine: Machine) -> Iterator[Problem]:
    uploads = subject.text("huggingface_repo_id") is not None
    if uploads and machine.has_hub_token is False and not subject.text("huggingface_token"):
        message = "This version uploads to Hugging Face, and there is no token: every upload fails."
        yield error("missing-token", subject.at("huggingface_repo_id"), message, "export HF_TOKEN=…")
    if uploads and machine.hub_offline:
        message = "This version uploads to Hugging Face, and HF_HUB_OFFLINE is set: every upload fails."
        yield error("missing-token", subject.at("huggingface_repo_id"), message, "unset HF_HUB_OFFLINE")
    logs = subject.text("log_with") in ("wandb", "all")
    if logs and machine.has_wandb_key is False and not subject.text("wandb_api_key"):
        message = "This version logs to wandb, and there is no key: training ends once the model is loaded."
        fix = "export WANDB_API_KEY=…, or WANDB_MODE=offline"
        yield error("missing-token", subject.at("log_with"), message, fix)


def _uv_cache(machine: Machine) -> Iterator[Problem]:
    if machine.uv_cache is None or machine.environment is None:
        return
    devices = [_device(path) for path in (machine.uv_cache, machine.environment)]
    if None not in devices and devices[0] != devices[1]:
        message = (
            f"uv's cache ({plain(str(machine.uv_cache), 80)}) and .venv lie on different file systems: each new pod "
            "copies, or downloads, gigabytes."
        )
        fix = "Set cache-dir in [tool.uv] of pyproject.toml to a folder on the project's own volume."
        yield warning("uv-cache-elsewhere", NOWHERE, message, fix)


def _device(path: Path) -> int | None:
    """Of the path, or of the nearest folder above it that is there."""
    for each in (path, *path.parents):
        try:
            return each.stat().st_dev
        except OSError:
            continue
    return None
