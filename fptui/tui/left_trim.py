"""Fewer bytes to the terminal: Textual 8.2.8 writes a changed span from its widget's left edge; this writes the span.

`textual._compositor.ChopsUpdate.render_segments` crops each strip at the right only ("TODO: crop to x extents"). Over a
slow line that doubles what an update costs. tests/tui/test_left_trim.py holds both to the same screen.
"""

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate


class TrimmedUpdate(ChopsUpdate):
    """The same update, cropped at both ends."""

    @classmethod
    def of(cls, update: ChopsUpdate) -> "TrimmedUpdate":
        return cls(update.chops, update.spans, update.chop_ends)

    def render_segments(self, console: Console) -> str:
        parts: list[str] = []
        for y, x1, x2 in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= x2 or end <= x1:
                    continue
                start = max(x, x1)
                parts.append(Control.move_to(start, y).segment.text)
                parts.append(strip.crop(start - x, min(end, x2) - x).render(console))
        return "".join(parts)
