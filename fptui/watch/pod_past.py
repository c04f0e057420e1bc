"""What this pod did and cost while nobody looked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fptui.adapters.gpu_history import indices, read_history
from fptui.core.cost import Money, cost, midnight, spent
from fptui.core.gpu import GpuReport
from fptui.core.gpu_history import Totals, columns, history_folder
from fptui.core.project import Project
from fptui.core.view import RunRow
from fptui.watch.gpu_past import GpuPast
from fptui.watch.prices import Prices


@dataclass(frozen=True)
class GpuPeriod:
    """One GPU over some time. `columns`: its mean utilisation in equal stretches; `idle_cost`: dollars, of its share of
    the pod's price."""

    index: int
    since: float
    until: float
    totals: Totals
    columns: list[int | None]
    idle_cost: float | None


class PodPast:
    """Of one project on this pod."""

    def __init__(self, project: Project, environment: Mapping[str, str]) -> None:
        self.prices = Prices(project, environment)
        self._folder = history_folder(project.runs, self.prices.pod_id, self.prices.host)
        self._today, self._run = GpuPast(self._folder), GpuPast(self._folder)

    def money(self, rows: Sequence[RunRow], now: float) -> Money | None:
        """None where no price is known."""
        today = midnight(now)
        self._today.poll(today)
        idle = cost(self._today.idle_seconds, self.prices.here) if self._today.totals else None
        of_runs = spent(rows, self.prices.of, today, now) if rows else None
        return None if of_runs is None and idle is None else Money(of_runs, idle)

    def with_peaks(self, report: GpuReport, since: float) -> GpuReport:
        """Peaks since then, also of the time before anybody looked."""
        self._run.poll(since)
        peaks = {index: totals.memory_peak or 0 for index, totals in self._run.totals.items()}
        return replace(
            report,
            gpus=tuple(
                replace(gpu, memory_peak=max(peaks[gpu.index], gpu.memory_peak or 0)) if gpu.index in peaks else gpu
                for gpu in report.gpus
            ),
        )

    def periods(self, since: float, until: float, count: int) -> list[GpuPeriod]:
        """What was written down of each GPU in that time, its utilisation in `count` columns."""
        found = []
        for index in indices(self._folder):
            samples = list(read_history(self._folder, index, since, until))
            totals = Totals()
            for sample in samples:
                totals.add(sample)
            if samples:
                found.append((index, totals, columns(samples, since, until, count)))
        price = self.prices.here
        share = None if price is None or not found else price / len(found)
        return [
            GpuPeriod(index, since, until, totals, means, cost(totals.idle_seconds, share))
            for index, totals, means in found
        ]

    def utilisation(self, index: int, since: float) -> list[tuple[float, int | None]]:
        """Time and percent, oldest first."""
        return [(sample.at, sample.utilisation) for sample in read_history(self._folder, index, since)]
