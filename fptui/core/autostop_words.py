"""Autostop in words: the same on the screen, in the commands and in notifications."""

from fptui.core.autostop import Autostop, AutostopStatus
from fptui.core.units import duration


def autostop_line(state: Autostop, now: float) -> str:
    """`autostop 10 min after the last run`, `stops in 8 min ($0.33)`, …; `now`: the wall clock's."""
    words = {
        AutostopStatus.OFF: "autostop off",
        AutostopStatus.ARMED: f"autostop {duration(state.grace)} after the last run",
        AutostopStatus.COUNTING: f"stops in {_left(state, now)}",
        AutostopStatus.STOPPING: f"stopping the pod{_tries(state)}",
        AutostopStatus.STOPPED: "the service calls the pod stopped",
        AutostopStatus.FAILED: "AUTOSTOP FAILED",
        AutostopStatus.CANCELLED: "autostop cancelled",
    }
    return words[state.shown]


def price(state: Autostop | None) -> str | None:
    """`$2.49/h`, where the service or the user said it."""
    return None if state is None or state.price_per_hour is None else f"${state.price_per_hour:.2f}/h"


def grace_cost(state: Autostop) -> float | None:
    """Dollars that the grace period costs; None while the price is not known."""
    return None if state.price_per_hour is None else state.price_per_hour * state.grace / 3600


def why(state: Autostop) -> str | None:
    """One sentence behind the line, where there is one."""
    if state.needs_guard and state.guard_trouble is not None:
        return state.guard_trouble
    if state.shown is AutostopStatus.FAILED and state.status is AutostopStatus.ARMED:
        return state.problem
    if state.problem and state.status in (AutostopStatus.COUNTING, AutostopStatus.STOPPING):
        return " ".join(filter(None, (state.reason, state.problem)))
    return state.reason


def _left(state: Autostop, now: float) -> str:
    if state.deadline is None:
        return "?"
    left = max(0.0, state.deadline - now)
    price = state.price_per_hour
    return duration(left) + ("" if price is None else f" (${price * left / 3600:.2f})")


def _tries(state: Autostop) -> str:
    return f", try {state.tries}" if state.tries > 1 else ""
