"""The dashboard: owns the snapshot and which run is looked at, and hands both down to its panels."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.css.query import NoMatches
from textual.events import Key, Resize
from textual.reactive import reactive
from textual.screen import Screen

from fptui.core.autostop import AutostopStatus
from fptui.core.autostop_words import price
from fptui.core.notices import Notice
from fptui.core.status import Stage
from fptui.core.view import RunRow
from fptui.tui import words
from fptui.tui.actions import Actions
from fptui.tui.bystander import Bystander
from fptui.tui.keys import KEYS
from fptui.tui.layout import Heights, Shape, share
from fptui.tui.reading import Looked, Reading
from fptui.tui.screens.follower import Follower
from fptui.tui.snapshot import Snapshot, Snapshots, Watch
from fptui.tui.story import Story, tell, tell_empty
from fptui.tui.widgets.bars import Footer, Header
from fptui.tui.widgets.gpu_panel import MOST_LINES, GpuPanel, draw_gpus, short_name
from fptui.tui.widgets.log_panel import LogPanel
from fptui.tui.widgets.loss_panel import LossPanel
from fptui.tui.widgets.panel import Panel
from fptui.tui.widgets.run_panel import RunPanel, draw_run
from fptui.tui.widgets.runs_table import RunsTable
from fptui.tui.widgets.story_panel import StoryPanel

if TYPE_CHECKING:
    from fptui.tui.flows import Flows

TAIL_LINES = 100
WHOLE_LOG = 20_000
"""The most lines that the log screen holds; older ones are in the file."""


class Dashboard(Screen[None]):
    """What runs, how far, is it well, does it fit."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, f"app.{key.action}" if key.action == "command_palette" else key.action, key.word,
                id=f"dashboard.{key.action}", tooltip=key.help)
        for key in KEYS
    ]  # fmt: skip

    snapshot: reactive[Snapshot | None] = reactive(None, layout=False, repaint=False, init=False, always_update=True)

    def __init__(
        self,
        watch: Watch,
        actions: Actions,
        place: str,
        *,
        clock: Callable[[], float] = time.time,
        period: float = 1.0,
        tell: Callable[[Notice], None] = lambda notice: None,
    ) -> None:
        super().__init__()
        self._bystander = Bystander(tell)
        self._actions = actions
        self._place = place
        self._clock = clock
        self._reading = Reading(Snapshots(watch), clock, period, self)
        self._heights: Heights | None = None
        self._asked_about: str | None = None
        """The reason of the countdown that the user was asked about."""
        self._tall_for: object = None
        self._tall = 0

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        with Container(id="body"):
            yield RunsTable("runs", id="runs")
            with Vertical(id="main"):
                with Container(id="top"):
                    yield RunPanel("run", id="run")
                    yield GpuPanel("GPU", id="gpu")
                yield StoryPanel("what happens", id="story")
                yield LossPanel("loss", id="loss")
                yield LogPanel("log", id="log")
        yield Footer(KEYS)

    def on_mount(self) -> None:
        self._reading.log_lines = TAIL_LINES
        self._reading.begin()

    def on_unmount(self) -> None:
        self._reading.end()

    def on_looked(self, message: Looked) -> None:
        self._reading.seen()
        if message.snapshot is not None:
            self.snapshot = message.snapshot
            self._bystander.look(message.snapshot.view)
        elif message.problem is not None:
            self.query_one(Header).show("", (message.problem,))

    def watch_snapshot(self) -> None:
        self._hand_down()
        for screen in self.app.screen_stack:
            if isinstance(screen, Follower) and screen.is_mounted:
                screen.follow()

    def on_resize(self, event: Resize) -> None:
        self._heights = None
        self._hand_down()

    def _hand_down(self) -> None:
        snapshot = self.snapshot
        try:
            if snapshot is None:
                shape = Shape(self.size.width, self.size.height)
                self._apply(shape, share(shape, run=4, gpu=3, story=0, chart=True))
            else:
                self._show(snapshot)
        except NoMatches:  # being taken down
            return

    def _show(self, snapshot: Snapshot) -> None:
        view, run = snapshot.view, snapshot.view.selected
        shape = Shape(self.size.width, self.size.height)
        story = tell(run, view.at, snapshot.log) if run is not None else tell_empty(view.versions)
        has_chart = bool(run is not None and snapshot.curves is not None and not snapshot.curves.is_empty)
        self._arrange(snapshot, shape, story, has_chart)
        gpus = view.gpus.gpus
        gpu = f"{len(gpus)} x {short_name(gpus[0].name)}" if len(gpus) > 1 else short_name(gpus[0].name) if gpus else ""
        problems = " · ".join(view.problems)
        facts = gpu, self._place, price(view.autostop), words.money(view.money)
        place = (problems,) if problems else tuple(filter(None, facts))
        self.query_one(Header).show(view.project, place, words.autostop(view.autostop, view.at))
        self.query_one(RunPanel).show(run, view.at)
        self.query_one(GpuPanel).show(view.gpus, snapshot.utilisation)
        self.query_one(StoryPanel).show(story)
        self.query_one(LogPanel).show(snapshot.log)
        if shape.wide:
            self.query_one(RunsTable).show(view.rows, run.row.record.id if run else None, view.at)
        if run is not None:
            self.query_one(LossPanel).show(run, snapshot.curves)

    def _arrange(self, snapshot: Snapshot, shape: Shape, story: Story | None, has_chart: bool) -> None:
        view, run = snapshot.view, snapshot.view.selected
        gpu_lines = 2 if shape.short else MOST_LINES
        run_panel, gpu_panel = self.query_one(RunPanel), self.query_one(GpuPanel)
        run_panel.compact, gpu_panel.lines = shape.short, gpu_lines
        run_rows = draw_run(run, view.at, shape.run_width, with_bar=not shape.short) if run is not None else []
        gpu_rows = draw_gpus(view.gpus, snapshot.utilisation, shape.gpu_width, gpu_lines)
        story_rows = story.draw(shape.main_width - shape.frame_columns) if story is not None else []
        now_tall = (run.row.record.id, run.row.status.is_active, shape) if run is not None else None
        rows = len(run_rows) if now_tall != self._tall_for else max(self._tall, len(run_rows))
        self._tall_for, self._tall = now_tall, rows  # a longer status word must not make the screen jump to and fro
        heights = share(shape, run=rows, gpu=len(gpu_rows), story=len(story_rows), chart=has_chart)
        if run is None:
            heights = replace(heights, run=0, log=0)
        self._apply(shape, heights)

    def _apply(self, shape: Shape, heights: Heights) -> None:
        if heights == self._heights:
            return
        self._heights = heights
        self.set_class(shape.wide, "-with-runs")
        self.set_class(shape.stacked, "-stacked")
        self.set_class(shape.short, "-short")
        top = heights.run + heights.gpu if shape.stacked else max(heights.run, heights.gpu)
        self.query_one("#top").styles.height = top
        for name, height in (("run", heights.run), ("gpu", heights.gpu), ("story", heights.story),
                             ("loss", heights.chart), ("log", heights.log)):  # fmt: skip
            panel = self.query_one(f"#{name}", Panel)
            panel.set_framed(not shape.short)
            panel.display = height > 0
            panel.styles.height = height

    def look(self) -> None:
        """Read now rather than at the next second."""
        self._reading.look()

    # What the keys do; their screens are imported when they are pressed, to be on the screen sooner

    @cached_property
    def flows(self) -> "Flows":
        """Start, stop, resume and attach."""
        from fptui.tui.flows import Flows

        return Flows(self.app, self._actions)

    @property
    def run(self) -> RunRow | None:
        """The run that is looked at."""
        selected = self.snapshot.view.selected if self.snapshot is not None else None
        return selected.row if selected is not None else None

    def select(self, run_id: str | None) -> None:
        """Look at another run."""
        if run_id is not None:
            self._reading.selected = run_id
            self.look()

    def action_select_run(self, run_id: str) -> None:
        self.select(run_id)

    def action_older(self) -> None:
        self._step(1)

    def action_newer(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        if self.snapshot is None or self.run is None:
            return
        ids = [item.record.id for item in self.snapshot.view.rows]
        if self.run.record.id in ids:
            self.select(ids[min(len(ids) - 1, max(0, ids.index(self.run.record.id) + by))])

    @work(exclusive=True, group="flow")
    async def action_start(self) -> None:
        if self.snapshot is not None:
            self.select(await self.flows.start(self.snapshot.view.versions, None))

    @work(exclusive=True, group="flow")
    async def action_resume(self) -> None:
        if (run := self.run) is not None:
            self.select(await self.flows.resume(run))

    @work(exclusive=True, group="flow")
    async def action_check(self) -> None:
        if self.snapshot is not None:
            await self.flows.check(self.snapshot.view.versions, None)

    @work(exclusive=True, group="flow")
    async def action_stop(self) -> None:
        if (run := self.run) is not None and await self.flows.stop(run):
            self.look()

    @work(exclusive=True, group="flow")
    async def action_attach(self) -> None:
        if (run := self.run) is not None:
            await self.flows.attach(run)

    @work(exclusive=True, group="flow")
    async def action_autostop(self) -> None:
        if self.snapshot is not None and await self.flows.autostop(self.snapshot.view.autostop):
            self.look()

    def on_key(self, event: Key) -> None:
        """Whoever is here while the pod is about to stop is asked, once a countdown."""
        state = self.snapshot.view.autostop if self.snapshot is not None else None
        if state is None or state.status is not AutostopStatus.COUNTING or self._asked_about == state.reason:
            return
        self._asked_about = state.reason
        if event.key != "z":
            event.stop()
            event.prevent_default()
            self.action_autostop()

    def action_log(self) -> None:
        if (run := self.run) is None:
            return
        from fptui.tui.screens.log import LogScreen

        self._reading.log_lines = WHOLE_LOG
        self.look()
        screen = LogScreen(
            f"log of {words.title(run.record)}", lambda: self.snapshot.log if self.snapshot is not None else ()
        )
        self.app.push_screen(screen, self._log_closed)

    def _log_closed(self, result: None) -> None:
        self._reading.log_lines = TAIL_LINES

    def action_runs(self) -> None:
        if self.snapshot is not None:
            from fptui.tui.screens.runs import RunsScreen

            rows = lambda: self.snapshot.view.rows if self.snapshot is not None else ()  # noqa: E731
            selected = self.run.record.id if self.run is not None else None
            self.app.push_screen(RunsScreen(rows, selected, self._clock), self.select)

    def action_help(self) -> None:
        from fptui.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())

    def action_quit(self) -> None:
        """Leave; the exit says what goes on."""
        rows = self.snapshot.view.rows if self.snapshot is not None else ()
        going = [words.title(item.record) for item in rows if item.status.is_active and item.record.stage in Stage]
        self.app.exit(f"{', '.join(going)} goes on; fptui shows it again." if going else None)
