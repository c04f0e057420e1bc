"""What it costs: dollars, by the hour."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fptui.core.run import RunRecord
from fptui.core.view import RunRow


@dataclass(frozen=True)
class Money:
    """What a project has cost today, in dollars. None: not known."""

    spent: float | None
    """In its runs."""
    idle: float | None
    """While a GPU of this pod had nothing to do, its share of the pod's price; as far as the guard saw it."""


def cost(seconds: float | None, price_per_hour: float | None) -> float | None:
    """None while either is not known."""
    return None if seconds is None or price_per_hour is None else seconds * price_per_hour / 3600


def midnight(now: float) -> float:
    """When this day began, in the machine's own time zone."""
    today = time.localtime(now)
    return time.mktime((today.tm_year, today.tm_mon, today.tm_mday, 0, 0, 0, 0, 0, -1))


def spent(
    rows: Iterable[RunRow], price_of: Callable[[RunRecord], float | None], since: float, now: float
) -> float | None:
    """What runs have cost since then. Runs side by side on one pod cost it once. None where the price of any of them is
    not known."""
    stretches: dict[tuple[str, str], list[tuple[float, float]]] = {}
    prices: dict[tuple[str, str], float | None] = {}
    for run in rows:
        began, lasted = run.started_at, run.seconds(now)
        if began is None or lasted is None or began + lasted <= since:
            continue
        pod = (run.record.pod_id or "", "" if run.record.pod_id else run.record.host)
        stretches.setdefault(pod, []).append((max(began, since), began + lasted))
        prices.setdefault(pod, price_of(run.record))
    if any(price is None for price in prices.values()):
        return None
    return sum(_covered(each) * (prices[pod] or 0.0) / 3600 for pod, each in stretches.items())


def _covered(stretches: list[tuple[float, float]]) -> float:
    """Seconds in any of them."""
    total, reached = 0.0, float("-inf")
    for began, ended in sorted(stretches):
        total += max(0.0, ended - max(began, reached))
        reached = max(reached, ended)
    return total
