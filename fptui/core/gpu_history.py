"""What the GPUs of a pod did, second by second: the guard writes it down, so that the night is there in the morning.

In `PROJECT/runs/gpu/POD/`: a file of records of one size for each GPU, and `pod.json`, which says what the pod costs.
"""

import math
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fptui.core.gpu import IDLE_PERCENT, SLOWED_BY, GpuReading

_RECORD = struct.Struct("<dIIHBBHH")
"""Time, memory and its peak in KiB, tenths of a watt, utilisation, °C, MHz, reasons; all ones: not known."""
RECORD_SIZE = _RECORD.size
_NO_MEMORY, _NO_SHORT, _NO_BYTE = 0xFFFFFFFF, 0xFFFF, 0xFF
_LONGEST = 5.0
"""Seconds that one record may stand for: longer gaps are a guard that was away, and nothing is known of them."""


class Sample(NamedTuple):
    """One GPU in one second, in the units of `GpuReading`; None: it did not say."""

    at: float
    utilisation: int | None
    memory_used: int | None
    memory_peak: int | None
    """The highest at 10 Hz since the sample before."""
    power_watts: float | None
    temperature: int | None
    sm_clock: int | None
    slowed_by: tuple[str, ...] | None


@dataclass(frozen=True)
class Pod:
    """`pod.json`: whose history it is. `price_per_hour` in dollars."""

    pod_id: str | None
    host: str
    price_per_hour: float | None = None


@dataclass
class Totals:
    """What the samples of one GPU come to, one after another; times in seconds."""

    began: float | None = None
    ended: float | None = None
    seconds: float = 0.0
    """As far as they are known: what the guard was away for does not count."""
    idle_seconds: float = 0.0
    memory_peak: int | None = None
    watt_hours: float = 0.0
    _known: float = 0.0
    _busy: float = 0.0

    def add(self, sample: Sample) -> None:
        """The next one. It stands for the time since the one before; behind a gap, or a clock that was set, for one
        second."""
        since = 1.0 if self.ended is None else sample.at - self.ended
        lasted = since if 0 <= since <= _LONGEST else 1.0
        self.began = sample.at if self.began is None else self.began
        self.ended = sample.at
        self.seconds += lasted
        if sample.utilisation is not None:
            self._known += lasted
            self._busy += sample.utilisation * lasted
            self.idle_seconds += lasted if sample.utilisation < IDLE_PERCENT else 0.0
        self.watt_hours += (sample.power_watts or 0.0) * lasted / 3600
        for value in (sample.memory_used, sample.memory_peak):
            if value is not None:
                self.memory_peak = max(value, self.memory_peak or 0)

    @property
    def utilisation(self) -> float | None:
        """Mean, in percent."""
        return self._busy / self._known if self._known else None


def history_folder(runs: Path, pod_id: str | None, host: str) -> Path:
    """Of one pod, or of a machine that is none; ids that are no file names are made so."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", pod_id or host)[:64]
    return runs / "gpu" / (name or "here")


def history_name(index: int) -> str:
    """The file of one GPU."""
    return f"gpu{index}.history"


def pack(reading: GpuReading) -> bytes:
    """A reading as a record."""
    reasons = reading.throttle_reasons
    bits = _NO_SHORT if reasons is None else sum(bit for bit, word in SLOWED_BY if word in reasons)
    return _RECORD.pack(
        reading.at,
        _whole(reading.memory_used, 1 / 1024, _NO_MEMORY),
        _whole(reading.recent_peak, 1 / 1024, _NO_MEMORY),
        _whole(reading.power_watts, 10, _NO_SHORT),
        _whole(reading.utilisation, 1, _NO_BYTE),
        _whole(reading.temperature, 1, _NO_BYTE),
        _whole(reading.sm_clock, 1, _NO_SHORT),
        bits,
    )


def unpack(data: bytes) -> Iterator[Sample]:
    """The whole records in `data`, without those whose time cannot be one."""
    for at, used, peak, power, utilisation, temperature, clock, bits in _RECORD.iter_unpack(
        data[: len(data) - len(data) % RECORD_SIZE]
    ):
        if not math.isfinite(at):
            continue
        yield Sample(
            at,
            None if utilisation > 100 else utilisation,
            None if used == _NO_MEMORY else used * 1024,
            None if peak == _NO_MEMORY else peak * 1024,
            None if power == _NO_SHORT else power / 10,
            None if temperature == _NO_BYTE else temperature,
            None if clock == _NO_SHORT else clock,
            None if bits == _NO_SHORT else tuple(word for bit, word in SLOWED_BY if bits & bit),
        )


def time_of(record: bytes) -> float:
    """When a record was written."""
    return float(_RECORD.unpack(record)[0])


def columns(samples: Iterable[Sample], since: float, until: float, count: int) -> list[int | None]:
    """Mean utilisation in so many equal stretches; None where nothing is known."""
    sums, numbers = [0] * count, [0] * count
    for sample in samples:
        place = int((sample.at - since) / (until - since) * count) if until > since else -1
        if sample.utilisation is not None and 0 <= place < count:
            sums[place] += sample.utilisation
            numbers[place] += 1
    return [round(total / number) if number else None for total, number in zip(sums, numbers, strict=True)]


def _whole(value: float | None, factor: float, unknown: int) -> int:
    return unknown if value is None else min(max(0, round(value * factor)), unknown - 1)
