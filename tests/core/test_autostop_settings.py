from typing import Any

import pytest

from fptui.core.autostop import Autostop, AutostopStatus, Policy
from fptui.core.autostop_settings import AutostopSettings, read_settings
from fptui.core.autostop_words import autostop_line, grace_cost, why
from fptui.core.units import parse_duration
from fptui.errors import WrongUse


def test_everything_that_can_be_chosen() -> None:
    table = {
        "grace": "5m", "early_failure_grace": "90s", "unsafe_limit": "1h", "idle": "30m", "keep_data": False,
        "terminate": True, "price_per_hour": 2, "provider": "command", "stop_command": ["my-cloud", "stop"],
    }  # fmt: skip
    assert read_settings(table, "x") == AutostopSettings(
        Policy(300.0, 90.0, 3600.0, False, 1800.0, True, 2.0), True, "command", ("my-cloud", "stop")
    )
    assert read_settings({}, "x") == AutostopSettings() and not read_settings({"grace": "off"}, "x").is_on


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("grase", "5m", "there is no such setting. Known: grace, "),
        ("grace", 10, "must be a duration, such as 90s, 10m or 1h30m"),
        ("grace", "soon", "must be a duration"),
        ("keep_data", "yes", "must be true or false"),
        ("price_per_hour", True, "must be dollars an hour"),
        ("price_per_hour", -1, "must be dollars an hour"),
        ("price_per_hour", float("nan"), "must be dollars an hour"),
        ("provider", "aws", "must be one of auto, runpod, vast, lambda, command, none"),
        ("provider", ["auto"], "must be one of"),
        ("provider", "command", "there is none"),
        ("stop_command", "rm -rf /", "must be a list of words"),
        ("stop_command", [], "must be a list of words"),
        ("stop_command", [1], "must be a list of words"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_key(key: str, value: Any, words: str) -> None:
    with pytest.raises(WrongUse, match=words) as error:
        read_settings({key: value}, "p/pyproject.toml, [tool.fptui.autostop]")
    assert str(error.value).startswith("p/pyproject.toml, [tool.fptui.autostop], ")


@pytest.mark.parametrize(
    ("state", "line", "reason"),
    [
        (Autostop(), "autostop off", None),
        (Autostop(AutostopStatus.ARMED), "autostop 10 min after the last run", None),
        (Autostop(AutostopStatus.ARMED, problem="No key."), "AUTOSTOP FAILED", "No key."),
        (Autostop(AutostopStatus.COUNTING, deadline=1500.0, reason="r ended."), "stops in 8 min", "r ended."),
        (Autostop(AutostopStatus.COUNTING, deadline=1500.0, price_per_hour=3.6), "stops in 8 min ($0.50)", None),
        (Autostop(AutostopStatus.COUNTING, deadline=1.0), "stops in 0 s", None),
        (Autostop(AutostopStatus.STOPPING, tries=3), "stopping the pod, try 3", None),
        (Autostop(AutostopStatus.FAILED, reason="Stays up: x"), "AUTOSTOP FAILED", "Stays up: x"),
        (Autostop(AutostopStatus.CANCELLED, reason="Cancelled."), "autostop cancelled", "Cancelled."),
    ],
)
def test_the_line_that_is_always_there(state: Autostop, line: str, reason: str | None) -> None:
    assert (autostop_line(state, 1000.0), why(state)) == (line, reason)


def test_what_the_grace_costs() -> None:
    assert grace_cost(Autostop()) is None
    assert grace_cost(Autostop(price_per_hour=2.52)) == pytest.approx(0.42)


@pytest.mark.parametrize("text", ["9" * 400 + "h", "9999999999s", "11000d"])
def test_a_duration_beyond_ten_years_is_none(text: str) -> None:
    assert parse_duration(text) is None
