"""What a user who is away is told: when runs end, and when the pod is about to stop, stops, or does not."""

from collections.abc import Sequence
from dataclasses import dataclass

from fptui.core.autostop import Autostop, AutostopStatus, End
from fptui.core.autostop_words import autostop_line
from fptui.core.units import duration

_WORRYING_TRIES = 5


@dataclass(frozen=True)
class Notice:
    """A title and a sentence or two."""

    title: str
    body: str


def notices(before: Autostop, after: Autostop, ended: Sequence[End], now: float) -> list[Notice]:
    """`ended`: the runs that have ended since the last look. `now`: the wall clock's."""
    pod = f"pod {after.pod_id}" if after.pod_id else "the pod"
    found = [Notice(f"{end.name}: {end.status.value}", _took(end)) for end in ended]
    if after.status is not before.status:
        line, why = autostop_line(after, now), after.reason or ""
        if after.status is AutostopStatus.COUNTING:
            found.append(Notice(f"{pod} {line}", f"{why} `fptui autostop cancel`, or z, keeps it up."))
        elif after.status is AutostopStatus.STOPPING:
            found.append(Notice(f"{pod} is being stopped", why))
        elif after.status is AutostopStatus.FAILED:
            found.append(Notice(f"{pod} STAYS UP and costs money", why))
    if before.tries < _WORRYING_TRIES <= after.tries:
        last = after.attempts[-1].outcome if after.attempts else "Nothing could be asked."
        found.append(Notice(f"{pod} CANNOT BE STOPPED so far", f"{last} It is tried on. Stop it in the console."))
    if after.problem is not None and before.problem is None and after.status is AutostopStatus.ARMED:
        found.append(Notice(f"autostop of {pod} would not work", after.problem))
    return found


def _took(end: End) -> str:
    return "" if end.seconds is None else f"After {duration(end.seconds)}."
