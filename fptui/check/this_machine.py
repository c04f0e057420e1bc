"""Asking this machine; `check.machine` says what the answers mean."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fptui.adapters.nvml import NvmlSource
from fptui.adapters.pod import pod_facts
from fptui.adapters.tmux import Tmux
from fptui.adapters.trainer import reach
from fptui.check.config_paths import Survives
from fptui.check.machine import Machine
from fptui.core.doctor import Grade, survival_finding
from fptui.core.project import Project
from fptui.core.standard_toml import loads
from fptui.errors import FptuiError

_TRUE = ("1", "ON", "YES", "TRUE")


def this_machine(project: Project, environment: Mapping[str, str]) -> Machine:
    """What a check wants to know of it. Tokens are looked for, and never kept."""
    home = Path(environment.get("HOME", "/"))
    hub = Path(environment.get("HF_HOME") or home / ".cache" / "huggingface")
    gpu_bytes, no_gpu = _gpu()
    packages, no_trainer = _trainer(project, environment)
    return Machine(
        gpu_bytes=gpu_bytes,
        no_gpu=no_gpu,
        no_tmux=_tmux(),
        no_trainer=no_trainer,
        packages=packages,
        has_hub_token=any(environment.get(name) for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"))
        or (hub / "token").is_file(),
        has_wandb_key=bool(environment.get("WANDB_API_KEY"))
        or (home / ".netrc").is_file()
        or environment.get("WANDB_MODE") in ("offline", "disabled"),
        hub_offline=environment.get("HF_HUB_OFFLINE", "").upper() in _TRUE,
        uv_cache=_uv_cache(project, environment),
        environment=project.path / ".venv",
        survives=survives(environment),
        free=_free,
    )


def survives(environment: Mapping[str, str]) -> Survives:
    """Off a pod nothing is known of a stop."""
    pod = pod_facts(environment)
    if pod.id is None:
        return lambda _: None
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        mounts = ""
    grades = {Grade.OK: True, Grade.WARNING: None, Grade.PROBLEM: False}
    return lambda path: grades[survival_finding(path, mounts, network_volume=pod.network_volume).grade]


def _gpu() -> tuple[int | None, str | None]:
    source = NvmlSource()
    try:
        report = source.read()
    finally:
        source.close()
    sizes = [gpu.memory_total for gpu in report.gpus if gpu.memory_total]
    return (min(sizes) if sizes else None), (None if report.gpus else report.problem or "NVML shows none")


def _tmux() -> str | None:
    try:
        Tmux().check()
    except FptuiError as error:
        return str(error)
    return None


def _trainer(project: Project, environment: Mapping[str, str]) -> tuple[frozenset[str] | None, str | None]:
    if project.settings.trainer == "rehearsal":
        return None, None
    try:
        return reach(project, environment).packages, None
    except FptuiError as error:
        return None, str(error)


def _uv_cache(project: Project, environment: Mapping[str, str]) -> Path | None:
    """Where uv keeps it for this project; None where the project has nothing to do with uv."""
    settings = project.settings
    if settings.trainer == "rehearsal" or settings.python is not None or not settings.uv:
        return None
    try:
        tables: Any = loads((project.path / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    tool = tables.get("tool")
    own = tool.get("uv") if isinstance(tool, dict) else None
    named = own.get("cache-dir") if isinstance(own, dict) else None
    if isinstance(named, str):
        return project.path / named
    if environment.get("UV_CACHE_DIR"):
        return Path(environment["UV_CACHE_DIR"])
    return Path(environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME", "/"), ".cache"), "uv")


def _free(path: Path) -> int | None:
    for each in (path, *path.parents):
        try:
            return shutil.disk_usage(each).free
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            return None
    return None
