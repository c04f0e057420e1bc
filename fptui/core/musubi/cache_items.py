"""Which items of a data set have their caches, by the trainer's own file names (dataset/image_video_dataset.py)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fptui.core.text import plain
from fptui.errors import Refused

_IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
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
        files = sorted(_names(project / directory))
        return [Path(name).stem for name in files if Path(name).suffix.lower() in _IMAGES]
    if isinstance(metadata, str):
        return _metadata_stems(project / metadata)
    return None


def _metadata_stems(path: Path) -> list[str]:
    stems: list[str] = []
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                stems.append(Path(json.loads(line)["image_path"]).stem)
    except (ValueError, KeyError, TypeError):
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
