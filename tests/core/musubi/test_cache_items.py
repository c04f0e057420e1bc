"""Which items still need their caches, by the names that the trainer gives the files."""

import json
from pathlib import Path
from typing import Any

import pytest

from fptui.core.musubi.cache_items import CacheState, cache_state
from fptui.errors import Refused

GENERAL = {"caption_extension": ".txt", "resolution": [960, 544]}


def touch(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


def state(project: Path, *tables: dict[str, Any], general: dict[str, Any] | None = None) -> CacheState:
    return cache_state({"general": GENERAL if general is None else general, "datasets": list(tables)}, project)


def from_directory(project: Path, caches: list[str], images: list[str]) -> CacheState:
    touch(project / "images", *images, *(f"{Path(image).stem}.txt" for image in images))
    touch(project / "cache", *caches)
    return state(project, {"image_directory": "images", "cache_directory": "cache"})


@pytest.mark.parametrize(
    ("caches", "missing"),
    [
        ([], (2, 2)),
        (["a_0512x0768_fp.safetensors", "a_fp_te.safetensors"], (1, 1)),
        (["a_0512x0768_fp.safetensors", "b_c_1024x12000_fp.safetensors"], (0, 2)),
        (["a_fp_te.safetensors", "b_c_fp_te.safetensors"], (2, 0)),
        (["b_0512x0512_fp.safetensors", "b_fp_te.safetensors", "ab_c_0512x0512_fp.safetensors"], (2, 2)),
        (
            ["a_0512x0512_hv.safetensors", "a_hv_te.safetensors", "a_fp.safetensors", "a_0512x0512_fp.safetensors.x"],
            (2, 2),
        ),
    ],
)
def test_an_item_has_its_caches_by_their_names(tmp_path: Path, caches: list[str], missing: tuple[int, int]) -> None:
    assert from_directory(tmp_path, caches, ["a.png", "b_c.JPG"]) == CacheState(2, *missing)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        *((f"a{end}", True) for end in (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".avif", ".PNG", ".AVIF", ".b.png")),
        *((name, False) for name in ("a.Png", "a.gif", "a.mp4", "a.txt", "a", ".a.png", "._a.png", ".png")),
    ],
)
def test_what_is_an_image(tmp_path: Path, name: str, counts: bool) -> None:
    assert from_directory(tmp_path, [], [name]).items == int(counts)


@pytest.mark.parametrize(
    ("general", "items"),
    [
        ({"caption_extension": ".txt"}, 1),
        ({"caption_extension": "txt"}, 1),
        ({"caption_extension": ".caption"}, 1),
        ({"caption_extension": ".en.txt"}, 0),
        ({"caption_extension": ".json"}, 0),
        ({}, 3),
    ],
)
def test_the_trainer_drops_an_image_without_caption(tmp_path: Path, general: dict[str, Any], items: int) -> None:
    touch(tmp_path / "i", "a.png", "a.txt", "b.png", "b.caption", "c.png", "c.en.txt", ".c.txt")
    assert state(tmp_path, {"image_directory": "i"}, general=general) == CacheState(items, items, items)


def test_caches_lie_beside_the_images_by_default(tmp_path: Path) -> None:
    touch(tmp_path / "i", "a.png", "a.txt", "a_0512x0512_fp.safetensors", "a_fp_te.safetensors")
    assert state(tmp_path, {"image_directory": "i"}) == CacheState(1, 0, 0)
    assert state(tmp_path, {"image_directory": str(tmp_path / "i")}) == CacheState(1, 0, 0)


def metadata(folder: Path, *lines: bytes | dict[str, Any]) -> dict[str, str]:
    data = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    (folder / "m.jsonl").write_bytes(b"".join(line + b"\n" for line in data))
    return {"image_jsonl_file": "m.jsonl", "cache_directory": "cache"}


def test_items_of_a_metadata_file(tmp_path: Path) -> None:
    touch(tmp_path / "cache", "a_0512x0512_fp.safetensors", "b_fp_te.safetensors", "c_0512x0512_fp.safetensors")
    table = metadata(tmp_path, {"image_path": "/x/a.png"}, {"image_path": "y/b.gif"}, {"image_path_0": "c"})
    assert state(tmp_path, table) == CacheState(3, 1, 2)
    del table["cache_directory"]
    assert state(tmp_path, table) == CacheState(3, 3, 3)


def test_the_directory_wins_over_the_metadata(tmp_path: Path) -> None:
    touch(tmp_path / "i", "a.png", "a.txt")
    assert state(tmp_path, {**metadata(tmp_path), "image_directory": "i"}) == CacheState(1, 1, 1)


@pytest.mark.parametrize(
    "line",
    [b"", b"x", b"[]", b"5", b"{}", b'{"image_path": 5}', b'"image_path"', b'{"image_path": "\xff"}', b"[" * 9999],
)
def test_a_bad_line_of_the_metadata_is_named(tmp_path: Path, line: bytes) -> None:
    table = metadata(tmp_path, {"image_path": "a.png"}, {"image_path": "b.png"}, line)
    with pytest.raises(Refused, match=r"/m\.jsonl, line 3: not a JSON object with image_path\. Mend that line\.$"):
        state(tmp_path, table)


def test_no_metadata_file(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"/none: No such file or directory\. It is image_jsonl_file of the data set\.$"):
        state(tmp_path, {"image_jsonl_file": "none"})


def test_all_data_sets_count(tmp_path: Path) -> None:
    touch(tmp_path / "i", "a.png", "a.txt", "b.png", "b.txt", "a_0001x0001_fp.safetensors")
    one, other = {"image_directory": "i"}, {"image_directory": "i", "cache_directory": "elsewhere"}
    assert state(tmp_path, one, other) == CacheState(4, 3, 4)
    assert state(tmp_path, {"image_directory": "nowhere"}) == CacheState(0, 0, 0)


@pytest.mark.parametrize(
    ("caches", "missing"),
    [
        ([], (1, 1)),
        (["v_00000-013-0000_0640x0480_fp.safetensors"], (0, 1)),
        (["v_00000-013-0000_0640x0480_fp.safetensors", "v_fp_te.safetensors"], (0, 0)),
    ],
)
def test_videos_are_not_counted_but_seen(tmp_path: Path, caches: list[str], missing: tuple[int, int]) -> None:
    touch(tmp_path / "cache", *caches)
    touch(tmp_path / "i", "a.png", "a.txt", "a_0001x0001_fp.safetensors", "a_fp_te.safetensors")
    videos = {"video_directory": "v", "cache_directory": "cache"}
    assert state(tmp_path, {"image_directory": "i"}, videos) == CacheState(None, *missing)
    assert state(tmp_path, videos, {"image_directory": "i"}) == CacheState(None, *missing)


@pytest.mark.parametrize("datasets", [None, [], {}, "x", [1], [{"image_directory": "i"}, "x"]])
def test_no_data_sets(tmp_path: Path, datasets: object) -> None:
    with pytest.raises(Refused, match=r"dataset.toml has no \[\[datasets\]\]: the trainer needs at least one"):
        cache_state({"datasets": datasets}, tmp_path)


def test_a_data_set_s_own_key_wins_over_the_general_one(tmp_path: Path) -> None:
    touch(tmp_path / "i", "a.png", "b.png", "a.cap")
    assert state(tmp_path, {"image_directory": "i", "caption_extension": ".cap"}) == CacheState(1, 1, 1)
    assert cache_state({"general": 5, "datasets": [{"image_directory": "i"}]}, tmp_path) == CacheState(2, 2, 2)
