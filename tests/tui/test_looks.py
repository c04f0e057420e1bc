"""Pictures of the main states at three sizes; look at the new ones before accepting them (--snapshot-update)."""

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from fptui.core.autostop import Autostop, AutostopStatus
from fptui.core.cost import Money
from fptui.core.facts import LogError, LogFacts, Saved
from fptui.core.gpu import GpuReport
from fptui.core.status import Stage, Status
from fptui.tui.app import FptuiApp
from fptui.tui.screens.dashboard import Dashboard
from tests.tui.fakes import LOG, NOW, OUT_OF_MEMORY, FakeActions, FakeReader, FakeWatch, busy_watch, h100, record, run

UNKNOWN: dict[str, Any] = dict.fromkeys(
    ("epoch", "loss_current", "loss_average", "learning_rate", "seconds_per_step", "eta_seconds", "next_save_step",
     "next_save_seconds", "last_state", "steps_since_save", "source")
)  # fmt: skip


def out_of_memory() -> FakeWatch:
    facts = LogFacts(error=OUT_OF_MEMORY, batch_size=(96,), total_steps=80)
    view = run(Status.OUT_OF_MEMORY, row_step=0, row_total_steps=80, facts=facts, **UNKNOWN)
    return FakeWatch([view], readers={record().id: FakeReader(0, 80, LOG[:5])})


def failed() -> FakeWatch:
    error = LogError("missing-file", "No such file or directory: 'configs/v8/images/[bold]日本語[/bold].txt'")
    view = run(Status.FAILED, facts=LogFacts(error=error, total_steps=500, checkpoints=(Saved(400, "x"),)))
    return FakeWatch([view], readers={record().id: FakeReader(412, 500, LOG)})


def loading_without_gpu() -> FakeWatch:
    view = run(
        Status.LOADING, record(trainer="rehearsal"), row_step=None, row_started_at=NOW - 80, facts=LogFacts(), **UNKNOWN
    )
    return FakeWatch(
        [view], GpuReport((), "No NVIDIA driver is loaded here."), {record().id: FakeReader(0, 9, LOG[:2])}
    )


def caching_on_eight() -> FakeWatch:
    of = record(stage=Stage.CACHE_LATENTS)
    facts = LogFacts(items_cached=31, items_to_cache=48)
    view = run(Status.CACHING, of, row_started_at=NOW - 80, facts=facts)
    return FakeWatch([view], GpuReport(tuple(map(h100, range(8)))), {of.id: FakeReader(0, 9, LOG[:2])})


def about_to_stop() -> FakeWatch:
    watch = FakeWatch([run(Status.FINISHED, price_per_hour=2.49)], readers={record().id: FakeReader(500, 500, LOG)})
    watch.money = Money(8.12, 1.024)
    watch.autostop = Autostop(
        AutostopStatus.COUNTING, "k3x9", reason="v8-train-20261122-103000 is finished.", price_per_hour=2.49,
        deadline=NOW + 500, deadline_monotonic=500.0,
    )  # fmt: skip
    return watch


def on_a_pod() -> FakeWatch:
    """Training on a pod, with a past."""
    watch = busy_watch(run(price_per_hour=2.49))
    watch.autostop = Autostop(AutostopStatus.ARMED, "k3x9", price_per_hour=2.49)
    watch.money = Money(31.4, 1.024)
    watch.past = {0: [(NOW - 400 + second, 20 + second % 5 + second // 6) for second in range(350)]}
    return watch


CASES: dict[str, Callable[[], FakeWatch]] = {
    "training": busy_watch,
    "out of memory": out_of_memory,
    "failed": failed,
    "lost": lambda: FakeWatch([run(Status.LOST)], readers={record().id: FakeReader(412, 500, LOG)}),
    "loading without gpu": loading_without_gpu,
    "caching on eight": caching_on_eight,
    "about to stop": about_to_stop,
    "on a pod": on_a_pod,
    "no run yet": FakeWatch,
}
SIZES = [(80, 24), (120, 36), (200, 50)]


def application(watch: FakeWatch) -> FptuiApp:
    return FptuiApp(watch, FakeActions(), place="pod k3x9", clock=lambda: NOW, period=60)


async def looked(pilot: Pilot[Any]) -> None:
    """Until the first snapshot is on the screen."""
    base = pilot.app.screen_stack[0]
    for _ in range(100):
        await pilot.pause(0.01)
        if isinstance(base, Dashboard) and base.snapshot is not None:
            break
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("case", CASES)
def test_dashboard(case: str, size: tuple[int, int], snap_compare: Any) -> None:
    assert snap_compare(application(CASES[case]()), terminal_size=size, run_before=looked)


@pytest.mark.parametrize("key", ["s", "x", "question_mark", "v", "l"])
def test_over_it(key: str, snap_compare: Any) -> None:
    async def opened(pilot: Pilot[Any]) -> None:
        await looked(pilot)
        await pilot.press(key)
        await pilot.pause(0.2)

    assert snap_compare(application(busy_watch()), terminal_size=(120, 36), run_before=opened)


def test_dialog_at_80x24(snap_compare: Any) -> None:
    async def opened(pilot: Pilot[Any]) -> None:
        await looked(pilot)
        await pilot.press("question_mark")
        await pilot.pause(0.1)

    assert snap_compare(application(busy_watch()), terminal_size=(80, 24), run_before=opened)


@pytest.mark.parametrize("how", ["light", "without colour"])
def test_other_looks(how: str, snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "without colour":
        monkeypatch.setenv("NO_COLOR", "1")
    app = application(busy_watch())
    if how == "light":
        app.action_switch_theme()
    assert snap_compare(app, terminal_size=(120, 36), run_before=looked)


def test_no_project(snap_compare: Any) -> None:
    assert snap_compare(FptuiApp(None, None, place="pod k3x9"), terminal_size=(80, 24))
