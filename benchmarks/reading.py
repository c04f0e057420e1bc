"""Reading what a trainer wrote, and drawing it."""

import random
import time
from collections.abc import Iterable

from benchmarks.table import Row
from fptui.core.musubi.log_reader import LogReader
from fptui.core.series import Series
from fptui.tui.charts.braille import draw_series

STEPS = 1_000_000


def rows() -> Iterable[Row]:
    """A 100 MB log read whole; a curve of a million points drawn."""
    log = _log(100_000_000)
    began = time.perf_counter()
    bytearray(log)
    copied = 1000 * (time.perf_counter() - began)
    began = time.perf_counter()
    reader = LogReader()
    for start in range(0, len(log), 1 << 20):
        reader.feed(log[start : start + (1 << 20)])
    yield Row("all steps of a 100 MB log", 1000 * (time.perf_counter() - began), "a copy", copied, target_ms=800)
    del log, reader

    noise = random.Random(0)
    series = Series()
    for step in range(STEPS):
        series.append(step, 1 / (1 + step / 1e5) + noise.random() / 10)
    began = time.perf_counter()
    for _ in range(20):
        draw_series(series, 0, STEPS, 0, 1.2, 120, 30)
    ours = 1000 * (time.perf_counter() - began) / 20
    began = time.perf_counter()
    min(series.y(index) for index in range(0, STEPS, 1000))
    yield Row("a frame of 1,000,000 points, 120x30", ours, "1,000 look-ups", 1000 * (time.perf_counter() - began), target_ms=5)


def _log(size: int) -> bytes:
    pieces, length, step = [], 0, 0
    while length < size:
        step += 1
        piece = f"\rsteps:  12%|#2        | {step}/2000000 [01:00<30:00,  1.92s/it, avr_loss={1 / (1 + step / 1e4):.3g}]"
        pieces.append(piece.encode())
        length += len(pieces[-1])
    return b"".join(pieces)
