"""The whole log of a run: scroll, follow, search."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import MouseScrollDown, MouseScrollUp
from textual.screen import Screen
from textual.widgets import Input

from fptui.tui.keys import Key
from fptui.tui.rows import Piece, Row
from fptui.tui.screens.follower import Follower
from fptui.tui.widgets.bars import Footer
from fptui.tui.widgets.log_panel import draw_line
from fptui.tui.widgets.panel import Panel

_KEYS = (
    Key("up", "↑ ↓", "scroll(-1)", "scroll", ""),
    Key("pageup", "pgup pgdn", "page(-1)", "page", ""),
    Key("slash", "/", "search", "search", ""),
    Key("n", "n N", "again(-1)", "next, previous", ""),
    Key("end", "end", "follow", "follow", ""),
    Key("escape", "esc", "leave", "back", ""),
)


class LogView(Panel):
    """Draws only the lines that are seen, from `bottom` (the last seen line; None: follows the end) upwards."""

    lines: Sequence[str] = ()
    bottom: int | None = None
    wanted = ""

    def draw(self, width: int, height: int) -> list[Row]:
        last = len(self.lines) - 1 if self.bottom is None else min(self.bottom, len(self.lines) - 1)
        drawn: list[Row] = []
        while last >= 0 and len(drawn) < height:
            line = self.lines[last]
            folded = draw_line(line, width, None) if line.strip() else [()]
            if self.wanted and self.wanted in line.lower():
                folded = [tuple(piece._replace(role="match") for piece in item) for item in folded]
            drawn = folded + drawn
            last -= 1
        return drawn[-height:] or [(Piece("nothing yet", "muted"),)]

    def scroll_lines(self, by: int) -> None:
        """Move; at the end it follows again."""
        last = len(self.lines) - 1
        at = (last if self.bottom is None else self.bottom) + by
        self.bottom = None if at >= last else max(min(last, self.content_size.height - 1), at)
        self.redraw()

    def find(self, direction: int) -> bool:
        """Go to the nearest line that holds the wanted text, upwards or downwards of the last seen one."""
        last = len(self.lines) - 1
        at = last + 1 if self.bottom is None else self.bottom
        span = range(at - 1, -1, -1) if direction < 0 else range(at + 1, last + 1)
        for index in span:
            if self.wanted in self.lines[index].lower():
                self.bottom = index
                self.redraw()
                return True
        return False


class LogScreen(Screen[None], Follower):
    """Takes its lines from the dashboard's last snapshot."""

    CSS_PATH = "log.tcss"
    AUTO_FOCUS = ""  # the search field is focused when it is asked for
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll(-1)", "up"),
        Binding("down,j", "scroll(1)", "down"),
        Binding("pageup,b", "page(-1)", "page up"),
        Binding("pagedown,space", "page(1)", "page down"),
        Binding("home,g", "scroll(-1000000000)", "start"),
        Binding("end,G,f", "follow", "follow"),
        Binding("slash", "search", "search"),
        Binding("n", "again(-1)", "next"),
        Binding("N", "again(1)", "previous"),
        Binding("escape,q,l", "leave", "back"),
    ]

    def __init__(self, title: str, lines: Callable[[], Sequence[str]]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        yield LogView(self._title, id="log-view")
        search = Input(placeholder="search, then n for the next one above", id="search")
        search.display = False
        yield search
        yield Footer(_KEYS)

    def on_mount(self) -> None:
        self.follow()

    @property
    def view(self) -> LogView:
        return self.query_one(LogView)

    def follow(self) -> None:
        self.view.lines = self._lines()
        self._say()
        self.view.redraw()

    def _say(self, note: str = "") -> None:
        view = self.view
        where = "follows" if view.bottom is None else f"line {view.bottom + 1} of {len(view.lines)}"
        view.set_title(self._title, note or where)

    def action_scroll(self, by: int) -> None:
        self.view.scroll_lines(by)
        self._say()

    def action_page(self, by: int) -> None:
        self.action_scroll(by * max(1, self.view.content_size.height - 2))

    def action_follow(self) -> None:
        self.view.bottom = None
        self.view.redraw()
        self._say()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        self.action_scroll(-3)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        self.action_scroll(3)

    def action_search(self) -> None:
        search = self.query_one(Input)
        search.display = True
        search.value = ""
        search.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._close_search()
        self.view.wanted = event.value.lower()
        if self.view.wanted:
            self.action_again(-1)
        self.view.redraw()

    def action_again(self, direction: int) -> None:
        if self.view.wanted:
            found = self.view.find(direction)
            self._say("" if found else f"no more {self.view.wanted}")

    def _close_search(self) -> None:
        search = self.query_one(Input)
        search.display = False
        self.set_focus(None)

    def action_leave(self) -> None:
        if self.query_one(Input).display:
            self._close_search()
        else:
            self.dismiss(None)
