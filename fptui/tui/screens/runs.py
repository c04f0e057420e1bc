"""All runs of the project, on a screen of their own; gives the id of the one that was chosen."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from fptui.core.view import RunRow
from fptui.tui.keys import Key
from fptui.tui.screens.follower import Follower
from fptui.tui.widgets.bars import Footer
from fptui.tui.widgets.runs_table import RunsTable

_KEYS = (
    Key("enter", "enter", "take", "look at it", ""),
    Key("up", "↑ ↓", "move(1)", "move", ""),
    Key("escape", "esc", "leave", "back", ""),
)


class RunsScreen(Screen[str | None], Follower):
    """A table that goes on living while it is open."""

    CSS_PATH = "runs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k,left_square_bracket", "move(-1)", "newer"),
        Binding("down,j,right_square_bracket", "move(1)", "older"),
        Binding("pageup", "move(-10)", "newer"),
        Binding("pagedown", "move(10)", "older"),
        Binding("home", "move(-100000)", "newest"),
        Binding("end", "move(100000)", "oldest"),
        Binding("enter", "take", "take"),
        Binding("escape,v,q", "leave", "back"),
    ]

    def __init__(
        self, rows: Callable[[], tuple[RunRow, ...]], selected: str | None, clock: Callable[[], float]
    ) -> None:
        super().__init__()
        self._rows = rows
        self._selected = selected
        self._clock = clock

    def compose(self) -> ComposeResult:
        yield RunsTable("runs", id="all-runs")
        yield Footer(_KEYS)

    def on_mount(self) -> None:
        self.follow()

    def follow(self) -> None:
        rows = self._rows()
        if self._selected is None and rows:
            self._selected = rows[0].record.id
        self.query_one(RunsTable).show(rows, self._selected, self._clock())

    def action_move(self, by: int) -> None:
        rows = self._rows()
        if rows:
            ids = [item.record.id for item in rows]
            at = ids.index(self._selected) if self._selected in ids else 0
            self._selected = ids[min(len(ids) - 1, max(0, at + by))]
            self.follow()

    def action_select_run(self, run_id: str) -> None:
        self.dismiss(run_id)

    def action_take(self) -> None:
        self.dismiss(self._selected)

    def action_leave(self) -> None:
        self.dismiss(None)
