"""Every key, from the one table."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from fptui.tui.keys import KEYS
from fptui.tui.rows import Piece, Row, row, wrap
from fptui.tui.screens.dialog import Dialog, keys_row


class HelpScreen(Dialog[None]):
    """Closes with any of the keys that one tries."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,enter,space,q,f1", "leave", "back")]

    def __init__(self) -> None:
        super().__init__("keys")

    def content(self, width: int) -> list[Row]:
        rows: list[Row] = []
        left = max(len(key.shown) for key in KEYS) + 2
        for key in KEYS:
            for index, folded in enumerate(wrap(key.help, width - left)):
                rows.append(row(Piece(f"{'' if index else key.shown:<{left}}", "key"), *folded))
        mouse = "The mouse works too: click a key in the last line, or a run."
        rows += [(), *wrap(mouse, width, "muted"), (), keys_row(("esc", "back", "screen.leave"))]
        return rows
