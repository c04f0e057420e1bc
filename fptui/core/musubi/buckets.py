"""Which size the trainer scales a picture to: its bucket arithmetic (dataset/bucket.py, 0.3.4), exactly."""

import math
from functools import cached_property

STEP = 16
"""FramePack's buckets lie on this grid."""
SMALLEST_AREA = 32 * 32
"""Pixels. Below it the trainer divides by zero where buckets are enabled."""
LARGEST_SIDE = 1 << 14
"""Pixels. No GPU takes more, and the list of buckets would grow without end."""
Size = tuple[int, int]
"""Width and height."""
DEFAULT_RESOLUTION: Size = (960, 544)
"""dataset/config_utils.py."""


class Buckets:
    """Of one data set. Where buckets are enabled, the area of `resolution` must be `SMALLEST_AREA` or more."""

    def __init__(self, resolution: Size, *, enabled: bool, no_upscale: bool = False) -> None:
        self._resolution = resolution
        self._area = resolution[0] * resolution[1]
        self._enabled = enabled
        self._no_upscale = enabled and no_upscale
        self._known = dict[Size, Size]()

    @cached_property
    def sizes(self) -> list[Size]:
        """All that there are, by width."""
        if not self._enabled:
            return [self._resolution]
        side = int(math.sqrt(self._area))
        found = set()
        for width in range(on_grid(side // 2), side + STEP, STEP):
            height = on_grid(self._area // width)
            found |= {(width, height), (height, width)}
        return sorted(found)

    def of(self, size: Size) -> Size:
        """The bucket of a picture: the nearest shape, the first of two that are as near."""
        if size not in self._known:
            self._known[size] = self._nearest(*size)
        return self._known[size]

    def _nearest(self, width: int, height: int) -> Size:
        if self._no_upscale and width * height <= self._area:
            return on_grid(width), on_grid(height)
        shape = width / height
        return min(self.sizes, key=lambda each: abs(each[0] / each[1] - shape))


def on_grid(number: int) -> int:
    """Rounded down to the grid."""
    return number - number % STEP


def resolution_of(value: object) -> Size | None:
    """`resolution` of a data set: one number is a square. None where it is neither."""
    if isinstance(value, int):
        return int(value), int(value)
    if isinstance(value, list) and len(value) == 2 and all(isinstance(each, int) for each in value):
        return value[0], value[1]
    return None
