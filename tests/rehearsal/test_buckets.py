"""Sizes and batches by the trainer's arithmetic."""

import random
from pathlib import Path

import pytest
from PIL import Image

from fptui.rehearsal.buckets import Batches, Cached, Selector, fitted
from fptui.rehearsal.dataset import Dataset


@pytest.mark.parametrize(
    ("settings", "size", "expected"),
    [
        ({"resolution": (512, 768)}, (999, 20), (512, 768)),
        ({"resolution": (512, 768), "enable_bucket": True}, (512, 768), (512, 768)),
        ({"resolution": (512, 768), "enable_bucket": True}, (768, 512), (768, 512)),
        ({"resolution": (512, 768), "enable_bucket": True}, (1000, 1000), (624, 624)),
        ({"resolution": (64, 96), "enable_bucket": True, "bucket_no_upscale": True}, (50, 70), (48, 64)),
        ({"resolution": (64, 96), "enable_bucket": True, "bucket_no_upscale": True}, (640, 960), (64, 96)),
    ],
)
def test_the_size_of_a_picture(settings: dict[str, object], size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert Selector(Dataset(**settings)).size(*size) == expected  # type: ignore[arg-type]


def test_a_picture_is_scaled_to_cover_and_cut_around_its_middle() -> None:
    image = Image.new("RGB", (200, 100), "red")
    image.paste("blue", (50, 0, 150, 100))
    pixels = fitted(image, (32, 32))
    assert pixels.shape == (32, 32, 3)
    assert (pixels[:, 4:28] == (0, 0, 255)).all()


def test_batches_never_mix_buckets_and_count_repeats() -> None:
    def items(count: int) -> list[Cached]:
        return [Cached(Path(f"{count}-{number}"), Path()) for number in range(count)]

    batches = Batches(2, {(64, 96, 9): items(5), (96, 64, 9): items(2)})
    assert batches.items == 7
    assert sorted(len(batches.batch(number)) for number in range(len(batches.order))) == [1, 2, 2, 2]
    batches.shuffle(random.Random(1))
    for number in range(len(batches.order)):
        assert len({item.latents.name[0] for item in batches.batch(number)}) == 1
    assert sum(len(batches.batch(number)) for number in range(4)) == 7
