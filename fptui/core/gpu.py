"""What a GPU says of itself. Every field may be None: the device lacks it, or the driver did not answer."""

from dataclasses import dataclass
from typing import Protocol

# nvml.h, nvmlClocksEventReasons: what holds the clocks down. Idle (bit 0) is left out: nothing is slowed then.
SLOWED_BY = (
    (0x004, "power limit"),
    (0x008, "hardware slowdown"),
    (0x010, "sync boost"),
    (0x020, "temperature"),
    (0x040, "hardware thermal limit"),
    (0x080, "power brake"),
    (0x002, "clocks set by hand"),
    (0x100, "display clocks"),
)
IDLE_PERCENT = 5
"""A GPU with less to do than this does nothing: a desktop, or a context that is held, takes as much."""


@dataclass(frozen=True)
class GpuProcess:
    """A process with memory on the GPU; in a container its id may be the host's."""

    pid: int
    memory_bytes: int | None
    name: str | None = None


@dataclass(frozen=True)
class GpuReading:
    """One GPU at one moment. Memory in bytes, power in watts, temperature in °C, clocks in MHz, utilisation in %."""

    index: int
    uuid: str | None
    name: str | None
    at: float
    utilisation: int | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    memory_peak: int | None = None
    """The highest `memory_used` since the reader began, sampled at 10 Hz."""
    power_watts: float | None = None
    power_limit_watts: float | None = None
    temperature: int | None = None
    sm_clock: int | None = None
    memory_clock: int | None = None
    throttle_reasons: tuple[str, ...] | None = None
    processes: tuple[GpuProcess, ...] | None = None
    """None: unknown, which is usual in a container; () means that nobody is there."""
    recent_peak: int | None = None
    """As `memory_peak`, since the reading before this one."""


@dataclass(frozen=True)
class GpuReport:
    """All GPUs of this machine, or why there are none to see."""

    gpus: tuple[GpuReading, ...]
    problem: str | None = None
    """One sentence: no driver, no library, a GPU that fell off."""
    driver: str | None = None

    @property
    def is_working(self) -> bool | None:
        """Whether any GPU has something to do; None where none says."""
        known = [gpu.utilisation for gpu in self.gpus if gpu.utilisation is not None]
        return any(percent >= IDLE_PERCENT for percent in known) if known else None


class GpuSource(Protocol):
    """Something that can be asked about the GPUs. Never raises for what a driver does."""

    def read(self, *, processes: bool = False) -> GpuReport:
        """A fresh report; the process list is dear (4.5 ms and the driver's lock), so it is asked for."""

    def close(self) -> None:
        """Let go of the driver."""
