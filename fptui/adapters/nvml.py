"""NVIDIA's management library: the only importer of `pynvml`.

What each call costs was measured on an H200 with driver 580: memory, power, clocks and event reasons 1 to 6 µs,
`nvmlInit` 6 ms; PCIe throughput (21 ms) and energy (3 ms) are therefore not read.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Any, TypeVar

from fptui.core.gpu import SLOWED_BY, GpuProcess, GpuReading, GpuReport

PEAK_PERIOD_SECONDS = 0.1
_RETRY_SECONDS = 10.0

_KNOWN_REASONS = 0x1 | sum(bit for bit, _ in SLOWED_BY)

# nvml.h, nvmlReturn_t.
_UNINITIALIZED, _NO_PERMISSION, _DRIVER_NOT_LOADED, _LIBRARY_NOT_FOUND = 1, 4, 9, 12
_GPU_IS_LOST, _RESET_REQUIRED, _VERSION_MISMATCH = 15, 16, 18

_T = TypeVar("_T")


class NvmlSource:
    """All GPUs that this machine shows. Opens the driver at the first reading, tries again every 10 s when that failed,
    and answers every question with a value: a field that a device lacks is None, what is wrong altogether a sentence.

    Memory is `nvmlDeviceGetMemoryInfo` version 1, whose `used` counts what the driver reserves for itself (0.6 GiB on
    an H200): used + free = total, so that what is left can be told. Version 2 takes the reserve out of `used`.
    """

    def __init__(self, *, library: Any = None, clock: Callable[[], float] = time.time) -> None:
        """`library`: a stand-in for the pynvml module, for tests."""
        self._nvml = library
        self._clock = clock
        self._lock = Lock()
        self._open = False
        self._tried_at: float | None = None
        self._problem: str | None = None
        self._devices: list[_Device] = []
        self._driver: str | None = None
        self._stop = Event()
        self._sampler: Thread | None = None

    def read(self, *, processes: bool = False) -> GpuReport:
        """A fresh report of every GPU."""
        now = self._clock()
        with self._lock:
            self._ensure_open(now)
            readings = tuple(device.read(now, processes=processes) for device in self._devices)
            if self._open and any(device.closed for device in self._devices):
                self._close_library()
                self._problem = "The NVIDIA driver went away; trying again."
            problems = [self._problem, *(device.problem for device in self._devices)]
        return GpuReport(readings, " ".join(filter(None, problems)) or None, self._driver)

    def start_peak_sampler(self) -> None:
        """From now on watch memory at 10 Hz in a thread (0.13 % of a core), so that no peak of 0.1 s is missed."""
        if self._sampler is None:
            self._sampler = Thread(target=self._sample, name="gpu-peaks", daemon=True)
            self._sampler.start()

    def sample_peaks(self) -> None:
        """One look at every GPU's memory."""
        with self._lock:
            for device in self._devices if self._open else ():
                device.sample()

    def close(self) -> None:
        """Let go of the driver; a later reading opens it again."""
        self._stop.set()
        if self._sampler is not None:
            self._sampler.join(timeout=1)
        with self._lock:
            self._close_library()
            self._devices = []
        self._stop, self._sampler = Event(), None

    def _sample(self) -> None:
        stop = self._stop
        while not stop.wait(PEAK_PERIOD_SECONDS):
            self.sample_peaks()

    def _ensure_open(self, now: float) -> None:
        if self._open or (self._tried_at is not None and 0 <= now - self._tried_at < _RETRY_SECONDS):
            return
        self._tried_at = now
        try:
            if self._nvml is None:
                import pynvml

                self._nvml = pynvml
            self._nvml.nvmlInit()
            count = int(self._nvml.nvmlDeviceGetCount())
        except ImportError:
            self._problem = "The Python package nvidia-ml-py is missing: pip install nvidia-ml-py."
            return
        except _errors(self._nvml) as error:
            self._problem = _no_driver(error)
            return
        self._open, self._problem = True, None if count else "The NVIDIA driver shows no GPU here."
        self._driver = _text(self._ask(self._nvml.nvmlSystemGetDriverVersion))
        peaks = {device.index: device.peak for device in self._devices}
        self._devices = [_Device(self._nvml, index, peaks.get(index)) for index in range(count)]

    def _close_library(self) -> None:
        if self._open:
            self._ask(self._nvml.nvmlShutdown)
        self._open = False

    def _ask(self, question: Callable[[], _T]) -> _T | None:
        try:
            return question()
        except _errors(self._nvml):
            return None


