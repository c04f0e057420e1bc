import csv
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fptui.adapters.nvml import NvmlSource
from fptui.core.gpu import GpuProcess, GpuReading
from tests.adapters.fake_nvml import FakeNvml, NVMLError

NOT_SUPPORTED, NOT_PERMITTED, LOST, UNINITIALISED, NO_LIBRARY, NOT_LOADED = 3, 4, 15, 1, 12, 9
TRACE = Path(__file__).parent.parent / "data" / "nvml" / "out_of_memory_10hz.csv"
WELL = GpuReading(
    0,
    "GPU-0",
    "NVIDIA H200",
    100.0,
    utilisation=98,
    memory_used=644_939_776,
    memory_total=150_754_820_096,
    memory_peak=644_939_776,
    power_watts=612.345,
    power_limit_watts=700.0,
    temperature=64,
    sm_clock=1980,
    memory_clock=3201,
    throttle_reasons=(),
    processes=None,
    recent_peak=644_939_776,
)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def source(library: FakeNvml) -> tuple[NvmlSource, Clock]:
    clock = Clock()
    return NvmlSource(library=library, clock=clock), clock


def test_every_field_in_its_unit() -> None:
    report = source(FakeNvml(2))[0].read()
    assert report.gpus == (WELL, replace(WELL, index=1, uuid="GPU-1"))
    assert (report.problem, report.driver) == (None, "580.159.04")


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        ("nvmlDeviceGetName", {"name": None}),
        ("nvmlDeviceGetUUID", {"uuid": None}),
        (
            "nvmlDeviceGetMemoryInfo",
            {"memory_used": None, "memory_total": None, "memory_peak": None, "recent_peak": None},
        ),
        ("nvmlDeviceGetUtilizationRates", {"utilisation": None}),
        ("nvmlDeviceGetPowerUsage", {"power_watts": None}),
        ("nvmlDeviceGetEnforcedPowerLimit", {"power_limit_watts": None}),
        ("nvmlDeviceGetTemperature", {"temperature": None}),
        ("nvmlDeviceGetClockInfo sm", {"sm_clock": None}),
        ("nvmlDeviceGetClockInfo mem", {"memory_clock": None}),
        ("nvmlDeviceGetCurrentClocksEventReasons", {}),  # the older name answers
    ],
)
@pytest.mark.parametrize("error", [NVMLError(NOT_SUPPORTED), NVMLError(NOT_PERMITTED), ValueError("odd"), OSError()])
def test_a_field_that_a_device_lacks_is_none_and_the_others_stay(
    call: str, fields: dict[str, None], error: Exception
) -> None:
    library = FakeNvml()
    library.errors[call] = error
    report = source(library)[0].read()
    assert report.gpus == (replace(WELL, **fields),)  # type: ignore[arg-type]
    assert report.problem is None


def test_unknown_event_reasons_are_none_and_known_ones_words() -> None:
    library = FakeNvml()
    gpus = source(library)[0]
    library.values["reasons"] = 0x1  # idle slows nothing
    assert gpus.read().gpus[0].throttle_reasons == ()
    library.values["reasons"] = 0x4 | 0x20 | 0x4000
    assert gpus.read().gpus[0].throttle_reasons == ("power limit", "temperature", "reason 0x4000")
    for name in ("Event", "Throttle"):
        library.errors[f"nvmlDeviceGetCurrentClocks{name}Reasons"] = NVMLError(NOT_SUPPORTED)
    assert gpus.read().gpus[0].throttle_reasons is None


def test_unified_memory_without_a_total_is_unknown() -> None:
    library = FakeNvml()
    library.values["total"] = 0
    gpu = source(library)[0].read().gpus[0]
    assert (gpu.memory_used, gpu.memory_total, gpu.memory_peak) == (None, None, None)


def test_a_gpu_that_falls_off_is_named_and_the_other_goes_on() -> None:
    library = FakeNvml(2)
    gpus, _ = source(library)
    gpus.read()
    for call in ("nvmlDeviceGetMemoryInfo", "nvmlDeviceGetUtilizationRates", "nvmlDeviceGetHandleByIndex"):
        library.errors[call, 0] = NVMLError(LOST, "GPU is lost")
    gpus.read()
    report = gpus.read()
    lost, well = report.gpus
    assert lost == GpuReading(0, "GPU-0", "NVIDIA H200", 100.0, memory_peak=644_939_776)
    assert well == replace(WELL, index=1, uuid="GPU-1")
    assert report.problem == "GPU 0 does not answer any more (GPU is lost): restart the pod, or reset the GPU."
    library.errors.clear()
    assert gpus.read().gpus[0] == WELL


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NVMLError(NO_LIBRARY), "No NVIDIA driver here"),
        (NVMLError(NOT_LOADED), "not loaded"),
        (NVMLError(NOT_PERMITTED), "may not ask"),
        (NVMLError(18), "restart the machine"),
        (NVMLError(999, "Unknown Error"), "Unknown Error"),
        (OSError("wrong ELF class"), "wrong ELF class"),
    ],
)
def test_no_driver_is_a_sentence_and_is_tried_again_after_ten_seconds(error: Exception, words: str) -> None:
    library = FakeNvml()
    library.errors["nvmlInit"] = error
    gpus, clock = source(library)
    report = gpus.read()
    assert report.gpus == () and report.driver is None
    assert report.problem is not None and words in report.problem
    library.errors.clear()
    clock.now += 9
    assert gpus.read() == report
    clock.now += 2
    assert gpus.read().gpus == (replace(WELL, at=111.0),)


