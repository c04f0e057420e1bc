"""dataset.toml: its schema, where each value comes from, and what is printed of it."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from fptui.rehearsal.console import CONFIG, complain, say
from fptui.rehearsal.sources import Item, folder_items, jsonl_items


class MultipleInvalid(Exception):
    """What the schema check of the real trainer raises; named as there, for tracebacks are read."""

    __module__ = "voluptuous.error"


@dataclass
class Dataset:
    """One `[[datasets]]` entry. The fields are the keys of the file."""

    resolution: tuple[int, int] = (960, 544)
    batch_size: int = 1
    num_repeats: int = 1
    caption_extension: str | None = None
    enable_bucket: bool = False
    bucket_no_upscale: bool = False
    cache_directory: str | None = None
    debug_dataset: bool = False
    image_directory: str | None = None
    image_jsonl_file: str | None = None
    control_directory: str | None = None
    multiple_target: bool = False
    fp_latent_window_size: int = 9
    fp_1f_clean_indices: list[int] | None = None
    fp_1f_target_index: int | None = None
    fp_1f_no_post: bool = False
    no_resize_control: bool = False
    control_resolution: tuple[int, int] | None = None
    items: list[Item] = field(default_factory=list)
    has_control: bool = False

    def load(self) -> None:
        """Reads the items."""
        self.bucket_no_upscale = self.bucket_no_upscale and self.enable_bucket
        # No list: one control; an empty list: none are asked for.
        controls = 1 if self.fp_1f_clean_indices is None else len(self.fp_1f_clean_indices)
        if self.image_directory is not None:
            self.items, self.has_control = folder_items(
                self.image_directory, self.caption_extension, self.control_directory, controls
            )
        else:
            self.items, self.has_control = jsonl_items(str(self.image_jsonl_file), controls)
        if self.cache_directory is None:
            self.cache_directory = self.image_directory

    def metadata(self) -> dict[str, object]:
        """Its entry in the metadata of a saved LoRA."""
        names = ("image_directory", "image_jsonl_file", "control_directory")
        sources = {name: Path(value).name for name in names if (value := getattr(self, name)) is not None}
        return {
            "resolution": self.resolution,
            "caption_extension": self.caption_extension,
            "batch_size_per_device": self.batch_size,
            "num_repeats": self.num_repeats,
            "enable_bucket": bool(self.enable_bucket),
            "bucket_no_upscale": bool(self.bucket_no_upscale),
            **sources,
            "has_control": self.has_control,
        }


_QUOTED = {"caption_extension", "cache_directory", "image_directory", "image_jsonl_file", "control_directory"}
_FIRST_OF_SOURCE = "image_directory"
_KEYS = tuple(f.name for f in fields(Dataset) if f.name not in ("items", "has_control"))
_GENERAL_KEYS = {
    "resolution", "caption_extension", "batch_size", "num_repeats", "enable_bucket", "bucket_no_upscale",
    "debug_dataset",
}  # fmt: skip
_TYPES: dict[str, type] = {
    **dict.fromkeys(_QUOTED, str),
    **dict.fromkeys(("batch_size", "num_repeats", "fp_latent_window_size", "fp_1f_target_index"), int),
    **dict.fromkeys(
        (
            "enable_bucket",
            "bucket_no_upscale",
            "multiple_target",
            "fp_1f_no_post",
            "no_resize_control",
            "debug_dataset",
        ),
        bool,
    ),
    "fp_1f_clean_indices": list,
}


def _pair(value: Any) -> Any:
    return (
        value
        if value is None or isinstance(value, tuple)
        else (value, value)
        if isinstance(value, int)
        else tuple(value)
    )


def _check_table(table: Mapping[str, Any], keys: set[str], where: str) -> None:
    for key, value in table.items():
        if key not in keys:
            raise MultipleInvalid(f"extra keys not allowed @ data{where}['{key}']")
        kind = _TYPES.get(key)
        if kind is not None and not isinstance(value, kind):
            word = "a list" if kind is list else kind.__name__
            raise MultipleInvalid(f"expected {word} for dictionary value @ data{where}['{key}']")


def _check(config: Mapping[str, Any]) -> None:
    try:
        for key in config:
            if key not in ("general", "datasets"):
                raise MultipleInvalid(f"extra keys not allowed @ data['{key}']")
        _check_table(config.get("general", {}), _GENERAL_KEYS, "['general']")
        for number, table in enumerate(config.get("datasets", [])):
            if any(key.startswith("video_") for key in table):
                raise ValueError("a rehearsal trains on pictures: video data sets are for the real trainer")
            _check_table(table, set(_KEYS), f"['datasets'][{number}]")
    except MultipleInvalid:
        complain(CONFIG, "Invalid user config / ユーザ設定の形式が正しくないようです")
        raise


def _read(path: str) -> dict[str, Any]:
    import toml

    if not Path(path).is_file():
        raise ValueError(f"file not found / ファイルが見つかりません: {path}")
    suffix = Path(path).suffix.lower()
    if suffix not in (".toml", ".json"):
        raise ValueError(f"not supported config file format / 対応していない設定ファイルの形式です: {path}")
    try:
        with Path(path).open(encoding="utf-8") as file:
            return toml.load(file) if suffix == ".toml" else dict(json.load(file))
    except Exception:
        complain(CONFIG, f"Error on parsing {suffix[1:].upper()} config file. Please check the format. : {path}")
        raise


def _described(number: int, dataset: Dataset) -> str:
    lines = [f"[Dataset {number}]", "  is_image_dataset: True"]
    indent = "  "
    for key in _KEYS:
        if key == _FIRST_OF_SOURCE:
            indent = "    "
        value = getattr(dataset, key)
        lines.append(f'{indent}{key}: "{value}"' if key in _QUOTED else f"{indent}{key}: {value}")
    return "\n".join(lines) + "\n\n"


def load_datasets(path: str, options: argparse.Namespace) -> list[Dataset]:
    """The data sets of a file.

    A value that is missing in the data set comes from `[general]`, then from *any* option of the program with that
    name, then from the default: as in the real trainer, surprising as it is.
    """
    config = _read(path)
    _check(config)
    fallbacks = (config.get("general", {}), vars(options))
    datasets = []
    for table in config.get("datasets", []):
        values = {key: next((v for t in (table, *fallbacks) if (v := t.get(key)) is not None), None) for key in _KEYS}
        given = {key: value for key, value in values.items() if value is not None}
        for key in ("resolution", "control_resolution"):
            if key in given:
                given[key] = _pair(given[key])
        if "image_directory" not in given and "image_jsonl_file" not in given:
            raise AttributeError("'VideoDataset' object has no attribute 'datasource'")
        dataset = Dataset(**given)
        dataset.load()
        datasets.append(dataset)
    folders = [dataset.cache_directory for dataset in datasets]
    if len(set(folders)) != len(folders):
        raise ValueError("cache directory should be unique for each dataset")
    if not datasets:
        raise AssertionError("datasets should not be an empty iterable")
    say(CONFIG, "".join(_described(number, dataset) for number, dataset in enumerate(datasets)))
    return datasets
