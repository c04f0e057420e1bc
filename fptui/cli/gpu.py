"""`fptui gpu`"""

import sys
import time
from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from fptui.adapters.nvml import NvmlSource
from fptui.cli.common import add_json
from fptui.cli.output import cut, emit, emit_json, say, table
from fptui.core.gpu import GpuReading, GpuReport, GpuSource
from fptui.core.text import plain
from fptui.core.units import gibibytes

HELP = (
    "The GPUs. On a terminal the table is drawn anew each second until Ctrl-C, with the memory's peak since it began; "
    "otherwise, and with --once or --json, it is printed once. Without a GPU: the reason, and exit code 1."
)
EXAMPLE = "fptui gpu --once"

_HEAD = ("GPU", "NAME", "UTIL %", "MEMORY GiB", "PEAK GiB", "POWER W", "°C", "CLOCK MHz", "SLOWED BY", "PROCESSES")
_RIGHT = ("GPU", "UTIL %", "MEMORY GiB", "PEAK GiB", "POWER W", "°C", "CLOCK MHz")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="print once, also on a terminal")
    add_json(parser)


def run(args: Namespace) -> int:
    source = NvmlSource()
    try:
        if args.json or args.once or not sys.stdout.isatty():
            return once(source, as_json=args.json)
        source.start_peak_sampler()
        return _live(source)
    finally:
        source.close()


def once(source: GpuSource, *, as_json: bool) -> int:
    """Print one report; 1 when there is no GPU to see."""
    report = source.read(processes=True)
    if as_json:
        emit_json(asdict(report))
    else:
        for line in report_lines(report) if report.gpus else ():
            emit(line)
        if report.problem:
            say(report.problem)
    return 0 if report.gpus else 1


def _live(source: GpuSource) -> int:
    drawn = 0
    while True:
        report = source.read()
        if not report.gpus:
            say(report.problem or "No GPU here.")
            return 1
        lines = [cut(line) for line in [*report_lines(report, live=True), plain(report.problem or "")] if line]
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
