"""A stand-in for the pynvml module: a scripted driver, with errors that can be put on any call."""

from types import SimpleNamespace
from typing import Any


class NVMLError(Exception):
    """As pynvml's: a number and a text."""

    def __init__(self, value: int, text: str = "") -> None:
        super().__init__(text or f"error {value}")
        self.value = value


class FakeNvml:
    """GPUs that answer from `values`; `errors` maps a function's name to what it raises instead, for every device or,
    as (name, index), for one."""

    NVMLError = NVMLError
    nvmlMemory_v2 = 2

    def __init__(self, count: int = 1) -> None:
        self.count = count
        self.errors: dict[str | tuple[str, int], Exception] = {}
        self.calls: list[str] = []
        self.initialised = 0
        self.processes: list[tuple[int, int | None]] = []
        self.values: dict[str, Any] = {
            "used": 644_939_776,
            "held": 0,
            "total": 150_754_820_096,
            "util": 98,
            "power": 612_345,
            "temperature": 64,
            "sm": 1980,
            "mem": 3201,
            "reasons": 0,
            "name": "NVIDIA H200",
        }

    def nvmlInit(self) -> None:
        self._call("nvmlInit")
        self.initialised += 1

    def nvmlShutdown(self) -> None:
        self._call("nvmlShutdown")
        self.initialised -= 1

    def nvmlSystemGetDriverVersion(self) -> str:
        self._call("nvmlSystemGetDriverVersion")
        return "580.159.04"

    def nvmlDeviceGetCount(self) -> int:
        self._call("nvmlDeviceGetCount")
        return self.count

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        self._call("nvmlDeviceGetHandleByIndex", index)
        return index

    def nvmlDeviceGetName(self, handle: int) -> Any:
        self._call("nvmlDeviceGetName", handle)
        return self.values["name"]

    def nvmlDeviceGetUUID(self, handle: int) -> str:
        self._call("nvmlDeviceGetUUID", handle)
        return f"GPU-{handle}"

    def nvmlDeviceGetMemoryInfo(self, handle: int, version: int | None = None) -> SimpleNamespace:
        self._call("nvmlDeviceGetMemoryInfo" if version is None else "nvmlDeviceGetMemoryInfo_v2", handle)
        return SimpleNamespace(total=self.values["total"], used=self.values["used" if version is None else "held"])

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:
        self._call("nvmlDeviceGetUtilizationRates", handle)
        return SimpleNamespace(gpu=self.values["util"], memory=0)

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:
        self._call("nvmlDeviceGetPowerUsage", handle)
        return int(self.values["power"])

    def nvmlDeviceGetEnforcedPowerLimit(self, handle: int) -> int:
        self._call("nvmlDeviceGetEnforcedPowerLimit", handle)
        return 700_000

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> int:
        self._call("nvmlDeviceGetTemperature", handle)
        assert sensor == 0
        return int(self.values["temperature"])

    def nvmlDeviceGetClockInfo(self, handle: int, kind: int) -> int:
        name = {1: "sm", 2: "mem"}[kind]
        self._call(f"nvmlDeviceGetClockInfo {name}", handle)
        return int(self.values[name])

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle: int) -> int:
        self._call("nvmlDeviceGetCurrentClocksEventReasons", handle)
        return int(self.values["reasons"])

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle: int) -> int:
        self._call("nvmlDeviceGetCurrentClocksThrottleReasons", handle)
        return int(self.values["reasons"])

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[SimpleNamespace]:
        self._call("nvmlDeviceGetComputeRunningProcesses", handle)
        return [SimpleNamespace(pid=pid, usedGpuMemory=memory) for pid, memory in self.processes]

    def _call(self, name: str, index: int | None = None) -> None:
        self.calls.append(name)
        error = self.errors.get(name) or (self.errors.get((name, index)) if index is not None else None)
        if error is not None:
            raise error
