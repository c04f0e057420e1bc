"""One row a question, and how a row is measured."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """`ours` and `peer` in milliseconds. The target is either a ratio to the peer or a limit in milliseconds."""

    what: str
    ours: float
    peer_name: str
    peer: float
    target_ratio: float | None = None
    target_ms: float | None = None

    @property
    def met(self) -> bool:
        if self.target_ratio is not None:
            return self.ours <= self.target_ratio * self.peer
        return self.target_ms is None or self.ours <= self.target_ms


def alternate(ours: Callable[[], None], peer: Callable[[], None], times: int) -> tuple[float, float]:
    """Medians in milliseconds of `times` runs of each, in turn, so that a busy moment hits both."""
    measured: tuple[list[float], list[float]] = ([], [])
    for _ in range(times):
        for run, into in zip((ours, peer), measured, strict=True):
            began = time.perf_counter()
            run()
            into.append(1000 * (time.perf_counter() - began))
    return median(measured[0]), median(measured[1])


def render(rows: Sequence[Row]) -> str:
    """A Markdown table."""
    lines = ["| what | ours | peer | ratio | target | met |", "|---|---|---|---|---|---|"]
    for row in rows:
        ratio = f"{row.ours / row.peer:.2f}" if row.peer else "-"
        target = f"{row.target_ratio:g}x" if row.target_ratio is not None else f"{row.target_ms:g} ms"
        verdict = "yes" if row.met else "**no**"
        lines.append(
            f"| {row.what} | {row.ours:.1f} ms | {row.peer_name}: {row.peer:.1f} ms | {ratio} | {target} | {verdict} |"
        )
    return "\n".join(lines)
