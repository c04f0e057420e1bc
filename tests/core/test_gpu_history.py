from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fptui.core.gpu import GpuReading
from fptui.core.gpu_history import RECORD_SIZE, Sample, Totals, columns, history_folder, pack, unpack

READING = GpuReading(
    0, "GPU-0", "H100", 1_795_346_000.25, utilisation=98, memory_used=73 * 2**30, memory_total=80 * 2**30,
    power_watts=612.34, temperature=64, sm_clock=1980, throttle_reasons=("power limit",), recent_peak=76 * 2**30,
)  # fmt: skip


def test_a_reading_comes_back_from_its_record() -> None:
    assert list(unpack(pack(READING))) == [
        Sample(1_795_346_000.25, 98, 73 * 2**30, 76 * 2**30, 612.3, 64, 1980, ("power limit",))
    ]
    assert list(unpack(pack(GpuReading(0, None, None, 5.0)))) == [Sample(5.0, *[None] * 7)]


def test_what_no_record_can_hold_is_cut_and_not_taken_for_unknown() -> None:
    (sample,) = unpack(pack(GpuReading(0, None, None, 5.0, power_watts=1e9, temperature=-40, sm_clock=10**6)))
    assert (sample.power_watts, sample.temperature, sample.sm_clock) == (6553.4, 0, 65534)


@given(st.binary(max_size=200))
def test_any_bytes_give_samples_or_nothing(data: bytes) -> None:
    assert len(list(unpack(data))) <= len(data) // RECORD_SIZE


def sample(at: float, percent: int | None = 0, **changes: object) -> Sample:
    return Sample(at, percent, 2**30, 2 * 2**30, 100.0, 60, 1980, ())._replace(**changes)  # type: ignore[arg-type]


def totals(*samples: Sample) -> Totals:
    found = Totals()
    for each in samples:
        found.add(each)
    return found


def test_idle_seconds_are_those_below_five_percent() -> None:
    found = totals(sample(10.0, 0), sample(11.0, 4), sample(12.0, 5), sample(14.0, 100), sample(15.0, None))
    assert (found.seconds, found.idle_seconds) == (6.0, 2.0)
    assert found.utilisation == pytest.approx((0 + 4 + 5 + 2 * 100) / 5)
    assert found.memory_peak == 2 * 2**30
    assert found.watt_hours == pytest.approx(600 / 3600)


@pytest.mark.parametrize("after", [3600.0, -3600.0])
def test_a_time_that_nobody_saw_is_not_counted(after: float) -> None:
    found = totals(sample(10.0), sample(11.0), sample(11.0 + after))
    assert (found.seconds, found.idle_seconds) == (3.0, 3.0)


def test_columns_are_means_of_equal_stretches() -> None:
    samples = [sample(float(at), at) for at in range(0, 40, 10)]
    assert columns(samples, 0.0, 80.0, 4) == [5, 25, None, None]
    assert columns(samples, 0.0, 0.0, 2) == [None, None]


def test_a_pod_s_name_leads_nowhere_else() -> None:
    assert history_folder(Path("/p/runs"), "../../etc", "h") == Path("/p/runs/gpu/______etc")
    assert history_folder(Path("/p/runs"), None, "host") == Path("/p/runs/gpu/host")
