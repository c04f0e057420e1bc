"""`fptui gpu`"""

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import asdict

from fptui.adapters.nvml import NvmlSource
from fptui.cli.common import add_json, environment, project_of, seconds
from fptui.cli.output import cut, emit, emit_json, say, table
from fptui.core.gpu import GpuReading, GpuReport, GpuSource
from fptui.core.text import plain
from fptui.core.units import dollars, duration, gibibytes
from fptui.errors import WrongUse
from fptui.tui.charts.bar import history
from fptui.watch.pod_past import GpuPeriod, PodPast

HELP = (
    "The GPUs, and on a pod what the guard wrote down of them. On a terminal the table is drawn anew each second until "
    "Ctrl-C, with the memory's peak since it began; otherwise, and with --once or --json, it is printed once. Without "
    "a GPU: the reason, and exit code 1."
)
EXAMPLE = "fptui gpu --once"

_PAST_SECONDS = 30.0
"""Between two looks at the past, which changes slowly."""
_COLUMNS = 48

Past = Callable[[float], "list[GpuPeriod]"]

_HEAD = ("GPU", "NAME", "UTIL %", "MEMORY GiB", "PEAK GiB", "POWER W", "°C", "CLOCK MHz", "SLOWED BY", "PROCESSES")
_RIGHT = ("GPU", "UTIL %", "MEMORY GiB", "PEAK GiB", "POWER W", "°C", "CLOCK MHz")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="print once, also on a terminal")
    parser.add_argument(
        "--since", type=seconds, default=12 * 3600.0, metavar="TIME", help="how much of the past to show: 12h"
    )
    add_json(parser)


def run(args: Namespace) -> int:
    source, past = NvmlSource(), _past(args)
    try:
        if args.json or args.once or not sys.stdout.isatty():
            return once(source, past, as_json=args.json)
        source.start_peak_sampler()
        return _live(source, past)
    finally:
        source.close()


def once(source: GpuSource, past: Past, *, as_json: bool) -> int:
    """Print one report; 1 when there is no GPU to see."""
    report, now = source.read(processes=True), time.time()
    if as_json:
        emit_json({**asdict(report), "history": past_json(past(now))})
    else:
        for line in [*(report_lines(report) if report.gpus else ()), *past_lines(past(now))]:
            emit(line)
        if report.problem:
            say(report.problem)
    return 0 if report.gpus else 1


def _live(source: GpuSource, past: Past) -> int:
    drawn, looked, written = 0, 0.0, list[str]()
    while True:
        report, now = source.read(), time.time()
        if abs(now - looked) >= _PAST_SECONDS:
            looked, written = now, past_lines(past(now))
        if not report.gpus:
            say(report.problem or "No GPU here.")
            return 1
        drawing = [*report_lines(report, live=True), plain(report.problem or ""), *written]
        lines = [cut(line) for line in drawing if line]
        sys.stdout.write((f"\x1b[{drawn}A" if drawn else "") + "".join(f"\x1b[2K{line}\n" for line in lines) + "\x1b[J")
        sys.stdout.flush()
        drawn = len(lines)
        time.sleep(1)


def report_lines(report: GpuReport, *, live: bool = False) -> list[str]:
    """The table. `?`: the device does not say. Live: with the peaks, which one look cannot have, without the processes,
    which are dear to list."""
    left_out = _HEAD.index("PROCESSES" if live else "PEAK GiB")
    rows = [cells[:left_out] + cells[left_out + 1 :] for cells in (_HEAD, *map(_cells, report.gpus))]
    return table(rows[0], rows[1:], right=_RIGHT)


def _cells(gpu: GpuReading) -> tuple[str, ...]:
    return (
        str(gpu.index),
        gpu.name or "?",
        _number(gpu.utilisation),
        f"{gibibytes(gpu.memory_used)} of {gibibytes(gpu.memory_total)}",
        gibibytes(gpu.memory_peak),
        f"{_number(gpu.power_watts)}/{_number(gpu.power_limit_watts)}",
        _number(gpu.temperature),
        _number(gpu.sm_clock),
        "?" if gpu.throttle_reasons is None else ", ".join(gpu.throttle_reasons) or "-",
        "?" if gpu.processes is None
        else ", ".join(f"{each.pid} ({gibibytes(each.memory_bytes)} GiB)" for each in gpu.processes) or "-",
    )  # fmt: skip


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.0f}"


def past_json(periods: Sequence[GpuPeriod]) -> list[dict[str, object]]:
    """What was written down, by GPU. Times are seconds, memory bytes, utilisation percent, costs dollars."""
    return [
        {
            "index": each.index,
            "from": each.totals.began,
            "to": each.totals.ended,
            "seconds": each.totals.seconds,
            "utilisation": each.totals.utilisation,
            "memory_peak": each.totals.memory_peak,
            "watt_hours": each.totals.watt_hours,
            "idle_seconds": each.totals.idle_seconds,
            "idle_cost": each.idle_cost,
        }
        for each in periods
    ]


def past_lines(periods: Sequence[GpuPeriod]) -> list[str]:
    """The same for people."""
    if not periods:
        return []
    lines = ["", f"The last {duration(periods[0].until - periods[0].since)}, as the guard wrote it down:"]
    for each in periods:
        totals = each.totals
        idle = "" if each.idle_cost is None else f", {dollars(each.idle_cost)}"
        lines.append(
            f"{each.index:>3}  {history(each.columns, len(each.columns))}  mean {_number(totals.utilisation)} %  peak "
            f"{gibibytes(totals.memory_peak)} GiB  {totals.watt_hours / 1000:.2f} kWh  idle "
            f"{duration(totals.idle_seconds)} of {duration(totals.seconds)}{idle}"
        )
    return lines


def _past(args: Namespace) -> Past:
    """Nothing outside a project, and where no guard has written anything."""
    try:
        past = PodPast(project_of(args), environment())
    except WrongUse:
        return lambda now: []
    return lambda now: past.periods(now - args.since, now, _COLUMNS)
