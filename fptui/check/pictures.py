"""Whether files are pictures that can be opened, and how large: by their headers and their ends, nothing decoded where
that can be helped."""

import os
import stat
import time
import warnings
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

MISSING, UNREADABLE = "missing", "unreadable"
_HEAD, _TAIL = 4096, 64
_PNG, _JPEG, _RIFF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"RIFF"
_NO_SIZE_IN = frozenset({0xC4, 0xC8, 0xCC})
"""JPEG's markers between the frames' ones that are no frames."""
_LARGEST = 2 * 89478485
"""Pixels. Pillow, by which the trainer opens them, refuses more (PIL/Image.py, MAX_IMAGE_PIXELS)."""
_THREADS, _CHUNK = 16, 64
_SLOW = 0.0005
"""Seconds a look. A network volume takes some thousandths, a local disk some millionths."""

Size = tuple[int, int]


@dataclass(frozen=True)
class Picture:
    """What a file is. `trouble`: MISSING, UNREADABLE, or None for a picture that can be opened."""

    size: Size | None = None
    trouble: str | None = None
    bytes: int = 0
    file: tuple[int, int] = (0, 0)
    """Device and number: two names of one file have one."""


class Pictures:
    """Each file is looked at once, however many items name it."""

    def __init__(self) -> None:
        self._known = dict[Path, Picture]()

    def prepare(self, paths: Iterable[Path]) -> None:
        """Look at many at once, where that is faster: on a local disk threads only wait for each other."""
        wanted = [path for path in dict.fromkeys(paths) if path not in self._known]
        begun = time.perf_counter()
        for at in range(0, len(wanted), _CHUNK):
            for path in wanted[at : at + _CHUNK]:
                self._known[path] = look(path)
            done = min(at + _CHUNK, len(wanted))
            if time.perf_counter() - begun > done * _SLOW:
                break
        else:
            return
        with ThreadPoolExecutor(_THREADS) as pool:
            self._known.update(zip(wanted[done:], pool.map(look, wanted[done:]), strict=True))

    def of(self, path: Path) -> Picture:
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = look(path)
        return found


_NOT_THERE, _NO_PICTURE = Picture(trouble=MISSING), Picture(trouble=UNREADABLE)


def look(path: Path) -> Picture:
    """Opens nothing but regular files."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return _NOT_THERE
    except (OSError, ValueError):  # also a folder's name in the middle that is a file
        return _NO_PICTURE if _exists(path) else _NOT_THERE
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return _NO_PICTURE
        head = os.read(handle, _HEAD)
        tail = head[-_TAIL:] if status.st_size <= _HEAD else os.pread(handle, _TAIL, status.st_size - _TAIL)
        size, is_whole = _told(handle, head, tail, status.st_size)
    except OSError:
        return _NO_PICTURE
    finally:
        os.close(handle)
    if not is_whole:
        size = _decoded(path)
    if size is None or not 0 < size[0] * size[1] <= _LARGEST:
        return _NO_PICTURE
    return Picture(size, None, status.st_size, (status.st_dev, status.st_ino))


def _exists(path: Path) -> bool:
    try:
        path.lstat()
        return not path.is_symlink() or path.exists()
    except (OSError, ValueError):
        return False


def _told(handle: int, head: bytes, tail: bytes, length: int) -> tuple[Size | None, bool]:
    """Width and height, and whether the file is certainly whole. Where it is not, Pillow is asked."""
    if head.startswith(_PNG):
        size = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
        sound = head[12:16] == b"IHDR" and zlib.crc32(head[12:29]) == int.from_bytes(head[29:33], "big")
        return size, sound and b"IEND" in tail
    if head.startswith(_JPEG):
        jpeg = _jpeg_size(handle, length)
        return jpeg, jpeg is not None and tail.rstrip(b"\0").endswith(b"\xff\xd9")
    if head.startswith(_RIFF) and head[8:12] == b"WEBP":
        webp = _webp_size(head)
        return webp, webp is not None and 8 + int.from_bytes(head[4:8], "little") <= length
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") >= 40:
        return _bmp(head, length)
    return None, False


def _jpeg_size(handle: int, length: int) -> Size | None:
    at = 2
    for _ in range(500):  # segments before the frame: thumbnails, profiles
        marker = os.pread(handle, 9, at)
        if len(marker) < 9 or marker[0] != 0xFF or at > length:
            return None
        if marker[1] == 0xFF:
            at += 1
            continue
        if 0xC0 <= marker[1] <= 0xCF and marker[1] not in _NO_SIZE_IN:
            return int.from_bytes(marker[7:9], "big"), int.from_bytes(marker[5:7], "big")
        at += 2 + int.from_bytes(marker[2:4], "big")
    return None


def _webp_size(head: bytes) -> Size | None:
    kind, little = head[12:16], int.from_bytes
    if kind == b"VP8X" and len(head) >= 30:
        return little(head[24:27], "little") + 1, little(head[27:30], "little") + 1
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        return little(head[26:28], "little") & 0x3FFF, little(head[28:30], "little") & 0x3FFF
    if kind == b"VP8L" and head[20:21] == b"\x2f":
        bits = little(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _bmp(head: bytes, length: int) -> tuple[Size | None, bool]:
    width, height = (int.from_bytes(head[at : at + 4], "little", signed=True) for at in (18, 22))
    bits, packing = int.from_bytes(head[28:30], "little"), int.from_bytes(head[30:34], "little")
    row = (width * bits + 31) // 32 * 4
    whole = bits in (24, 32) and packing == 0 and int.from_bytes(head[10:14], "little") + row * abs(height) <= length
    return (width, abs(height)), whole and width > 0


def _decoded(path: Path) -> Size | None:
    """By Pillow, all of it: the trainer's own answer."""
    from PIL import Image

    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            image.load()
            return image.width, image.height
    except Exception:  # Pillow's readers raise whatever they meet: SyntaxError, struct.error, DecompressionBombError
        return None
