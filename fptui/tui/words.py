"""Words and numbers as the screens write them."""

import math

from fptui.core.autostop import Autostop, AutostopStatus
from fptui.core.autostop_words import autostop_line
from fptui.core.cost import Money
from fptui.core.run import RunRecord
from fptui.core.status import Status
from fptui.core.text import plain
from fptui.core.units import dollars, duration
from fptui.core.view import RunRow
from fptui.tui.rows import Piece, Row

SIGNS: dict[Status, tuple[str, str]] = {
    Status.QUEUED: ("◌", "muted"),
    Status.STARTING: ("○", "accent"),
    Status.LOADING: ("○", "accent"),
    Status.CACHING: ("●", "good"),
    Status.TRAINING: ("●", "good"),
    Status.SAMPLING: ("●", "good"),
    Status.SAVING: ("●", "good"),
    Status.STOPPING: ("●", "warn"),
    Status.FINISHED: ("✓", "good"),
    Status.STOPPED: ("■", "warn"),
    Status.FAILED: ("✗", "bad"),
    Status.OUT_OF_MEMORY: ("✗", "bad"),
    Status.INTERRUPTED: ("✗", "warn"),
    Status.LOST: ("?", "warn"),
}
"""A sign and a role: the sign alone tells well from ill where there is no colour."""


def status(value: Status) -> Row:
    """`● training`."""
    sign, role = SIGNS[value]
    return (Piece(f"{sign} {value.value}", role),)


_AUTOSTOP = {
    AutostopStatus.COUNTING: "warn strong",
    AutostopStatus.STOPPING: "warn strong",
    AutostopStatus.FAILED: "bad strong",
    AutostopStatus.CANCELLED: "warn",
    AutostopStatus.OFF: "warn",
}


def autostop(state: Autostop | None, now: float) -> Row:
    """`autostop 10 min after the last run`; nothing where there is no pod."""
    if state is None:
        return ()
    return (Piece(autostop_line(state, now), _AUTOSTOP.get(state.shown, "muted"), "screen.autostop"),)


def money(spent: Money | None) -> str | None:
    """`$8.12 today, $1.02 idle`, as far as it is known."""
    if spent is None or (spent.spent is None and spent.idle is None):
        return None
    idle = None if spent.idle is None else f"{dollars(spent.idle)} idle"
    return ", ".join(filter(None, (None if spent.spent is None else f"{dollars(spent.spent)} today", idle)))


def title(record: RunRecord) -> str:
    """`v8 train`, and always `rehearsal` where it is one."""
    name = f"{plain(record.version)} {record.stage.value}"
    return f"{name} · rehearsal" if record.trainer == "rehearsal" else name


def loss(value: float | None) -> str:
    """Four decimals, or as many digits as a small or large loss needs; `?` when unknown."""
    if value is None:
        return "?"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "infinite"
    if value == 0 or 0.001 <= abs(value) < 100:
        return f"{value:.4f}"
    return power(value, 2)


def power(value: float | None, digits: int = 1) -> str:
    """`1.4e-3`; `?` when unknown."""
    if value is None:
        return "?"
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "infinite"
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"


def count(done: int | None, total: int | None) -> str:
    """`412/5000`; `?` for what is unknown, and a lone `412` when there is no total."""
    if total is None:
        return "?" if done is None else str(done)
    return f"{'?' if done is None else done}/{total}"


def percent(done: int | None, total: int | None) -> int | None:
    """Whole percents, never 100 before the end."""
    return None if done is None or not total else min(100, 100 * done // total)


def steps(number: int) -> str:
    """`1 step`, `12 steps`."""
    return f"{number} step" if number == 1 else f"{number} steps"


def ago(then: float | None, now: float) -> str:
    """`3 h ago`; `?` when unknown. Durations, since the pod's clock zone is seldom the user's."""
    return "?" if then is None else f"{coarse(now - then)} ago"


def coarse(seconds: float) -> str:
    """One unit: `40 s`, `12 min`, `36 h`, `5 d`."""
    if seconds < 3600:
        return duration(seconds)
    hours = round(seconds / 3600)
    return f"{hours} h" if hours < 72 else f"{round(seconds / 86400)} d"


def took(item: RunRow, now: float) -> str:
    """How long it ran, or has been running."""
    return duration(item.seconds(now))
