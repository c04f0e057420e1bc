"""How the rows of a terminal are shared out among the dashboard's panels."""

from dataclasses import dataclass

WIDE = 160
"""From here on the runs stand in a column of their own."""
NARROW = 100
"""Below, the GPU stands under the run instead of beside it."""
SHORT = 32
"""Below, boxes lose their frames but for the title line."""
RUNS_WIDTH = 48


@dataclass(frozen=True)
class Shape:
    """What follows from the size alone."""

    width: int
    height: int

    @property
    def wide(self) -> bool:
        return self.width >= WIDE

    @property
    def stacked(self) -> bool:
        return self.width < NARROW

    @property
    def short(self) -> bool:
        return self.height < SHORT or self.stacked

    @property
    def frame_rows(self) -> int:
        """What a box takes above and below its content."""
        return 1 if self.short else 2

    @property
    def frame_columns(self) -> int:
        return 2 if self.short else 4

    @property
    def main_width(self) -> int:
        return self.width - (RUNS_WIDTH if self.wide else 0)

    @property
    def run_width(self) -> int:
        """The run panel's content."""
        return (self.width if self.stacked else self.main_width // 2) - self.frame_columns

    @property
    def gpu_width(self) -> int:
        """The GPU panel's content."""
        return (self.width if self.stacked else self.main_width - self.main_width // 2) - self.frame_columns


@dataclass(frozen=True)
class Heights:
    """Rows for each panel, frames included; 0: not shown."""

    run: int
    gpu: int
    story: int
    chart: int
    log: int


_SMALLEST_CHART = 7
_SMALLEST_LOG = 4


def share(shape: Shape, *, run: int, gpu: int, story: int, chart: bool) -> Heights:
    """Heights from the rows of content that run, GPU and story have; chart and log share the rest."""
    frame = shape.frame_rows
    run_height, gpu_height = run + frame, gpu + frame
    if not shape.stacked:
        run_height = gpu_height = max(run_height, gpu_height)
    story_height = story + frame if story else 0
    top = run_height + (gpu_height if shape.stacked else 0)
    rest = max(0, shape.height - 2 - top - story_height)
    if not chart or rest < _SMALLEST_CHART + _SMALLEST_LOG:
        return Heights(run_height, gpu_height, story_height, 0, rest)
    log = max(_SMALLEST_LOG, min(rest * 2 // 5, rest - _SMALLEST_CHART, 20))
    return Heights(run_height, gpu_height, story_height, rest - log, log)
