"""Reading what a trainer wrote, and drawing it."""

import random
import time
from collections.abc import Iterable

from benchmarks.table import Row, alternate
from fptui.core.musubi.log_reader import LogReader
from fptui.core.series import Series
from fptui.tui.charts.braille import Frame, Trace, plot

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
    values = [1 / (1 + step / 1e5) + noise.random() / 10 for step in range(STEPS)]
    series = Series()
    series.extend(range(STEPS), values)
    frame = Frame(0, STEPS, 0, 1.2, 120, 30)
    ours, peer = alternate(lambda: _discard(plot(series, STEPS, frame)), lambda: _discard(max(values)), 15)
    yield Row("a frame of 1,000,000 points, 120x30, drawn cold", ours, "max() of them", peer, target_ms=5)

    trace = Trace()
    trace.draw(series, STEPS - 1, frame)
    began = time.perf_counter()
    trace.draw(series, STEPS, frame)
    yield Row("the same, one point later", 1000 * (time.perf_counter() - began), "drawn cold", ours, target_ms=5)


def _discard(_: object) -> None:
    """For a lambda that must return None."""


def _log(size: int) -> bytes:
    pieces, length, step = [], 0, 0
    while length < size:
        step += 1
        piece = (
            f"\rsteps:  12%|#2        | {step}/2000000 [01:00<30:00,  1.92s/it, avr_loss={1 / (1 + step / 1e4):.3g}]"
        )
        pieces.append(piece.encode())
        length += len(pieces[-1])
    return b"".join(pieces)
