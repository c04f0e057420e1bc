"""A widget that draws rows, and repaints only what changed: the terminal may be at the other end of a slow line."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from fptui.core.text import plain
from fptui.tui.rows import ROLES, Row, fit, text_of, width_of
from fptui.tui.spans import changed_spans


class Panel(Widget):
    """Subclasses say what stands in them (`draw`), and call `redraw` when what they show has changed."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"panel--{role}" for role in ROLES}
    framed = True
    """Whether the border goes all round, or is only a line above."""
    grows = False
    """Whether its height is that of what it draws."""

    def __init__(self, title: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: list[Row] = []
        self._strips: dict[int, Strip] = {}
        self._looks: dict[str, Style] = {}
        self._titles = ("", "")
        if title:
            self.set_title(title)

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The rows for a box of this size; more than `height` are not seen. Pure in what the panel was given."""
        raise NotImplementedError

    def set_title(self, title: str, note: str = "") -> None:
        """The words in the upper and the lower border; never markup."""
        self._titles = (title, note)
        space = "" if self.framed else " "
        for name, text in (("border_title", title), ("border_subtitle", note)):
            content = Content(f"{space}{plain(text)}{space}") if text else None
            if getattr(self, f"_{name}", None) != content:
                setattr(self, name, content)

    def set_framed(self, framed: bool) -> None:
        """Say whether the style sheet draws a border all round: a title in a bare line needs blanks about it."""
        if framed != self.framed:
            self.framed = framed
            self.set_title(*self._titles)

    def redraw(self) -> None:
        """Draw again and repaint the cells that differ."""
        width, height = self.content_size
        if width <= 0 or height <= 0:
            return
        rows = list(self.draw(width, height))
        if self.grows and len(rows) != height:
            # Asked for at once, while an earlier wish for a layout is not granted yet, this one would be forgotten: the
            # height is kept for each wish (Widget._layout_updates, Textual 8.2).
            self.call_after_refresh(self.refresh, layout=True)
        rows = rows[:height]
        rows += [()] * (height - len(rows))
        old, self._rows = self._rows, rows
        if len(old) != len(rows):
            self._strips.clear()
            self.refresh()
            return
        for y, (before, after) in enumerate(zip(old, rows, strict=True)):
            if before != after:
                self._strips.pop(y, None)
                for start, end in changed_spans(before, after):
                    self.refresh(Region(start, y, end - start, 1))

    @property
    def shown(self) -> str:
        """What stands in it, as text."""
        return "\n".join(text_of(item).rstrip() for item in self._rows)

    def on_resize(self, event: events.Resize) -> None:
        self._rows = []
        self.redraw()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()
        self._looks.clear()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.draw(width, viewport.height))

    def render_line(self, y: int) -> Strip:
        strip = self._strips.get(y)
        width = self.content_size.width
        if strip is None or strip.cell_length != width:
            pieces = fit(self._rows[y], width) if y < len(self._rows) else ()
            segments = [Segment(piece.text, self._look(piece.role)) for piece in pieces]
            strip = Strip(segments, width_of(pieces)).adjust_cell_length(width, self._look(""))
            self._strips[y] = strip
        return strip

    def _look(self, role: str) -> Style:
        look = self._looks.get(role)
        if look is None:
            names = [f"panel--{name}" for name in role.split()]
            look = self._looks[role] = self.get_component_rich_style(*names) if names else self.rich_style
        return look

    async def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y >= len(self._rows):
            return
        left = 0
        for piece in self._rows[offset.y]:
            left += width_of((piece,))
            if offset.x < left:
                if piece.action:
                    event.stop()
                    await self.run_action(piece.action)
                return
