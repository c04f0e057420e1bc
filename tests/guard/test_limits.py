from dataclasses import replace
from pathlib import Path

import pytest

from fptui.core.autostop import Now
from fptui.core.run import RunFolder, RunRecord, Saves
from fptui.core.status import Stage, Status
from fptui.core.view import RunRow
from fptui.errors import Refused
from fptui.guard.limits import Limits


class Asked:
    def __init__(self, *, saves: bool = True) -> None:
        self.modes: list[str] = []
        self.saves = saves

    def __call__(self, folder: RunFolder, mode: str, now: float) -> None:
        if mode == "at-save" and not self.saves:
            raise Refused("no save will come")
        self.modes.append(mode)


def row(
    hours: float | None = None, cost: float | None = None, started: float | None = 0.0, step: int | None = None,
    saves: Saves | None = None,
) -> RunRow:  # fmt: skip
    record = RunRecord("r", "v1", Stage.TRAIN, "musubi", ("x",), "/", 0.0, max_hours=hours, max_cost=cost,
                       saves=saves or Saves())  # fmt: skip
    run = RunRow(record, Status.TRAINING, None, None, started, None, None, None, None, None)
    return replace(run, step=step)


def modes(limits: Limits, run: RunRow, *seconds: float, price: float | None = 2.5) -> list[list[str]]:
    runs = [(RunFolder(Path("/p/runs/r")), run)]
    return [[notice.body for notice in limits.look(runs, Now(at, at, "b"), price)] for at in seconds]


@pytest.mark.parametrize(
    ("run", "before", "after", "words"),
    [
        (row(hours=2.0), 7199.0, 7200.0, "It has run for 2 h, and --max-hours is 2."),
        (row(cost=5.0), 7199.0, 7200.0, "It has cost $5.00, and --max-cost is 5."),
    ],
)
def test_a_run_is_stopped_at_its_save_and_after_half_an_hour_at_once(
    run: RunRow, before: float, after: float, words: str
) -> None:
    asked = Asked()
    limits = Limits(asked)
    assert modes(limits, run, before, after, after + 1, after + 1799) == [[], [words], [], []]
    assert asked.modes == ["at-save"]
    modes(limits, run, after + 1800, after + 1801)
    assert asked.modes == ["at-save", "now"]


def test_a_run_that_saves_nothing_is_stopped_at_once() -> None:
    asked = Asked(saves=False)
    modes(Limits(asked), row(hours=1.0), 3600.0, 3601.0)
    assert asked.modes == ["now"]


def test_a_run_that_saves_no_state_is_stopped_behind_its_next_checkpoint() -> None:
    asked, saves = Asked(saves=False), Saves(every_n_steps=20)
    limits = Limits(asked)
    for at, step in ((3600.0, 33), (3700.0, 39), (3800.0, 40)):
        modes(limits, row(hours=1.0, step=step, saves=saves), at)
        assert asked.modes == []
    modes(limits, row(hours=1.0, step=41, saves=saves), 3900.0, 3901.0)
    assert asked.modes == ["now"]
    patient, slow = Asked(saves=False), row(hours=1.0, step=33, saves=saves)
    modes(Limits(patient), slow, 3600.0, 5399.0, 5400.0)
    assert patient.modes == ["now"], "half an hour is enough"


@pytest.mark.parametrize("run", [row(), row(hours=9.0, cost=9.0), row(hours=1.0, started=None)])
def test_nothing_is_stopped_that_has_no_limit_or_has_not_begun(run: RunRow) -> None:
    asked = Asked()
    assert modes(Limits(asked), run, 7200.0) == [[]] and asked.modes == []


def test_a_cost_without_a_price_is_not_known() -> None:
    asked = Asked()
    modes(Limits(asked), row(cost=0.01), 9e5, price=None)
    assert asked.modes == []
