"""Encodes captions into text caches: the rehearsal's `fpack_cache_text_encoder_outputs`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fptui.rehearsal.console import CACHE, CACHE_TEXT, MAIN, begin, say, warn
from fptui.rehearsal.options import cache_text_parser

if TYPE_CHECKING:
    from fptui.rehearsal.dataset import Dataset
    from fptui.rehearsal.sources import Item


def _save(dataset: Dataset, item: Item) -> None:
    from fptui.rehearsal import cache, encoders, tensors

    path = cache.text_path(dataset, item)
    caption = item.caption()
    metadata = {"architecture": "framepack", "caption1": caption, "format_version": cache.FORMAT}
    if path.exists():
        existing = tensors.read_metadata(path).get("caption1")
        if existing != caption:
            warn(CACHE, f"caption mismatch: existing={existing}, new={caption}, overwrite")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tensors.packed(cache.without_nan(encoders.text_features(caption), item), metadata))


def _encode(dataset: Dataset, args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from fptui.rehearsal import cache

    mine: set[Path] = set()
    for batch in tqdm(cache.in_parts(dataset.items, dataset.batch_size)):
        for item in batch:
            path = cache.text_path(dataset, item)
            mine.add(path)
            if not (args.skip_existing and path.exists()):
                _save(dataset, item)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the program. Errors are the real one's exceptions, unhandled."""
    begin()
    args = cache_text_parser().parse_args(arguments)
    from fptui.rehearsal import cache, encoders
    from fptui.rehearsal.dataset import load_datasets

    say(MAIN, f"Load dataset config from {args.dataset_config}")
    datasets = load_datasets(args.dataset_config, args)
    encoders.announce_text_encoders(args.text_encoder1, args.text_encoder2, fp8=args.fp8_llm)
    say(MAIN, "Encoding with Text Encoders")
    for number, dataset in enumerate(datasets):
        say(CACHE_TEXT, f"Encoding dataset [{number}]")
        _encode(dataset, args)
    for dataset in datasets:
        mine = {cache.text_path(dataset, item) for item in dataset.items}
        cache.remove_foreign(dataset, "*_fp_te.safetensors", mine, keep=args.keep_cache)


if __name__ == "__main__":
    main()
