"""Every key of the dashboard, pressed."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from fptui.core.autostop import Autostop, AutostopStatus
from fptui.core.status import Status
from fptui.tui import flows
from fptui.tui.app import FptuiApp
from fptui.tui.keys import KEYS
from fptui.tui.screens.dashboard import Dashboard
from fptui.tui.screens.dialog import ChoiceScreen, DialogPanel, MessageScreen
from fptui.tui.screens.help import HelpScreen
from fptui.tui.screens.log import LogScreen, LogView
from fptui.tui.screens.no_project import NoProjectScreen
from fptui.tui.screens.runs import RunsScreen
from fptui.tui.screens.start import StartScreen
from fptui.tui.widgets.bars import Header
from fptui.tui.widgets.log_panel import LogPanel
from fptui.tui.widgets.run_panel import RunPanel
from fptui.tui.widgets.story_panel import StoryPanel
from tests.tui.fakes import NOW, FakeActions, FakeWatch, busy_watch, refusing, run


class Screen:
    """The app under test and what a user sees of it."""

    def __init__(self, app: FptuiApp, pilot: Pilot[str | None], watch: FakeWatch, actions: FakeActions) -> None:
        self.app, self.pilot, self.watch, self.actions = app, pilot, watch, actions

    async def until(self, what: object) -> None:
        """Wait until `what()` holds: reading and acting are done in threads."""
        assert callable(what)
        for _ in range(400):
            if what():
                return
            await asyncio.sleep(0.005)
        raise AssertionError("it did not happen within two seconds")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def on(self, screen: type[object]) -> None:
        await self.until(lambda: isinstance(self.app.screen, screen))

    async def says(self, text: str) -> None:
        await self.until(lambda: text in " ".join(self.app.screen.query_one(DialogPanel).shown.split()))

    @property
    def dashboard(self) -> Dashboard:
        assert isinstance(self.app.screen_stack[0], Dashboard)
        return self.app.screen_stack[0]


@asynccontextmanager
async def opened(
    watch: FakeWatch | None = None, actions: FakeActions | None = None, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[Screen]:
    watch, actions = watch or busy_watch(), actions or FakeActions()
    app = FptuiApp(watch, actions, place="pod k3x9", clock=lambda: NOW, period=60)
    async with app.run_test(size=size) as pilot:
        screen = Screen(app, pilot, watch, actions)
        await screen.until(lambda: screen.dashboard.snapshot is not None)
        yield screen


async def test_s_shows_what_would_happen_and_enter_starts_it() -> None:
    async with opened() as screen:
        await screen.press("s")
        await screen.on(StartScreen)
        await screen.says("1 cache latents: 48 items 2 train: 500 steps, saves every 100")
        await screen.says("Checkpoints go to configs/v8/output.")
        await screen.press("enter")
        await screen.until(lambda: ("launch", "train", "v8") in screen.actions.asked)
        await screen.on(Dashboard)


async def test_a_smoke_run_of_an_older_version() -> None:
    async with opened() as screen:
        await screen.press("s")
        await screen.says("train: 500 steps")
        await screen.press("down")
        await screen.says("smoke run: 5 steps")
        await screen.press("left")
        await screen.says("version ‹ v7 ›")
        await screen.until(lambda: ("plan", "v7", True, None) in screen.actions.asked)
        await screen.press("right", "escape")
        await screen.on(Dashboard)
        assert not [what for what in screen.actions.asked if what[0] == "launch"]


async def test_a_start_that_is_refused_says_why_and_cannot_be_started() -> None:
    async with opened(actions=refusing("v8 is running already; stop it first.")) as screen:
        await screen.press("s")
        await screen.says("v8 is running already; stop it first.")
        await screen.press("enter")
        await screen.pilot.pause(0.05)
        assert isinstance(screen.app.screen, StartScreen)


async def test_there_is_nothing_to_start_without_a_version() -> None:
    async with opened(FakeWatch(versions=())) as screen:
        await screen.press("s")
        await screen.says("There is no version yet.")
        await screen.press("enter")
        await screen.on(Dashboard)


async def test_x_stops_at_the_next_save_by_default() -> None:
    async with opened() as screen:
        await screen.press("x")
        await screen.on(ChoiceScreen)
        await screen.says("❯ at the next save Stops after the save at step 500, in 42 min; nothing is lost.")
        await screen.says("now Loses 12 steps since the last save at 400.")
        await screen.press("enter")
        await screen.until(lambda: screen.actions.asked[-1] == ("stop", "v8-train-20261122-103000", "at-save"))


async def test_x_stops_now_when_asked() -> None:
    async with opened() as screen:
        await screen.press("x")
        await screen.on(ChoiceScreen)
        await screen.press("down", "enter")
        await screen.until(lambda: screen.actions.asked[-1] == ("stop", "v8-train-20261122-103000", "now"))


@pytest.mark.parametrize("keys", [("escape",), ("down", "down", "enter")])
async def test_x_can_be_thought_better_of(keys: Sequence[str]) -> None:
    async with opened() as screen:
        await screen.press("x")
        await screen.on(ChoiceScreen)
        await screen.press(*keys)
        await screen.on(Dashboard)
        assert not [what for what in screen.actions.asked if what[0] == "stop"]


async def test_a_save_that_will_not_come_cannot_be_waited_for() -> None:
    actions = FakeActions()
    actions.save_possible = False
    async with opened(actions=actions) as screen:
        await screen.press("x")
        await screen.says("No save will come before the end.")
        await screen.says("❯ now")
        await screen.press("up")
        await screen.says("❯ now")


async def test_there_is_nothing_to_stop_when_nothing_runs() -> None:
    async with opened(FakeWatch([run(Status.FINISHED)])) as screen:
        await screen.press("x")
        await screen.on(MessageScreen)
        await screen.says("v8 train is not running: finished.")


async def test_r_names_the_state_and_the_steps_that_remain() -> None:
    async with opened(FakeWatch([run(Status.STOPPED)])) as screen:
        await screen.press("r")
        await screen.says("train: 100 steps, from step 400 to 500")
        await screen.says("Resumes from the state of step 400.")
        await screen.press("enter")
        await screen.until(lambda: ("launch", "train", "v8") in screen.actions.asked)
        assert ("plan", "v8", False, "newest") in screen.actions.asked


async def test_a_hands_the_terminal_over_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def hand(argv: Sequence[str], environment: Mapping[str, str]) -> int:
        given.append(argv)
        return 0

    monkeypatch.setattr(flows, "hand_terminal", hand)
    async with opened() as screen:
        screen.app._driver.can_suspend  # type: ignore[union-attr]  # noqa: B018
        monkeypatch.setattr(type(screen.app._driver), "can_suspend", True)
        monkeypatch.setattr(type(screen.app._driver), "suspend_application_mode", lambda self: None, raising=False)
        monkeypatch.setattr(type(screen.app._driver), "resume_application_mode", lambda self: None, raising=False)
        await screen.press("a")
        await screen.until(lambda: given == [["true"]])
        await screen.on(Dashboard)


async def test_a_pane_that_is_gone_is_said() -> None:
    async with opened(actions=refusing("The pane of v8 is gone; fptui log -f shows its log.")) as screen:
        await screen.press("a")
        await screen.says("The pane of v8 is gone; fptui log -f shows its log.")


async def test_an_unforeseen_error_is_one_sentence() -> None:
    actions = FakeActions()
    actions.error = ZeroDivisionError("division by zero")
    async with opened(actions=actions) as screen:
        await screen.press("x")
        await screen.says("ZeroDivisionError: division by zero")


async def test_l_shows_the_whole_log_which_scrolls_searches_and_follows() -> None:
    watch = busy_watch()
    watch.readers[watch.runs[0].row.record.id].log = [f"line {number}" for number in range(500)]
    async with opened(watch) as screen:
        await screen.press("l")
        await screen.on(LogScreen)
        view = screen.app.screen.query_one(LogView)
        await screen.until(lambda: view.shown.rstrip().endswith("line 499"))
        await screen.press("up", "up")
        await screen.until(lambda: view.shown.rstrip().endswith("line 497"))
        await screen.press("pageup")
        await screen.until(lambda: "line 480" not in view.shown)
        await screen.press("home")
        await screen.until(lambda: view.shown.startswith("line 0\n"))
        await screen.press("end")
        await screen.until(lambda: view.shown.rstrip().endswith("line 499"))
        await screen.press("slash", *"LINE 12", "enter")
        await screen.until(lambda: view.shown.rstrip().endswith("line 129"))
        await screen.press("n")
        await screen.until(lambda: view.shown.rstrip().endswith("line 128"))
        await screen.press("N")
        await screen.until(lambda: view.shown.rstrip().endswith("line 129"))
        await screen.press("escape")
        await screen.on(Dashboard)


@pytest.mark.parametrize(("older", "newer"), [("down", "up"), ("right_square_bracket", "left_square_bracket")])
async def test_the_next_older_and_newer_run(older: str, newer: str) -> None:
    async with opened() as screen:
        panel = screen.dashboard.query_one(RunPanel)
        await screen.press(older)
        await screen.until(lambda: "finished" in panel.shown)
        await screen.press(newer)
        await screen.until(lambda: "training" in panel.shown)
        await screen.press(newer)
        await screen.pilot.pause(0.05)
        assert "training" in panel.shown


async def test_v_lists_the_runs_and_enter_looks_at_one() -> None:
    async with opened() as screen:
        await screen.press("v")
        await screen.on(RunsScreen)
        await screen.press("down", "down", "enter")
        await screen.on(Dashboard)
        await screen.until(lambda: "out-of-memory" in screen.dashboard.query_one(RunPanel).shown)
        await screen.press("v")
        await screen.on(RunsScreen)
        await screen.press("escape")
        await screen.on(Dashboard)


async def test_question_mark_shows_every_key() -> None:
    async with opened() as screen:
        await screen.press("question_mark")
        await screen.on(HelpScreen)
        shown = screen.app.screen.query_one(DialogPanel).shown
        assert all(key.help.split(":")[0].split(";")[0] in " ".join(shown.split()) for key in KEYS)
        await screen.press("escape")
        await screen.on(Dashboard)


async def test_ctrl_p_opens_the_palette_which_offers_every_key() -> None:
    async with opened() as screen:
        await screen.press("ctrl+p")
        await screen.until(lambda: type(screen.app.screen).__name__ == "CommandPalette")
        titles = {command.title for command in screen.app.get_system_commands(screen.app.screen)}
        assert titles >= {f"{key.word.capitalize()} ({key.shown})" for key in KEYS if key.action != "command_palette"}
        await screen.press("escape")
        await screen.on(Dashboard)


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_quitting_says_that_the_run_goes_on(key: str) -> None:
    async with opened() as screen:
        await screen.press(key)
        await screen.until(lambda: not screen.app.is_running)
    assert screen.app.return_value == "v8 train goes on; fptui shows it again."


async def test_quitting_an_idle_project_says_nothing() -> None:
    async with opened(FakeWatch([run(Status.FINISHED)])) as screen:
        await screen.press("q")
        await screen.until(lambda: not screen.app.is_running)
    assert screen.app.return_value is None


async def test_keys_in_the_footer_can_be_clicked() -> None:
    async with opened() as screen:
        await screen.pilot.click("#footer", offset=(1, 0))
        await screen.on(StartScreen)


async def test_runs_can_be_clicked() -> None:
    async with opened(size=(200, 50)) as screen:
        await screen.until(lambda: screen.dashboard.query_one("#runs").size.height > 0)
        await screen.pilot.pause(0.05)
        await screen.pilot.click("#runs", offset=(6, 3))
        await screen.until(lambda: "finished" in screen.dashboard.query_one(RunPanel).shown)


async def test_a_reader_that_fails_is_said_and_tried_again() -> None:
    async with opened() as screen:
        screen.watch.error = OSError("stale file handle")
        header = screen.dashboard.query_one(Header)
        screen.dashboard.look()
        await screen.until(lambda: "OSError: stale file handle" in header.shown)
        screen.watch.error = None
        screen.dashboard.look()
        await screen.until(lambda: "pod k3x9" in header.shown)


async def test_hostile_text_is_drawn_as_it_is() -> None:
    watch = busy_watch()
    watch.readers[watch.runs[0].row.record.id].log = ["[red]not markup[/red] [/] \x1b]0;title\x07 学習"]
    async with opened(watch) as screen:
        await screen.until(lambda: "[red]not markup[/red] [/]  学習" in screen.dashboard.query_one(LogPanel).shown)


async def test_without_a_project_it_says_how_to_get_one() -> None:
    app = FptuiApp(None, None)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, NoProjectScreen)
        assert "fptui demo" in app.screen.query_one(StoryPanel).shown
        await pilot.press("q")


def counting(reason: str = "v8-train is finished.") -> Autostop:
    return Autostop(AutostopStatus.COUNTING, "k3x9", reason=reason, price_per_hour=2.49,
                    deadline=time.time() + 500, deadline_monotonic=500.0)  # fmt: skip


@pytest.mark.parametrize(
    ("status", "down", "asked"),
    [
        (AutostopStatus.COUNTING, 1, ("autostop", "extend", 1800.0)),
        (AutostopStatus.COUNTING, 2, ("autostop", "cancel", 0.0)),
        (AutostopStatus.ARMED, 1, ("autostop", "cancel", 0.0)),
        (AutostopStatus.OFF, 1, ("autostop", "arm", 0.0)),
        (AutostopStatus.CANCELLED, 1, ("autostop", "arm", 0.0)),
        (AutostopStatus.FAILED, 2, ("autostop", "cancel", 0.0)),
    ],
)
async def test_z_asks_what_is_to_become_of_the_pod(
    status: AutostopStatus, down: int, asked: tuple[object, ...]
) -> None:
    watch = busy_watch()
    watch.autostop = replace(counting(), status=status)
    async with opened(watch) as screen:
        await screen.press("z")
        await screen.on(ChoiceScreen)
        await screen.press(*["down"] * down, "enter")
        await screen.until(lambda: asked in screen.actions.asked)


async def test_whoever_is_here_while_the_pod_is_about_to_stop_is_asked_once() -> None:
    watch = busy_watch()
    watch.autostop = counting()
    async with opened(watch) as screen:
        await screen.press("s")
        await screen.says("❯ let it stop stops in 8 min ($0.35). v8-train is finished.")
        await screen.press("enter")
        await screen.on(Dashboard)
        await screen.press("s")
        await screen.on(StartScreen)
        assert not screen.actions.asked or screen.actions.asked[0][0] == "plan", "letting it stop asks for nothing"
        await screen.press("escape")
        watch.autostop = counting("v9-train has failed.")
        screen.dashboard.look()
        await screen.until(
            lambda: screen.dashboard.snapshot and screen.dashboard.snapshot.view.autostop == watch.autostop
        )
        await screen.press("x")
        await screen.says("v9-train has failed.")


async def test_where_there_is_no_pod_z_says_so() -> None:
    async with opened() as screen:
        await screen.press("z")
        await screen.says("no pod that fptui knows how to stop")
