"""Names of caches, and what is in them."""

import os
from pathlib import Path

import pytest

from fptui.core.musubi.cache_files import (
    LatentsName,
    latents_name,
    list_caches,
    parse_latents_name,
    read_cache,
    text_name,
)
from tests.check.data_project import latents, safetensors


def test_names() -> None:
    assert latents_name("a_b", (64, 12000)) == "a_b_0064x12000_fp.safetensors"
    assert text_name("a_b") == "a_b_fp_te.safetensors"


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("a_b_0064x0096_fp.safetensors", LatentsName("a_b", (64, 96))),
        ("_0064x0096_fp.safetensors", LatentsName("", (64, 96))),
        ("0064x0096_fp.safetensors", LatentsName("", (64, 96))),
        *((f"{name}_fp.safetensors", None) for name in ("", "x", "x_foo", "x_1x2x3", "x_64", "x_ax2")),
    ],
)
def test_training_takes_a_name_apart(name: str, parsed: LatentsName | None) -> None:
    """Each None is a name at which the trainer was seen to end."""
    assert parse_latents_name(name) == parsed


def test_a_video_has_its_crop_in_the_name() -> None:
    name = "a_b_00012-037-0001_0064x0096_fp.safetensors"
    assert parse_latents_name(name, video=True) == LatentsName("a_b", (64, 96), (12, 37, 1))
    assert parse_latents_name("a_0064x0096_fp.safetensors", video=True) is None


def test_a_folder(tmp_path: Path) -> None:
    for name in ("a_1x2_fp.safetensors", "a_fp_te.safetensors", ".b_1x2_fp.safetensors", "a_1x2_hv.safetensors", "x"):
        (tmp_path / name).touch()
    assert list_caches(tmp_path) == (["a_1x2_fp.safetensors"], frozenset({"a_fp_te.safetensors"}))
    assert list_caches(tmp_path / "nowhere") == ([], frozenset())


def test_what_is_in_latents(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(latents((64, 96), (5,), (0, -3, 10)))
    cache = read_cache(path)
    assert cache is not None
    assert (cache.size, cache.target_index, cache.clean_indices, cache.caption) == ((64, 96), [5], [0, -3, 10], None)
    assert cache.modified_ns == path.stat().st_mtime_ns


def test_a_caption_longer_than_a_block(tmp_path: Path) -> None:
    caption = "長い " * 20_000
    (tmp_path / "a").write_bytes(safetensors({"x": ("F16", [1], b"12")}, {"caption1": caption}))
    cache = read_cache(tmp_path / "a")
    assert cache is not None and cache.caption == caption


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"1234567",
        latents()[:-1],
        latents() + b"1",
        latents()[:40],
        (2**63).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (4).to_bytes(8, "little") + b"null",
        (9).to_bytes(8, "little") + b'{"a": []}',
        (12).to_bytes(8, "little") + b'{"a": "text"}'[:12],
        b"\xff" * 5000,
    ],
)
def test_what_is_no_cache(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    assert read_cache(tmp_path / "a") is None


@pytest.mark.parametrize("offsets", ['["0", "8"]', "[0]", "[0, 8, 9]", "[0, null]", "[-8, 8]", "[8, 0]", "{}"])
def test_odd_offsets(tmp_path: Path, offsets: str) -> None:
    text = f'{{"latent_indices_int64": {{"dtype": "I64", "shape": [1], "data_offsets": {offsets}}}}}'.encode()
    (tmp_path / "a").write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    cache = read_cache(tmp_path / "a")
    assert cache is None or cache.target_index is None


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("fifo", "loop", "", "nowhere", "x" * 300):
        assert read_cache(tmp_path / name) is None
