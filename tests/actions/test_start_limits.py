"""What is said of --max-hours and --max-cost before a run starts."""

import pytest

from fptui.actions import start_limits
from fptui.actions.plan_run import StartOptions
from fptui.actions.start_limits import limit_notes
from fptui.core.project import Project, Settings
from fptui.core.provider import Preflight
from fptui.core.run import RunRecord, Saves
from fptui.core.status import Stage
from fptui.errors import Refused

SAVES = Saves(every_n_steps=20, state=True)
HOURS, COST = StartOptions(max_hours=8.0), StartOptions(max_cost=20.0)


@pytest.fixture
def project(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Project:
    from pathlib import Path

    price(monkeypatch, 2.5)
    return Project(Path(str(tmp_path)), "p", Settings())


def price(monkeypatch: pytest.MonkeyPatch, dollars: float | None) -> None:
    found = Preflight(dollars is not None, () if dollars else ("The key is refused.",), price_per_hour=dollars)
    monkeypatch.setattr(start_limits, "preflight", lambda project, environment, *, with_settings: (None, found))


def notes(project: Project, options: StartOptions, saves: Saves = SAVES, *, is_guarded: bool = True) -> list[str]:
    record = RunRecord("v1-train-a", "v1", Stage.TRAIN, "musubi", ("x",), "/", 0.0, saves=saves)
    return limit_notes(project, options, record, {}, is_guarded=is_guarded)


def test_limits_that_can_be_kept_need_no_word(project: Project) -> None:
    assert notes(project, HOURS) == notes(project, COST) == notes(project, StartOptions(), is_guarded=False) == []
    assert notes(project, StartOptions(max_hours=1.0, smoke=True), Saves()) == []


def test_without_a_guard_nobody_keeps_them(project: Project) -> None:
    with pytest.raises(Refused, match="kept by the guard"):
        notes(project, HOURS, is_guarded=False)


def test_a_cost_needs_a_price(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    price(monkeypatch, None)
    with pytest.raises(Refused, match=r"set price_per_hour in .* The key is refused\."):
        notes(project, COST)
    assert notes(project, HOURS) == []


def test_what_they_would_cost_is_said_or_refused(project: Project) -> None:
    [said] = notes(project, HOURS, Saves(every_n_epochs=1))
    assert "cannot be resumed" in said
    with pytest.raises(Refused, match="saves only at its end"):
        notes(project, HOURS, Saves(state=True))