def test_no_gpu_is_a_sentence() -> None:
    report = source(FakeNvml(0))[0].read()
    assert (report.gpus, report.problem) == ((), "The NVIDIA driver shows no GPU here.")


def test_a_driver_that_was_closed_underneath_is_opened_again() -> None:
    library = FakeNvml()
    gpus, clock = source(library)
    gpus.read()
    library.errors["nvmlDeviceGetMemoryInfo"] = NVMLError(UNINITIALISED)
    library.errors["nvmlDeviceGetHandleByIndex"] = NVMLError(UNINITIALISED)
    assert gpus.read().problem == "The NVIDIA driver went away; trying again."
    library.errors.clear()
    clock.now += 11
    report = gpus.read()
    assert (report.gpus, report.problem) == ((replace(WELL, at=111.0),), None)


def test_names_are_text_whatever_the_binding_gives() -> None:
    library = FakeNvml()
    library.values["name"] = b"NVIDIA \xff"
    assert source(library)[0].read().gpus[0].name == "NVIDIA \ufffd"


def test_processes_only_when_asked_and_unknown_where_memory_is_held_by_nobody() -> None:
    library = FakeNvml()
    gpus, _ = source(library)
    gpus.read()
    assert "nvmlDeviceGetComputeRunningProcesses" not in library.calls
    assert gpus.read(processes=True).gpus[0].processes == ()
    library.values["held"] = 30 * 2**30
    assert gpus.read(processes=True).gpus[0].processes is None
    library.processes = [(1357, 2_759_852_032), (7, None)]
    assert gpus.read(processes=True).gpus[0].processes == (GpuProcess(1357, 2_759_852_032), GpuProcess(7, None))
    library.errors["nvmlDeviceGetComputeRunningProcesses"] = NVMLError(NOT_PERMITTED)
    assert gpus.read(processes=True).gpus[0].processes is None


def test_the_peak_of_a_real_out_of_memory_is_missed_at_1_hz_and_seen_at_10_hz() -> None:
    trace = list(csv.DictReader(TRACE.open(encoding="utf-8")))
    true_peak = max(int(row["mem_used"]) for row in trace)
    slow, fast = FakeNvml(), FakeNvml()
    (slow_gpus, _), (fast_gpus, _) = source(slow), source(fast)
    seen: list[int] = []
    for index, row in enumerate(trace):
        for library in (slow, fast):
            library.values.update(used=int(row["mem_used"]), reasons=int(row["throttle"]), sm=int(row["sm_mhz"]))
        fast_gpus.sample_peaks()
        if index % 10 == 8:  # once a second
            slow_gpus.read()
            seen.append(fast_gpus.read().gpus[0].memory_peak or 0)
    assert fast_gpus.read().gpus[0].memory_peak == true_peak
    assert slow_gpus.read().gpus[0].memory_peak != true_peak
    assert seen == sorted(seen)


def test_the_sampler_sees_a_peak_between_two_readings() -> None:
    library = FakeNvml()
    gpus, _ = source(library)
    gpus.start_peak_sampler()
    gpus.read()
    library.values["used"] = 2**36
    deadline = time.monotonic() + 5
    calls = len(library.calls)
    while len(library.calls) < calls + 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    library.values["used"] = 2**30
    gpu = gpus.read().gpus[0]
    assert (gpu.memory_used, gpu.memory_peak) == (2**30, 2**36)
    gpus.close()
    assert library.initialised == 0


def test_closing_lets_go_and_a_later_reading_opens_again() -> None:
    library = FakeNvml()
    gpus, clock = source(library)
    gpus.read()
    gpus.close()
    gpus.close()
    assert library.initialised == 0
    clock.now += 11
    assert gpus.read().gpus[0].memory_total == 150_754_820_096


def test_this_machine_gives_values_and_the_library_comes_late() -> None:
    program = (
        "import sys; from fptui.adapters.nvml import NvmlSource; s = NvmlSource(); assert 'pynvml' not in sys.modules;"
        "r = s.read(processes=True); s.close(); assert r.gpus or r.problem; assert 'pynvml' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


def test_a_recent_peak_is_that_since_the_reading_before() -> None:
    library = FakeNvml(1)
    gpus, _ = source(library)
    gpus.read()
    library.values["used"] = 900_000_000
    gpus.sample_peaks()
    library.values["used"] = 600_000_000
    (first,), (second,) = gpus.read().gpus, gpus.read().gpus
    assert (first.memory_used, first.recent_peak, first.memory_peak) == (600_000_000, 900_000_000, 900_000_000)
    assert (second.recent_peak, second.memory_peak) == (600_000_000, 900_000_000)
