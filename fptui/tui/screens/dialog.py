"""Boxes that ask or tell, over the dashboard: a message, a choice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from fptui.core.text import plain
from fptui.tui.rows import Piece, Row, join, row, wrap
from fptui.tui.widgets.panel import Panel

_T = TypeVar("_T")


class DialogPanel(Panel):
    """The one panel of a dialog: draws what its screen says."""

    grows = True

    def draw(self, width: int, height: int) -> Sequence[Row]:
        screen = self.screen
        return screen.content(width) if isinstance(screen, Dialog) else ()


class Dialog(ModalScreen[_T]):
    """A box in the middle. Subclasses say what stands in it, and redraw it when that changes."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back")]

    def __init__(self, title: str, role: str = "") -> None:
        super().__init__()
        self._title = title
        self._role = role

    def compose(self) -> ComposeResult:
        yield DialogPanel(self._title, id="dialog", classes=self._role)

    def content(self, width: int) -> list[Row]:
        """The rows."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Show what `content` now says."""
        for panel in self.query(DialogPanel):
            panel.redraw()

    def action_leave(self) -> None:
        self.dismiss(None)


def keys_row(*pairs: tuple[str, str, str]) -> Row:
    """(key, word, action) in the foot of a dialog."""
    return join([row(Piece(key, "key", action), Piece(f" {word}", "muted", action)) for key, word, action in pairs])


class MessageScreen(Dialog[None]):
    """Some sentences, until a key."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space,q", "leave", "back")]

    def __init__(self, title: str, text: str, role: str = "bad") -> None:
        super().__init__(title, role)
        self._text = text

    def content(self, width: int) -> list[Row]:
        lines = [folded for line in self._text.splitlines() for folded in wrap(plain(line), width)]
        return [*lines, (), keys_row(("enter", "back", "screen.leave"))]


@dataclass(frozen=True)
class Choice:
    """One of several; `details` say what it would do. An impossible one is shown, and cannot be taken."""

    id: str
    label: str
    details: str = ""
    possible: bool = True


class ChoiceScreen(Dialog[str | None]):
    """One of a few things; gives the id, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up"),
        Binding("down,j", "move(1)", "down"),
        Binding("enter", "take", "take"),
    ]

    def __init__(self, title: str, choices: Sequence[Choice]) -> None:
        super().__init__(title)
        self._choices = choices
        self._at = next((index for index, choice in enumerate(choices) if choice.possible), 0)

    def content(self, width: int) -> list[Row]:
        rows: list[Row] = []
        for index, choice in enumerate(self._choices):
            here = index == self._at
            role = "strong" if here else "" if choice.possible else "muted"
            action = f"screen.take({index})"
            rows.append(row(Piece("❯ " if here else "  ", "accent"), Piece(choice.label, role, action)))
            rows += [row("    ", *(piece._replace(action=action) for piece in folded))
                     for folded in wrap(plain(choice.details), width - 4, "muted") if choice.details]  # fmt: skip
            rows.append(())
        return [*rows, keys_row(("enter", "choose", "screen.take"), ("esc", "back", "screen.leave"))]

    def action_move(self, by: int) -> None:
        at = self._at + by
        while 0 <= at < len(self._choices):
            if self._choices[at].possible:
                self._at = at
                self.redraw()
                return
            at += by

    def action_take(self, index: int | None = None) -> None:
        choice = self._choices[self._at if index is None else index]
        if choice.possible:
            self.dismiss(choice.id)