class _Device:
    """One GPU: its handle, what never changes, and its peak."""

    def __init__(self, nvml: Any, index: int, peak: int | None) -> None:
        self._nvml = nvml
        self.index = index
        self.peak = peak
        self.recent_peak: int | None = None
        self.problem: str | None = None
        self.closed = False
        self._handle: Any = None
        self._name: str | None = None
        self._uuid: str | None = None

    def read(self, at: float, *, processes: bool) -> GpuReading:
        self.problem, self.closed = None, False
        nvml, handle = self._nvml, self._find()
        if handle is None:
            return GpuReading(self.index, self._uuid, self._name, at, memory_peak=self.peak)
        self._name = self._name or _text(self._ask(lambda: nvml.nvmlDeviceGetName(handle)))
        self._uuid = self._uuid or _text(self._ask(lambda: nvml.nvmlDeviceGetUUID(handle)))
        memory = self._ask(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
        used, total = (int(memory.used), int(memory.total)) if memory is not None and memory.total else (None, None)
        self._raise_peak(used)
        recent, self.recent_peak = self.recent_peak, None
        power = self._ask(lambda: nvml.nvmlDeviceGetPowerUsage(handle))
        limit = self._ask(lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle))
        return GpuReading(
            self.index,
            self._uuid,
            self._name,
            at,
            utilisation=self._ask(lambda: int(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)),
            memory_used=used,
            memory_total=total,
            memory_peak=self.peak,
            recent_peak=recent,
            power_watts=None if power is None else power / 1000,
            power_limit_watts=None if limit is None else limit / 1000,
            temperature=self._ask(lambda: int(nvml.nvmlDeviceGetTemperature(handle, 0))),
            sm_clock=self._ask(lambda: int(nvml.nvmlDeviceGetClockInfo(handle, 1))),
            memory_clock=self._ask(lambda: int(nvml.nvmlDeviceGetClockInfo(handle, 2))),
            throttle_reasons=self._reasons(handle),
            processes=self._processes(handle) if processes else None,
        )

    def sample(self) -> None:
        handle = self._handle
        if handle is not None:
            with suppress(*_errors(self._nvml)):
                self._raise_peak(int(self._nvml.nvmlDeviceGetMemoryInfo(handle).used))

    def _raise_peak(self, used: int | None) -> None:
        if used is not None:
            self.peak = max(used, self.peak or 0)
            self.recent_peak = max(used, self.recent_peak or 0)

    def _find(self) -> Any:
        if self._handle is None:
            self._handle = self._ask(lambda: self._nvml.nvmlDeviceGetHandleByIndex(self.index), essential=True)
        return self._handle

    def _reasons(self, handle: Any) -> tuple[str, ...] | None:
        bits = self._ask(lambda: int(self._nvml.nvmlDeviceGetCurrentClocksEventReasons(handle)))
        if bits is None:  # a driver before 535 knows only the older name
            bits = self._ask(lambda: int(self._nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle)))
        if bits is None:
            return None
        unknown = bits & ~_KNOWN_REASONS
        return tuple(word for bit, word in SLOWED_BY if bits & bit) + ((f"reason {unknown:#x}",) if unknown else ())

    def _processes(self, handle: Any) -> tuple[GpuProcess, ...] | None:
        found = self._ask(lambda: list(self._nvml.nvmlDeviceGetComputeRunningProcesses(handle)))
        if found:
            return tuple(GpuProcess(int(one.pid), one.usedGpuMemory) for one in found)
        # In a container the list is empty however many there are; only memory that nobody holds proves it right.
        held = self._ask(lambda: int(self._nvml.nvmlDeviceGetMemoryInfo(handle, version=self._nvml.nvmlMemory_v2).used))
        return () if found is not None and held == 0 else None

    def _ask(self, question: Callable[[], _T], *, essential: bool = False) -> _T | None:
        try:
            return question()
        except _errors(self._nvml) as error:
            code = getattr(error, "value", None)
            if code in (_GPU_IS_LOST, _RESET_REQUIRED):
                self.problem = (
                    f"GPU {self.index} does not answer any more ({error}): restart the pod, or reset the GPU."
                )
                self._handle = None
            elif code == _UNINITIALIZED:
                self.closed, self._handle = True, None
            elif essential:
                self.problem = f"GPU {self.index} cannot be read: {error}."
            return None


def _errors(nvml: Any) -> tuple[type[Exception], ...]:
    """What pynvml raises: its own error, and those of ctypes where driver and binding do not fit."""
    return (nvml.NVMLError, OSError, AttributeError, TypeError, ValueError)


def _text(value: str | bytes | None) -> str | None:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _no_driver(error: Exception) -> str:
    code = getattr(error, "value", None)
    if code == _LIBRARY_NOT_FOUND:
        return "No NVIDIA driver here: its library libnvidia-ml.so.1 is not installed."
    if code == _DRIVER_NOT_LOADED:
        return "The NVIDIA driver is not loaded: no GPU is attached, or the pod was started without one."
    if code == _VERSION_MISMATCH:
        return "The NVIDIA driver was updated under the running kernel module: restart the machine."
    if code == _NO_PERMISSION:
        return "This user may not ask the NVIDIA driver: run as root or join the group of /dev/nvidia*."
    return f"The NVIDIA driver does not answer: {error}."
