"""Encodes target and control pictures into latent caches: the rehearsal's `fpack_cache_latents`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fptui.rehearsal.console import MAIN, begin, say, warn
from fptui.rehearsal.options import cache_latents_parser

if TYPE_CHECKING:
    from fptui.rehearsal.arrays import Array
    from fptui.rehearsal.buckets import Selector
    from fptui.rehearsal.dataset import Dataset
    from fptui.rehearsal.sources import Item


def _batches(dataset: Dataset, selector: Selector) -> Iterator[list[tuple[Item, tuple[int, int]]]]:
    """Items of one bucket together, handed out as soon as a batch is full; what is left over comes last."""
    from PIL import Image

    waiting: dict[tuple[int, int], list[tuple[Item, tuple[int, int]]]] = {}
    for item in dataset.items:
        with Image.open(item.path) as image:
            size = image.size
        bucket = waiting.setdefault(selector.size(*size), [])
        bucket.append((item, size))
        if len(bucket) >= dataset.batch_size:
            yield bucket[:]
            bucket.clear()
    yield from (bucket for bucket in waiting.values() if bucket)


def _latent(path: str, size: tuple[int, int]) -> Array:
    """The latents of a picture; of a control's alpha channel the mask on them. float16, as the real VAE gives them."""
    import numpy as np
    from PIL import Image

    from fptui.rehearsal.autoencoder import PATCH, encode
    from fptui.rehearsal.buckets import fitted

    with Image.open(path) as image:
        pixels = fitted(image, size)
    latent = encode(pixels[..., :3])
    if pixels.shape[2] == 4:
        mask = Image.fromarray(pixels[..., 3]).resize((size[0] // PATCH, size[1] // PATCH), Image.Resampling.LANCZOS)
        latent = latent * (np.asarray(mask) / np.float32(255))
    return latent.astype(np.float16)


def _clean_indices(dataset: Dataset, item: Item) -> list[int]:
    indices = list(dataset.fp_1f_clean_indices or [])
    if not indices:
        warn(
            MAIN,
            f"Item {item.path} has no clean_latent_indices defined, using default indices for one frame training.",
        )
        indices = [0]
    return indices if dataset.fp_1f_no_post else [*indices, 1 + dataset.fp_latent_window_size]


def _save(
    dataset: Dataset, item: Item, size: tuple[int, int], bucket: tuple[int, int], args: argparse.Namespace
) -> None:
    import numpy as np

    from fptui.rehearsal import cache, encoders, tensors

    if not dataset.has_control:
        raise TypeError("unsupported operand type(s) for +: 'NoneType' and 'list'")
    path = cache.latents_path(dataset, item, size)
    with_alpha = _latent(item.path, bucket)
    controls = [_latent(control, bucket) for control in item.controls]
    image = encoders.image_features(controls[0].astype(np.float32)) if controls else np.zeros((16, 1152), np.float16)
    indices = _clean_indices(dataset, item)
    if dataset.fp_1f_target_index is None:
        raise TypeError("must be real number, not NoneType")
    if not dataset.fp_1f_no_post:
        controls.append(np.zeros_like(with_alpha))
    clean = np.stack(controls, 1)
    target = with_alpha[:, None]
    _, _, height, width = target.shape
    window = dataset.fp_latent_window_size
    twice = None if args.one_frame_no_2x else np.arange(window + 2, window + 4)
    four_times = None if args.one_frame_no_4x else np.arange(window + 4, window + 20)

    def listed(values: Array | None) -> str:
        return "None" if values is None else f"tensor({values.tolist()})"

    print(f"Saving cache for item {item.path} at {path}. no_post: {dataset.fp_1f_no_post}")
    print(f"  Clean latent indices: tensor({indices}), latent index: tensor([{dataset.fp_1f_target_index}])")
    print(f"  Clean latents: torch.Size({list(clean.shape)}), target latents: torch.Size({list(target.shape)})")
    print(f"  Clean latents 2x indices: {listed(twice)}, clean latents 4x indices: {listed(four_times)}")
    print("  Clean latents 2x: None, Clean latents 4x: None")
    print(f"  Image embeddings: torch.Size({list(image.shape)})")
    content = {
        f"latents_1x{height}x{width}_float16": target,
        f"latents_clean_1x{height}x{width}_float16": clean,
        "latent_indices_int64": np.array([dataset.fp_1f_target_index], np.int64),
        "clean_latent_indices_int64": np.array(indices, np.int64),
        "image_embeddings_float16": image,
    }
    for key, values in (("clean_latent_2x_indices_int64", twice), ("clean_latent_4x_indices_int64", four_times)):
        if values is not None:
            content[key] = values.astype(np.int64)
    width_and_height = {"width": str(size[0]), "height": str(size[1])}
    metadata = {"architecture": "framepack", **width_and_height, "format_version": cache.FORMAT}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tensors.packed(cache.without_nan(content, item), metadata))


def _encode(dataset: Dataset, args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from fptui.rehearsal import cache
    from fptui.rehearsal.buckets import Selector

    selector = Selector(dataset)
    mine: set[Path] = set()
    for batch in tqdm(_batches(dataset, selector)):
        paths = {cache.latents_path(dataset, item, size) for item, size in batch}
        mine |= paths
        todo = [(item, size) for item, size in batch if not (args.skip_existing and _there(dataset, item, size))]
        if not args.one_frame and todo:
            raise TypeError("unsupported operand type(s) for -: 'NoneType' and 'int'")
        for item, size in todo:
            bucket = selector.size(*size)
            if min(bucket) < 16:
                raise ValueError(f"Image or video size too small: {item.path} and {len(batch) - 1} more, size: {size}")
            _save(dataset, item, size, bucket, args)
    cache.remove_foreign(dataset, "*_fp.safetensors", mine, keep=args.keep_cache)


def _there(dataset: Dataset, item: Item, size: tuple[int, int]) -> bool:
    from fptui.rehearsal import cache

    return cache.latents_path(dataset, item, size).exists()


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the program. Errors are the real one's exceptions, unhandled."""
    begin()
    args = cache_latents_parser().parse_args(arguments)
    if args.vae_dtype is not None:
        raise ValueError("VAE dtype is not supported in FramePack")
    from fptui.rehearsal import encoders
    from fptui.rehearsal.dataset import load_datasets

    say(MAIN, f"Load dataset config from {args.dataset_config}")
    datasets = load_datasets(args.dataset_config, args)
    assert args.vae is not None, "vae checkpoint is required"
    encoders.announce_vae(args.vae, args.vae_chunk_size, args.vae_spatial_tile_sample_min_size)
    say(MAIN, f"Loading image encoder from {args.image_encoder}")
    encoders.announce_image_encoder(args.image_encoder)
    say(MAIN, f"Cache generation mode: {'Vanilla Sampling' if args.f1 else 'Inference Emulation'}")
    for number, dataset in enumerate(datasets):
        say(MAIN, f"Encoding dataset [{number}]")
        _encode(dataset, args)


if __name__ == "__main__":
    main()
