"""The GPUs: one in detail, several with a line each, none with a sentence."""

from collections.abc import Mapping, Sequence

from fptui.core.gpu import GpuReading, GpuReport
from fptui.core.text import plain
from fptui.core.units import gibibytes
from fptui.tui.charts.bar import bar, history
from fptui.tui.rows import Piece, Row, fact, flow, join, row, width_of, wrap
from fptui.tui.widgets.panel import Panel

NO_GPU = "No GPU here. Rehearsal runs train on the CPU."
MOST_LINES = 8
_HOT = 85
_NEARLY_FULL = 0.97


def short_name(name: str | None) -> str:
    """`H100 80GB HBM3` of `NVIDIA H100 80GB HBM3`; `?` when unknown."""
    return plain(name).removeprefix("NVIDIA ").removeprefix("GeForce ").strip() if name else "?"


def gpu_title(report: GpuReport) -> str:
    """What stands in the panel's border."""
    if len(report.gpus) == 1:
        gpu = report.gpus[0]
        return f"GPU {gpu.index} · {short_name(gpu.name)}"
    return f"{len(report.gpus)} GPUs" if report.gpus else "GPU"


def draw_gpus(report: GpuReport, past: Mapping[int, Sequence[int | None]], width: int, lines: int) -> list[Row]:
    """At most about `lines` rows."""
    if not report.gpus:
        drawn = wrap(NO_GPU, width)
        return drawn + (wrap(plain(report.problem), width, "muted", limit=max(1, lines - len(drawn)))
                        if report.problem else [])  # fmt: skip
    if len(report.gpus) == 1:
        drawn = _one(report.gpus[0], past.get(report.gpus[0].index, ()), width, roomy=lines > 2)
    else:
        shown = report.gpus if len(report.gpus) <= lines else report.gpus[: max(1, lines - 1)]
        drawn = [_line(gpu, width) for gpu in shown]
        if len(shown) < len(report.gpus):
            drawn.append(_summary(report.gpus[len(shown) :]))
    return drawn + (wrap(plain(report.problem), width, "warn", limit=2) if report.problem else [])


def _one(gpu: GpuReading, past: Sequence[int | None], width: int, *, roomy: bool) -> list[Row]:
    right = [_power(gpu), _temperature(gpu)]
    if gpu.sm_clock is not None and not roomy:
        right.append(row(f"{gpu.sm_clock} MHz"))
    while right and width_of(join(right)) > width - 14:
        right.pop()
    util = fact("util", f"{_number(gpu.utilisation):>3} %", "strong")
    figures = join(right)
    space = width - width_of(util) - width_of(figures) - 4
    drawn = history(past, max(0, min(space, 60))) if space >= 4 else ""
    first = row(*util, Piece(f"  {drawn}  ", "average"), *figures)
    rows = [first, _memory(gpu, width)]
    extra: list[Row] = []
    if roomy and gpu.sm_clock is not None:
        memory = f" · memory {gpu.memory_clock}" if gpu.memory_clock is not None else ""
        extra.append(fact("clock", f"{gpu.sm_clock}{memory} MHz"))
    if gpu.throttle_reasons:
        extra.append(row(Piece("slowed by ", "muted"), Piece(", ".join(map(plain, gpu.throttle_reasons)), "warn")))
    elif roomy and gpu.throttle_reasons is not None:
        extra.append(row(Piece("not slowed", "muted")))
    return rows + flow(extra, width)


def _memory(gpu: GpuReading, width: int) -> Row:
    text = fact("vram", f"{gibibytes(gpu.memory_used)} of {gibibytes(gpu.memory_total)} GiB", "strong")
    peak = fact("peak", gibibytes(gpu.memory_peak)) if gpu.memory_peak is not None else ()
    space = width - width_of(text) - width_of(peak) - 4
    full, empty = bar(_part(gpu), space) if space >= 4 else ("", "")
    return row(*text, "  ", Piece(full, _fullness(gpu)), Piece(empty, "bar"), "  ", *peak)


def _line(gpu: GpuReading, width: int) -> Row:
    """One GPU among several: facts from the left, as many whole ones as fit."""
    facts = [
        fact(str(gpu.index), f"{_number(gpu.utilisation):>3} %", "strong"),
        row(Piece(f"{gibibytes(gpu.memory_used):>5}"), Piece(f"/{gibibytes(gpu.memory_total)} GiB", "muted")),
        _temperature(gpu),
        _power(gpu),
        fact("peak", gibibytes(gpu.memory_peak)),
    ]
    if gpu.throttle_reasons:
        facts.insert(3, row(Piece(", ".join(map(plain, gpu.throttle_reasons)), "warn")))
    while len(facts) > 1 and width_of(join(facts, "  ")) > width:
        facts.pop()
    line = join(facts, "  ")
    space = min(20, width - width_of(line) - 2)
    if space < 4:
        return line
    full, empty = bar(_part(gpu), space)
    return row(*line, "  ", Piece(full, _fullness(gpu)), Piece(empty, "bar"))


def _summary(rest: Sequence[GpuReading]) -> Row:
    busiest = max((gpu.utilisation for gpu in rest if gpu.utilisation is not None), default=None)
    fullest = max((gpu.memory_used for gpu in rest if gpu.memory_used is not None), default=None)
    return row(Piece(f"and {len(rest)} more: up to {_number(busiest)} %, {gibibytes(fullest)} GiB", "muted"))


def _power(gpu: GpuReading) -> Row:
    limit = "" if gpu.power_limit_watts is None else f"/{gpu.power_limit_watts:.0f}"
    return row("? W" if gpu.power_watts is None else f"{gpu.power_watts:.0f}{limit} W")


def _temperature(gpu: GpuReading) -> Row:
    hot = gpu.temperature is not None and gpu.temperature >= _HOT
    return row(Piece(f"{_number(gpu.temperature)} °C", "warn" if hot else ""))


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)


def _part(gpu: GpuReading) -> float | None:
    return gpu.memory_used / gpu.memory_total if gpu.memory_used is not None and gpu.memory_total else None


def _fullness(gpu: GpuReading) -> str:
    part = _part(gpu)
    return "warn" if part is not None and part >= _NEARLY_FULL else "average"


class GpuPanel(Panel):
    """`draw_gpus` in a box."""

    report = GpuReport(())
    past: Mapping[int, Sequence[int | None]] = {}
    lines = MOST_LINES

    def show(self, report: GpuReport, past: Mapping[int, Sequence[int | None]]) -> None:
        self.report, self.past = report, past
        self.set_title(gpu_title(report))
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        return draw_gpus(self.report, self.past, width, self.lines)
