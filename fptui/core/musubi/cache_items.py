"""Which items of a data set have their caches, by the trainer's own file names (dataset/image_video_dataset.py)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fptui.core.text import plain
from fptui.errors import Refused

_IMAGES = frozenset(
    case(ending) for ending in (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".avif") for case in (str.lower, str.upper)
)
"""dataset/media_utils.py, without JPEG XL, which takes a package more."""
_LATENTS, _TEXT = "_fp.safetensors", "_fp_te.safetensors"


@dataclass(frozen=True)
class CacheState:
    """Counts over all data sets; `items` is None when the data set says it in a way that is not known here."""

    items: int | None
    latents_missing: int
    text_missing: int


def cache_state(dataset: Mapping[str, Any], project: Path) -> CacheState:
    """Compare every item with the names in its cache_directory. The trainer skips an item that lacks a file."""
    items: int | None = 0
    latents = texts = 0
    for table in _tables(dataset):
        folder = _folder(table, project)
        names = _names(folder) if folder else frozenset()
        stems = _stems(table, project)
        if stems is None:
            items = None
            latents += not any(name.endswith(_LATENTS) for name in names)
            texts += not any(name.endswith(_TEXT) for name in names)
            continue
        items = None if items is None else items + len(stems)
        with_latents = {name[: -len(_LATENTS)].rpartition("_")[0] for name in names if name.endswith(_LATENTS)}
        latents += sum(stem not in with_latents for stem in stems)
        texts += sum(f"{stem}{_TEXT}" not in names for stem in stems)
    return CacheState(items, latents, texts)


def _tables(dataset: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    tables = dataset.get("datasets")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise Refused("dataset.toml has no [[datasets]]: the trainer needs at least one.")
    general = dataset.get("general")
    return [{**(general if isinstance(general, dict) else {}), **table} for table in tables]


def _folder(table: Mapping[str, Any], project: Path) -> Path | None:
    value = table.get("cache_directory") or table.get("image_directory")
    return project / value if isinstance(value, str) else None


def _stems(table: Mapping[str, Any], project: Path) -> list[str] | None:
    """Basenames without extension, one an item. The directory wins over the metadata, as in the trainer."""
    directory, metadata = table.get("image_directory"), table.get("image_jsonl_file")
    if isinstance(directory, str):
        return _image_stems(_names(project / directory), table.get("caption_extension"))
    if isinstance(metadata, str):
        return _metadata_stems(project / metadata)
    return None


def _image_stems(names: frozenset[str], caption_extension: object) -> list[str]:
    """The trainer globs, which leaves out `.` files, and drops an image without a caption (glob_images)."""
    files = [Path(name) for name in sorted(names) if not name.startswith(".")]
    images = [file.stem for file in files if file.suffix in _IMAGES]
    if not isinstance(caption_extension, str):
        return images
    captions = {file.stem for file in files if file.name.endswith(caption_extension)}
    return [stem for stem in images if stem in captions]


def _metadata_stems(path: Path) -> list[str]:
    stems: list[str] = []
    try:
        with path.open("rb") as file:
            for line in file:
                item = json.loads(line.decode("utf-8"))
                stems.append(Path(item["image_path"] if "image_path" in item else item["image_path_0"]).stem)
    except (ValueError, KeyError, TypeError, RecursionError):
        where = f"{plain(str(path))}, line {len(stems) + 1}"
        raise Refused(f"{where}: not a JSON object with image_path. Mend that line.") from None
    except OSError as error:
        raise Refused(f"{plain(str(path))}: {error.strerror}. It is image_jsonl_file of the data set.") from None
    return stems


def _names(folder: Path) -> frozenset[str]:
    try:
        return frozenset(entry.name for entry in folder.iterdir())
    except OSError:
        return frozenset()
