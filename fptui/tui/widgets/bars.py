"""The first and the last line of a screen: where we are, and the keys."""

from collections.abc import Iterable, Sequence

from fptui.core.text import plain
from fptui.tui.keys import Key
from fptui.tui.rows import Piece, Row, fit, join, row, spread, width_of
from fptui.tui.widgets.panel import Panel


def draw_keys(keys: Iterable[Key], width: int, prefix: str = "screen") -> Row:
    """As many whole keys as fit; help and quit, the last two, always stay."""
    items = [
        row(
            Piece(key.shown, "key", f"{prefix}.{key.action}"),
            Piece(f" {key.word}", "muted", f"{prefix}.{key.action}"),
        )
        for key in keys
        if key.footer
    ]
    while len(items) > 2 and width_of(join(items, "  ")) > width - 2:
        items.pop(-3)
    return row(" ", *join(items, "  "))


class Header(Panel):
    """`fptui  project` at the left; at the right the machine, and when it stops, which is never left out."""

    project = ""
    place: tuple[str, ...] = ()
    autostop: Row = ()

    def show(self, project: str, place: tuple[str, ...], autostop: Row = ()) -> None:
        """`place`: facts, the most important last."""
        if (project, place, autostop) != (self.project, self.place, self.autostop):
            self.project, self.place, self.autostop = project, place, autostop
            self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        left = row(Piece(" fptui", "accent"), "  ", Piece(plain(self.project), "strong"))
        stops = row(*self.autostop, " ") if self.autostop else ()
        place = list(self.place)
        while place and width_of(left) + width_of(right := _right(place, stops)) + 2 > width and (stops or place[1:]):
            place.pop(0)
        right = _right(place, stops)
        if stops:
            left = fit(left, max(0, width - width_of(right) - 2))
        return [fit(spread(left, right, width), width)]


def _right(place: Sequence[str], stops: Row) -> Row:
    facts = " · ".join(plain(fact) for fact in place)
    return row(Piece(facts + ("   " if stops and facts else " " if facts else ""), "muted"), *stops)


class Footer(Panel):
    """The keys of a screen, each a click too."""

    def __init__(self, keys: Iterable[Key], *, id: str = "footer") -> None:
        super().__init__(id=id)
        self._keys = tuple(keys)

    def draw(self, width: int, height: int) -> list[Row]:
        return [draw_keys(self._keys, width)]
