"""Files that are pictures, and those that are none or cut short, by their ends."""

import os
from pathlib import Path

import pytest
from PIL import Image

from fptui.check.pictures import MISSING, UNREADABLE, Pictures, look

SIZE = (70, 34)


def make(path: Path, **options: object) -> bytes:
    image = Image.effect_noise(SIZE, 60).convert("RGB")
    image.save(path, **options)  # type: ignore[arg-type]
    return path.read_bytes()


KINDS = [
    ("a.png", {}),
    ("a.jpg", {}),
    ("a.jpg", {"progressive": True, "exif": b"Exif\0\0" + bytes(30_000)}),
    ("a.webp", {}),
    ("a.webp", {"lossless": True}),
    ("a.webp", {"exif": b"Exif\0\0x"}),
    ("a.bmp", {}),
    ("a.avif", {}),
    ("a.gif", {}),
]


@pytest.mark.parametrize(("name", "options"), KINDS)
def test_every_kind_has_its_size(tmp_path: Path, name: str, options: dict[str, object]) -> None:
    make(tmp_path / name, **options)
    found = look(tmp_path / name)
    assert (found.size, found.trouble) == (SIZE, None)
    assert found.bytes == (tmp_path / name).stat().st_size


@pytest.mark.parametrize(("name", "options"), [kind for kind in KINDS if kind[0] != "a.gif"])
@pytest.mark.parametrize("left", [0, 1, 20, 0.5, 0.9])
def test_every_kind_cut_short(tmp_path: Path, name: str, options: dict[str, object], left: float) -> None:
    data = make(tmp_path / name, **options)
    (tmp_path / name).write_bytes(data[: int(len(data) * left) if 0 < left < 1 else int(left)])
    assert look(tmp_path / name).trouble == UNREADABLE


def test_an_end_that_is_followed_by_more(tmp_path: Path) -> None:
    """As cameras do: Pillow decides."""
    data = make(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes(data + b"more" * 20)
    assert look(tmp_path / "a.jpg").size == SIZE


@pytest.mark.parametrize("size", [(0, 10), (60_000, 60_000)])
def test_a_png_of_a_size_that_pillow_refuses(tmp_path: Path, size: tuple[int, int]) -> None:
    import zlib

    data = bytearray(make(tmp_path / "a.png"))
    data[16:20], data[20:24] = size[0].to_bytes(4, "big"), size[1].to_bytes(4, "big")
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(data)
    assert look(tmp_path / "a.png").trouble == UNREADABLE


def test_a_header_with_a_wrong_sum(tmp_path: Path) -> None:
    data = bytearray(make(tmp_path / "a.png"))
    data[19] ^= 1
    (tmp_path / "a.png").write_bytes(data)
    assert look(tmp_path / "a.png").trouble == UNREADABLE


@pytest.mark.parametrize("content", [b"", b"x", b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"\xff\xd8\xff\xd9", b"RIFF", b"BM"])
def test_almost_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert look(tmp_path / "a").trouble == UNREADABLE


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "broken").symlink_to("nowhere")
    (tmp_path / "file").touch()
    found = {
        name: look(tmp_path / name).trouble for name in ("fifo", "", "loop", "broken", "nowhere", "file/x", "x" * 300)
    }
    assert found == {
        "fifo": UNREADABLE,
        "": UNREADABLE,
        "loop": MISSING,
        "broken": MISSING,
        "nowhere": MISSING,
        "file/x": MISSING,
        "x" * 300: MISSING,
    }


@pytest.mark.parametrize("slow", [0.0, 1.0])
def test_many_at_once(tmp_path: Path, slow: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """With threads and without, the same."""
    monkeypatch.setattr("fptui.check.pictures._SLOW", slow)
    for number in range(150):
        Image.new("RGB", (number + 1, 5)).save(tmp_path / f"{number}.bmp")
    paths = [tmp_path / f"{number}.bmp" for number in range(150)]
    pictures = Pictures()
    pictures.prepare([*paths, *paths])
    for path in paths:
        path.unlink()
    assert [pictures.of(path).size for path in paths] == [(number + 1, 5) for number in range(150)]
    assert pictures.of(tmp_path / "late").trouble == MISSING
