import json
import re
from argparse import Namespace

import pytest

from fptui.adapters.nvml import NvmlSource
from fptui.cli import gpu
from fptui.core.gpu import GpuProcess, GpuReading, GpuReport
from fptui.core.gpu_history import Sample, Totals
from fptui.watch.pod_past import GpuPeriod


class Source:
    def __init__(self, report: GpuReport) -> None:
        self.report = report

    def read(self, *, processes: bool = False) -> GpuReport:
        return self.report

    def close(self) -> None:
        pass


def no_past(now: float) -> list[GpuPeriod]:
    return []


KNOWN = GpuReading(
    0, "GPU-0", "NVIDIA H100 80GB HBM3", 1.0, 98, 73 * 2**30, 80 * 2**30, 76 * 2**30, 612.3, 700.0, 64, 1980, 2619,
    ("power limit",), (GpuProcess(41, 72 * 2**30),),
)  # fmt: skip
UNKNOWN = GpuReading(1, None, None, 1.0)


def test_a_table_with_what_is_unknown_as_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.once(Source(GpuReport((KNOWN, UNKNOWN), "GPU 1 is lost.", "580.1")), no_past, as_json=False) == 0
    out, err = capsys.readouterr()
    head, first, second = out.splitlines()
    assert head.split()[-2:] == ["BY", "PROCESSES"] and "PEAK" not in head
    assert re.split("  +", first.strip()) == [
        *("0", "NVIDIA H100 80GB HBM3", "98", "73.0 of 80.0", "612/700", "64", "1980"),
        *("power limit", "41 (72.0 GiB)"),
    ]
    assert second.split() == ["1", "?", "?", "?", "of", "?", "?/?", "?", "?", "?", "?"]
    assert err == "GPU 1 is lost.\n"


def test_live_the_peak_stands_in_for_the_processes() -> None:
    head, line = gpu.report_lines(GpuReport((KNOWN,)), live=True)
    assert "PEAK GiB" in head and "PROCESSES" not in head and " 76.0 " in line


def test_json_holds_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.once(Source(GpuReport((KNOWN,), None, "580.1")), no_past, as_json=True) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["driver"] == "580.1" and report["gpus"][0]["memory_used"] == 73 * 2**30
    assert report["gpus"][0]["processes"] == [{"pid": 41, "memory_bytes": 72 * 2**30, "name": None}]


def test_without_a_gpu_the_reason_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NvmlSource, "read", lambda self, processes=False: GpuReport((), "No NVIDIA driver here."))
    assert gpu.run(Namespace(json=False, once=False, since=60.0, directory=None)) == 1  # no terminal: as with --once
    assert capsys.readouterr() == ("", "No NVIDIA driver here.\n")
    assert gpu.run(Namespace(json=True, once=False, since=60.0, directory=None)) == 1
    assert json.loads(capsys.readouterr().out) == {
        "gpus": [],
        "problem": "No NVIDIA driver here.",
        "driver": None,
        "history": [],
    }


def test_on_a_terminal_the_table_is_drawn_over_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = iter([GpuReport((KNOWN,)), GpuReport((KNOWN,), "GPU 1 is lost."), GpuReport((), "The driver went away.")])
    monkeypatch.setattr(NvmlSource, "read", lambda self, processes=False: next(reports))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    assert gpu._live(NvmlSource(), no_past) == 1
    out, err = capsys.readouterr()
    assert out.count("\x1b[2K") == 2 + 3 and out.count("\x1b[2A") == 1 and err == "The driver went away.\n"


def period() -> GpuPeriod:
    totals = Totals()
    for second in range(100):
        percent = 0 if second < 40 else 90
        totals.add(Sample(1000.0 + second, percent, 2**30, 76 * 2**30, 700.0, 60, 1980, ()))
    return GpuPeriod(0, 1000.0, 1100.0, totals, [0, 90, None, 100], 0.25)


def test_the_past_is_drawn_below_with_what_idling_cost(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.once(Source(GpuReport((KNOWN,))), lambda now: [period()], as_json=False) == 0
    head, line = capsys.readouterr().out.splitlines()[-2:]
    assert head == "The last 2 min, as the guard wrote it down:"
    assert line == "  0  ▁█ █  mean 54 %  peak 76.0 GiB  0.02 kWh  idle 40 s of 2 min, $0.25"


def test_the_past_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    gpu.once(Source(GpuReport((KNOWN,))), lambda now: [period()], as_json=True)
    (found,) = json.loads(capsys.readouterr().out)["history"]
    assert (found["from"], found["to"], found["seconds"], found["idle_seconds"]) == (1000.0, 1099.0, 100.0, 40.0)
    assert (found["utilisation"], found["memory_peak"], found["idle_cost"]) == (54.0, 76 * 2**30, 0.25)
