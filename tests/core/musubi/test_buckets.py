"""The trainer's bucket arithmetic: answers of its own BucketSelector (0.3.4) for random sizes."""

import json
from pathlib import Path
from typing import Any

import pytest

from fptui.core.musubi.buckets import Buckets, on_grid, resolution_of

ROWS: list[Any] = json.loads((Path(__file__).parents[2] / "data/buckets.json").read_text())


def test_every_answer_is_the_trainers() -> None:
    assert len(ROWS) == 240
    for resolution, enabled, no_upscale, size, bucket in ROWS:
        buckets = Buckets(tuple(resolution), enabled=enabled, no_upscale=no_upscale)
        assert buckets.of(tuple(size)) == tuple(bucket), (resolution, enabled, no_upscale, size)


def test_without_buckets_there_is_one() -> None:
    assert Buckets((100, 50), enabled=False, no_upscale=True).sizes == [(100, 50)]
    assert Buckets((100, 50), enabled=False, no_upscale=True).of((16, 16)) == (100, 50)


def test_the_smallest_area() -> None:
    assert Buckets((32, 32), enabled=True).sizes == [(16, 64), (32, 32), (64, 16)]


@pytest.mark.parametrize(
    ("value", "size"),
    [(512, (512, 512)), ([64, 96], (64, 96)), ([64], None), ("64", None), (64.0, None), ([1, 2.0], None), (None, None)],
)
def test_what_a_resolution_may_be(value: object, size: tuple[int, int] | None) -> None:
    assert resolution_of(value) == size


def test_the_grid() -> None:
    assert [on_grid(number) for number in (0, 15, 16, 31, 32)] == [0, 0, 16, 16, 32]


def test_an_image_as_large_as_the_resolution_is_not_scaled() -> None:
    assert Buckets((64, 96), enabled=True, no_upscale=True).of((256, 24)) == (256, 16)
    assert Buckets((64, 96), enabled=True, no_upscale=True).of((256, 25)) == (192, 32)
