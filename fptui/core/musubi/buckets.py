"""Which size the trainer scales a picture to: its bucket arithmetic (dataset/bucket.py, 0.3.4), exactly."""

import math
from functools import cached_property

STEP = 16
"""FramePack's buckets lie on this grid."""
Size = tuple[int, int]
"""Width and height."""


class Buckets:
    """Of one data set. The area of `resolution` must be at least 32 times 32 where buckets are enabled."""

    def __init__(self, resolution: Size, *, enabled: bool, no_upscale: bool) -> None:
        self._resolution = resolution
        self._area = resolution[0] * resolution[1]
        self._enabled = enabled
        self._no_upscale = enabled and no_upscale

    @cached_property
    def sizes(self) -> list[Size]:
        """All that there are, by width."""
        if not self._enabled:
            return [self._resolution]
        side = int(math.sqrt(self._area))
        found = set()
        for width in range(_floor(side // 2), side + STEP, STEP):
            height = _floor(self._area // width)
            found |= {(width, height), (height, width)}
        return sorted(found)

    def of(self, size: Size) -> Size:
        """The bucket of a picture: the nearest shape, the first of two that are as near."""
        width, height = size
        if self._no_upscale and width * height <= self._area:
            return _floor(width), _floor(height)
        shape = width / height
        return min(self.sizes, key=lambda each: abs(each[0] / each[1] - shape))


def _floor(number: int) -> int:
    return number - number % STEP


def resolution_of(value: object) -> Size | None:
    """`resolution` of a data set: one number is a square. None where it is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value, value
    if isinstance(value, list) and len(value) == 2 and all(isinstance(each, int) for each in value):
        return value[0], value[1]
    return None


DEFAULT_RESOLUTION: Size = (960, 544)
"""dataset/config_utils.py."""
