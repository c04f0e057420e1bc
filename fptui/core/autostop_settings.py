"""`[tool.fptui.autostop]` of a project's pyproject.toml."""

from dataclasses import dataclass, field, replace
from typing import Any

from fptui.core.autostop import Policy
from fptui.core.text import plain
from fptui.core.units import parse_duration
from fptui.errors import WrongUse

PROVIDERS = ("auto", "runpod", "vast", "lambda", "command", "none")
_DURATIONS = ("grace", "early_failure_grace", "unsafe_limit", "idle")
_FLAGS = {"keep_data": "keeps_data", "terminate": "terminate"}


@dataclass(frozen=True)
class AutostopSettings:
    """`provider`: what stops this machine; `auto` finds RunPod by its variables."""

    policy: Policy = field(default_factory=Policy)
    is_on: bool = True
    provider: str = "auto"
    stop_command: tuple[str, ...] = ()


def read_settings(table: dict[str, Any], where: str) -> AutostopSettings:
    """WrongUse, beginning with `where` and the key, for what cannot be meant."""
    settings = AutostopSettings()
    for key, value in table.items():
        settings = _with(settings, key, value, f"{where}, {plain(key)}")
    if settings.provider == "command" and not settings.stop_command:
        raise WrongUse(f"{where}, stop_command: provider is command, and there is none.")
    return settings


def _with(settings: AutostopSettings, key: str, value: Any, where: str) -> AutostopSettings:
    policy = settings.policy
    if key == "grace" and value == "off":
        return replace(settings, is_on=False)
    if key in _DURATIONS:
        return replace(settings, policy=_changed(policy, key, _seconds(value, where)))
    if key in _FLAGS:
        if not isinstance(value, bool):
            raise WrongUse(f"{where}: must be true or false.")
        return replace(settings, policy=_changed(policy, _FLAGS[key], value))
    if key == "price_per_hour":
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e4:
            raise WrongUse(f"{where}: must be dollars an hour, such as 2.49.")
        return replace(settings, policy=_changed(policy, key, float(value)))
    if key == "provider":
        if value not in PROVIDERS:
            raise WrongUse(f"{where}: must be one of {', '.join(PROVIDERS)}.")
        return replace(settings, provider=value)
    if key == "stop_command":
        if not isinstance(value, list) or not value or not all(isinstance(word, str) and word for word in value):
            raise WrongUse(f'{where}: must be a list of words, such as ["my-cloud", "stop"].')
        return replace(settings, stop_command=tuple(value))
    known = ", ".join([*_DURATIONS, *_FLAGS, "price_per_hour", "provider", "stop_command"])
    raise WrongUse(f"{where}: there is no such setting. Known: {known}.")


def _changed(policy: Policy, key: str, value: Any) -> Policy:
    return replace(policy, **{key: value})


def _seconds(value: Any, where: str) -> float:
    seconds = parse_duration(value) if isinstance(value, str) else None
    if seconds is None:
        raise WrongUse(f"{where}: must be a duration, such as 90s, 10m or 1h30m.")
    return float(seconds)
