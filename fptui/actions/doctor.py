"""Asking this machine what training needs of it; `core.doctor` says what the answers mean."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from fptui.adapters.nvml import NvmlSource
from fptui.adapters.pod import PodFacts, pod_facts
from fptui.adapters.python_packages import PythonPackages, installed
from fptui.adapters.tmux import Tmux
from fptui.adapters.trainer import reach
from fptui.core.doctor import Finding, Grade, disk_finding, gpu_finding, survival_finding
from fptui.core.project import Project, find_project
from fptui.core.version import read_version
from fptui.errors import FptuiError

_PACKAGES = ("musubi-tuner", "torch", "accelerate", "toml", "wandb", "tensorboard")
_TOKENS = ("HF_TOKEN", "WANDB_API_KEY")


def examine(start: Path, environment: Mapping[str, str]) -> list[Finding]:
    """Every finding, in the order in which they are shown. Secrets are looked for and never kept."""
    try:
        project, no_project = find_project(start), None
    except FptuiError as error:
        project, no_project = None, str(error)
    pod = pod_facts(environment)
    rehearsal = project is not None and project.settings.trainer == "rehearsal"
    return [
        _python(),
        _tmux(),
        _gpu(needed=project is not None and not rehearsal),
        *_disk(project.path if project else start.resolve(), pod),
        *([] if no_project is None else [Finding("project", Grade.WARNING, no_project)]),
        *([] if project is None else [_versions(project), *_trainer(project, environment)]),
        *_tokens(project, environment),
        *_pod(pod),
    ]


def _python() -> Finding:
    return Finding("python", Grade.OK, f"{platform.python_version()} ({sys.executable})")


def _tmux() -> Finding:
    try:
        Tmux().check()
    except FptuiError as error:
        return Finding("tmux", Grade.PROBLEM, str(error))
    shown = subprocess.run(["tmux", "-V"], capture_output=True, text=True, check=False).stdout.strip()
    return Finding("tmux", Grade.OK, f"{shown.removeprefix('tmux ')} ({shutil.which('tmux')})")


def _gpu(*, needed: bool) -> Finding:
    source = NvmlSource()
    try:
        return gpu_finding(source.read(), needed=needed)
    finally:
        source.close()


def _disk(path: Path, pod: PodFacts) -> Iterator[Finding]:
    try:
        yield disk_finding(shutil.disk_usage(path).free)
    except OSError as error:
        yield Finding("disk", Grade.PROBLEM, f"{path}: {error.strerror}")
    if not os.access(path, os.W_OK):
        yield Finding("disk", Grade.PROBLEM, f"{path} cannot be written to", "Change its owner, or work elsewhere.")
    if pod.id is not None:
        try:
            mounts = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
        except OSError:
            mounts = ""
        yield survival_finding(str(path), mounts, network_volume=pod.network_volume)


def _versions(project: Project) -> Finding:
    names = project.version_names()
    if not names:
        return Finding(
            "project", Grade.PROBLEM, f"{project.path} has no version", "Make configs/v1 with its three files."
        )
    try:
        read_version(project, None)
    except FptuiError as error:
        return Finding("project", Grade.PROBLEM, f"{project.path}: {error}")
    return Finding("project", Grade.OK, f"{project.path}: newest version {names[0]} of {len(names)}")


def _trainer(project: Project, environment: Mapping[str, str]) -> Iterator[Finding]:
    try:
        python = reach(project, environment).python
    except FptuiError as error:
        yield Finding("trainer", Grade.PROBLEM, str(error))
        return
    if project.settings.trainer == "rehearsal":
        yield Finding("trainer", Grade.OK, f"rehearsal, with {python}")
        return
    found = installed(python, _PACKAGES, environment)
    if found is None:
        yield Finding("trainer", Grade.PROBLEM, f"{python} does not answer", "Make the environment again: uv sync.")
        return
    yield _packages(python, found)


def _packages(python: str, found: PythonPackages) -> Finding:
    text = ", ".join(f"{name} {package}" for name, package in found.packages.items())
    text = f"{python}, Python {found.version}: {text or 'none of the packages'}"
    missing = [name for name in ("musubi-tuner", "torch", "accelerate") if name not in found.packages]
    if missing:
        return Finding(
            "trainer", Grade.PROBLEM, f"{text}; {' and '.join(missing)} missing", "Install them there: uv sync."
        )
    if "tensorboard" not in found.packages:
        return Finding("trainer", Grade.WARNING, f"{text}; no tensorboard, so that each step's own loss is not seen",
                       "uv add tensorboard")  # fmt: skip
    return Finding("trainer", Grade.OK, text)


def _tokens(project: Project | None, environment: Mapping[str, str]) -> Iterator[Finding]:
    there = [name for name in _TOKENS if environment.get(name)]
    yield Finding("tokens", Grade.OK, f"set: {', '.join(there) or 'none'}")
    if project is None or project.settings.trainer == "rehearsal":
        return
    try:
        config = read_version(project, None).config
    except FptuiError:
        return
    home = Path(environment.get("HOME", "/"))
    hub = Path(environment.get("HF_HOME") or home / ".cache" / "huggingface")
    if config.get("huggingface_repo_id") and "HF_TOKEN" not in there and not (hub / "token").is_file():
        yield Finding(
            "tokens",
            Grade.WARNING,
            "the newest version uploads to Hugging Face and there is no HF_TOKEN: the uploads will fail",
            "export HF_TOKEN=…, or huggingface-cli login",
        )
    has_key = "WANDB_API_KEY" in there or (home / ".netrc").is_file()
    offline = environment.get("WANDB_MODE") in ("offline", "disabled")
    if config.get("log_with") in ("wandb", "all") and not has_key and not offline:
        yield Finding(
            "tokens",
            Grade.PROBLEM,
            "the newest version logs to wandb and there is no WANDB_API_KEY: the trainer ends once it has its models",
            "export WANDB_API_KEY=…, or WANDB_MODE=offline",
        )


def _pod(pod: PodFacts) -> Iterator[Finding]:
    if pod.id is None:
        yield Finding("RunPod", Grade.OK, "not a pod")
        return
    text, key = f"pod {pod.id} (from {pod.id_from})", pod.key_from or pod.account_key_from
    if key is None:
        text += "; no API key, so that it cannot be stopped from here"
        yield Finding("RunPod", Grade.WARNING, text, "Set FPTUI_RUNPOD_API_KEY in the pod's settings.")
    else:
        yield Finding("RunPod", Grade.OK, f"{text}; API key from {key}")
