"""Stand-ins for the text and image encoders: fixed projections, so that equal input gives equal features."""

import hashlib
from pathlib import Path

import numpy as np

from fptui.rehearsal.arrays import FLOAT, Array
from fptui.rehearsal.console import FRAMEPACK, MAIN, say

TEXT_LENGTH = 512
_TEXT_WIDTH = 64
_POOLED = 768
_IMAGE_TOKENS, _IMAGE_WIDTH = 16, 1152


def announce_text_encoders(first: object, second: object, *, fp8: bool = False) -> None:
    """The records of loading both text encoders. Raises FileNotFoundError."""
    for number, path in ((1, first), (2, second)):
        say(FRAMEPACK, f"Loading text encoder {number} tokenizer")
        say(FRAMEPACK, f"Loading text encoder {number} from {path}")
        if path is None or not Path(str(path)).exists():
            raise FileNotFoundError(2, "No such file or directory", str(path))
        if number == 1 and fp8:
            say(FRAMEPACK, "Moving and casting text encoder to cpu and torch.float8_e4m3fn")


def announce_image_encoder(path: object) -> None:
    """The records of loading the image encoder. Raises FileNotFoundError, TypeError when there is no path."""
    say(FRAMEPACK, "Loading image encoder feature extractor")
    say(FRAMEPACK, f"Loading image encoder from {path}")
    if path is None:
        raise TypeError("stat: path should be string, bytes, os.PathLike or integer, not NoneType")
    if not Path(str(path)).exists():
        raise FileNotFoundError(f'No such file or directory: "{path}"')


def announce_vae(path: object, chunk_size: object, tile_size: object) -> None:
    """The records of loading the VAE. Raises AssertionError when it is missing."""
    say(MAIN, f"Loading VAE model from {path}")
    if path is None:
        raise TypeError("stat: path should be string, bytes, os.PathLike or integer, not NoneType")
    if not Path(str(path)).exists():
        raise AssertionError(f"VAE path does not exist: {path}")
    if chunk_size is not None:
        say(FRAMEPACK, f"Set chunk_size to {chunk_size} for CausalConv3d")
    if tile_size is not None:
        say(FRAMEPACK, f"Enabled spatial tiling with min size {tile_size}")


def _numbers(text: str, count: int) -> Array:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(count).astype(FLOAT)


def text_features(caption: str) -> dict[str, Array]:
    """The three tensors of a text cache: a vector for each word, which of them count, and their mean."""
    words = caption.split()[:256]
    vectors = np.zeros((TEXT_LENGTH, _TEXT_WIDTH), np.float16)
    for place, word in enumerate(words):
        vectors[place] = _numbers(word, _TEXT_WIDTH)
    pooled = np.mean([_numbers(f"pooled {word}", _POOLED) for word in words] or [np.zeros(_POOLED, FLOAT)], axis=0)
    return {
        "llama_vec_float16": vectors,
        "llama_attention_mask": np.arange(TEXT_LENGTH) < len(words),
        "clip_l_pooler_float16": pooled.astype(np.float16),
    }


def image_features(latent: Array) -> Array:
    """(16, 1152) of float16: the latents on a coarse grid, spread over the width by a fixed projection."""
    channels, height, width = latent.shape
    rows, columns = np.arange(4) * height // 4, np.arange(4) * width // 4
    cells = latent[:, rows][:, :, columns].reshape(channels, _IMAGE_TOKENS).T
    spread = np.random.default_rng(7).standard_normal((channels, _IMAGE_WIDTH)) / 4
    features: Array = (cells @ spread).astype(np.float16)
    return features
