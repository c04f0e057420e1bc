"""What is wrong with a version, each with its place and its cure; Enter opens the editor there."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from fptui.check.check import Report
from fptui.check.problem import Place, Severity
from fptui.errors import FptuiError
from fptui.tui.keys import Key
from fptui.tui.rows import Piece, Row, row
from fptui.tui.threads import in_thread, sentence
from fptui.tui.widgets.bars import Footer
from fptui.tui.widgets.problems import ProblemsPanel

_KEYS = (
    Key("enter", "enter", "edit", "edit", ""),
    Key("up", "↑ ↓", "move(1)", "move", ""),
    Key("left", "← →", "version(1)", "version", ""),
    Key("r", "r", "again", "check again", ""),
    Key("escape", "esc", "leave", "back", ""),
)


class CheckScreen(Screen[None]):
    """Gives nothing; whoever mends something sees at once what is left."""

    CSS_PATH = "check.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up"),
        Binding("down,j", "move(1)", "down"),
        Binding("pageup", "move(-5)", "up"),
        Binding("pagedown", "move(5)", "down"),
        Binding("home", "move(-100000)", "first"),
        Binding("end", "move(100000)", "last"),
        Binding("left,h", "version(1)", "older version"),
        Binding("right,l", "version(-1)", "newer version"),
        Binding("enter,e", "edit", "edit"),
        Binding("r", "again", "check again"),
        Binding("escape,c,q", "leave", "back"),
    ]

    def __init__(
        self,
        versions: Sequence[str],
        check: Callable[[str], Report],
        edit: Callable[[Place], Awaitable[None]],
        *,
        at: str | None = None,
    ) -> None:
        super().__init__()
        self._versions = tuple(versions)
        self._check = check
        self._edit = edit
        self._version = self._versions.index(at) if at in self._versions else 0
        self._report: Report | None = None
        self._failure: str | None = None
        self._selected = 0

    def compose(self) -> ComposeResult:
        yield ProblemsPanel("check", id="problems")
        yield Footer(_KEYS)

    def on_mount(self) -> None:
        self._look()

    @property
    def version(self) -> str:
        return self._versions[self._version]

    @work(exclusive=True)
    async def _look(self) -> None:
        self._report, self._failure = None, None
        self._show()
        try:
            self._report = await in_thread(partial(self._check, self.version))
        except FptuiError as error:
            self._failure = str(error)
        except Exception as error:
            self._failure = sentence(error)
        self._show()

    def _show(self) -> None:
        problems = self._report.problems if self._report is not None else ()
        self._selected = min(self._selected, max(0, len(problems) - 1))
        panel = self.query_one(ProblemsPanel)
        panel.set_title(f"check {self.version}", _counts(self._report))
        panel.show(problems, self._selected, () if problems else self._words())

    def _words(self) -> list[Row]:
        if self._failure is not None:
            return [row(Piece(self._failure, "bad"))]
        if self._report is None:
            return [row(Piece("looking …", "muted"))]
        return [row(Piece("Nothing found: no problem that can be seen before it runs.", "good"))]

    def action_move(self, by: int) -> None:
        if self._report is not None and self._report.problems:
            self._selected = min(len(self._report.problems) - 1, max(0, self._selected + by))
            self._show()

    def action_choose(self, index: int) -> None:
        self._selected = index
        self._show()

    def action_version(self, by: int) -> None:
        if len(self._versions) > 1:
            self._version = (self._version + by) % len(self._versions)
            self._selected = 0
            self._look()

    def action_again(self) -> None:
        self._look()

    @work(exclusive=True, group="edit")
    async def action_edit(self) -> None:
        if self._report is not None and self._report.problems:
            place = self._report.problems[self._selected].place
            if place.file is not None:
                await self._edit(place)
                self._look()

    def action_leave(self) -> None:
        self.dismiss(None)


def _counts(report: Report | None) -> str:
    """`2 errors · 1 warning · 80 items in 3 buckets`."""
    if report is None:
        return ""
    found = [(report.count(severity), severity.value) for severity in Severity]
    words = [f"{count} {word}{'s' * (count != 1)}" for count, word in found if count]
    if report.buckets is not None and report.buckets.rows:
        items = sum(row.items for row in report.buckets.rows)
        number = len(report.buckets.rows)
        words.append(f"{items} items in {number} bucket{'s' * (number != 1)}")
        words.append(f"{report.buckets.batches} batches an epoch")
    return " · ".join(words)
