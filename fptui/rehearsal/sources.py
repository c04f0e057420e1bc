"""The items of a data set: from a JSONL file or a folder of pictures."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fptui.rehearsal.console import SOURCES, complain, say

_PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".avif"}


@dataclass(frozen=True)
class Item:
    """One target picture with what belongs to it. The caption is read when it is needed, and may fail then."""

    path: str
    controls: tuple[str, ...]
    caption: Callable[[], str]

    @property
    def stem(self) -> str:
        """The name that its caches have."""
        return Path(self.path).stem


def _numbered(record: dict[str, Any]) -> list[str]:
    """The control pictures of a line, in the order of their numbers."""
    if "control_path" in record:
        record["control_path_0"] = record.pop("control_path")
    keys = sorted((key for key in record if key.startswith("control_path_")), key=lambda key: int(key.split("_")[-1]))
    return [record[key] for key in keys]


def jsonl_items(path: str, controls: int) -> tuple[list[Item], bool]:
    """The items of a metadata file, and whether they have control pictures.

    Raises JSONDecodeError for a line that is not JSON (a blank one too), ValueError when controls are missing.
    """
    say(SOURCES, f"load image jsonl from {path}")
    records: list[dict[str, Any]] = []
    with Path(path).open(encoding="utf-8") as file:
        for line in file:
            try:
                records.append(json.loads(line))
            except json.JSONDecodeError:
                complain(SOURCES, f"failed to load json: {line} @ {path}")
                raise
    say(SOURCES, f"loaded {len(records)} images")
    numbered = [_numbered(record) for record in records]
    has_control = any(numbered)
    if has_control:
        missing = [record["image_path"] for record, have in zip(records, numbered, strict=True) if len(have) < controls]
        if missing:
            message = f"Some images do not have control paths in JSONL data: {missing}"
            complain(SOURCES, message)
            raise ValueError(message)
        say(SOURCES, f"found {len(records)} images with {controls} control images per image in JSONL data")

    def item(record: dict[str, Any], have: list[str]) -> Item:
        path = record.get("image_path", record.get("image_path_0"))
        return Item(str(path), tuple(have[:controls]), lambda: str(record["caption"]))

    return [item(record, have) for record, have in zip(records, numbered, strict=True)], has_control


def _pictures(folder: str) -> list[Path]:
    return sorted(path for path in Path(folder).glob("*") if path.suffix.lower() in _PICTURES)


def _controls_of(image: Path, candidates: set[Path], wanted: int) -> list[Path]:
    mine = [path for path in candidates if path.name.startswith((f"{image.stem}.", f"{image.stem}_"))]
    candidates.difference_update(mine)

    def place(path: Path) -> int:
        if path.stem == image.stem:
            return 0
        suffix = path.stem.rsplit("_", 1)[-1]
        if not re.fullmatch(r"\d+", suffix):
            raise ValueError(f"Invalid digits suffix in {path.stem}")
        return int(suffix) + 1

    mine.sort(key=place)
    if mine and len(mine) < wanted:
        message = f"Not enough control images for {image}: found {len(mine)}, expected {wanted}"
        complain(SOURCES, message)
        raise ValueError(message)
    return mine[:wanted]


def folder_items(
    folder: str, extension: str | None, control_folder: str | None, controls: int
) -> tuple[list[Item], bool]:
    """The items of a folder: pictures with a caption file, controls by name. Raises ValueError when some have none."""
    say(SOURCES, f"glob images in {folder}")
    images = [path for path in _pictures(folder) if not extension or path.with_suffix(extension).exists()]
    say(SOURCES, f"found {len(images)} images")
    found: dict[Path, list[Path]] = {}
    if control_folder is not None:
        say(SOURCES, f"glob control images in {control_folder}")
        candidates = set(_pictures(control_folder))
        # Longer names first, so that `girl_2.png` is not taken for a control of `girl.png`.
        for image in sorted(images, key=lambda path: len(path.name), reverse=True):
            mine = _controls_of(image, candidates, controls)
            if mine:
                found[image] = mine
        say(SOURCES, f"found {len(found)} matching control images for {controls} images")
        for count in sorted({len(mine) for mine in found.values()}):
            total = sum(len(mine) == count for mine in found.values())
            say(SOURCES, f"  {total} images have {count} control images")
        missing = len(images) - len(found)
        if missing:
            names = {str(image) for image in images} - {str(image) for image in found}
            complain(SOURCES, f"Could not find matching control images for {missing} images: {names}")
            raise ValueError(f"Could not find matching control images for {missing} images")

    def item(image: Path) -> Item:
        caption_file = str(image.with_suffix(extension)) if extension else ""

        def caption() -> str:
            with open(caption_file, encoding="utf-8") as file:  # noqa: PTH123 - Path("") would be the folder
                return file.read().strip()

        return Item(str(image), tuple(str(path) for path in found.get(image, [])), caption)

    return [item(image) for image in images], control_folder is not None
