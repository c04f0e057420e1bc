"""Writing only what changed gives the same screen as writing from the left edge."""

from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from fptui.tui.left_trim import TrimmedUpdate


def update() -> ChopsUpdate:
    left, right = Strip([Segment("abcdef"), Segment("学習")]), Strip([Segment("0123456789")])
    return ChopsUpdate([{0: left, 10: right}], [(0, 4, 8), (0, 15, 17)], [[10, 20]])


def test_only_the_changed_cells_are_written_and_where_they_belong() -> None:
    console = Console(color_system=None)
    assert TrimmedUpdate.of(update()).render_segments(console) == "\x1b[1;5Hef学\x1b[1;16H56"


def test_it_is_shorter_than_textual_s_own() -> None:
    console = Console(color_system=None)
    assert len(TrimmedUpdate.of(update()).render_segments(console)) < len(update().render_segments(console))
