"""The rehearsal's stand-in for the VAE: a fixed linear map between 8x8 pixels and 16 channels, and back.

Ten low frequencies of the brightness and three of each colour difference, as in a JPEG file: enough for a picture that
a person recognises, exact for flat patches.
"""

import numpy as np

from fptui.rehearsal.arrays import FLOAT, Array

PATCH = 8
CHANNELS = 16
_BRIGHTNESS = ((0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1), (0, 3), (3, 0))
_COLOUR = ((0, 0), (0, 1), (1, 0))
# Rows: brightness, blue difference, red difference; columns: red, green, blue.
_FROM_RGB = np.array([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]], FLOAT)
# Brings every channel to about unit spread on drawings.
_SCALES = np.array([2.0, *[4.0] * 9, 4.0, 8.0, 8.0, 4.0, 8.0, 8.0], FLOAT)


def _basis() -> Array:
    """(16, 3 * 64): what each channel measures of the 64 RGB pixels of a patch."""
    position = np.arange(PATCH)
    waves = np.cos(np.pi * np.outer(position, position + 0.5) / PATCH)
    waves[1:] *= np.sqrt(2)
    rows = [(0, wave) for wave in _BRIGHTNESS] + [(1, wave) for wave in _COLOUR] + [(2, wave) for wave in _COLOUR]
    planes = [np.outer(waves[down], waves[right]) / PATCH**2 for _, (down, right) in rows]
    mixed = [np.multiply.outer(_FROM_RGB[kind], plane) for (kind, _), plane in zip(rows, planes, strict=True)]
    return (np.stack(mixed).reshape(CHANNELS, -1) * _SCALES[:, None]).astype(FLOAT)


_ENCODE = _basis()
_DECODE = np.linalg.pinv(_ENCODE).astype(FLOAT)


def encode(picture: Array) -> Array:
    """(height, width, 3) of 0 to 255 -> (16, height / 8, width / 8). Sides must be multiples of 8."""
    height, width = picture.shape[0] // PATCH, picture.shape[1] // PATCH
    pixels = picture[: height * PATCH, : width * PATCH].astype(FLOAT) / 127.5 - 1
    patches = pixels.reshape(height, PATCH, width, PATCH, 3).transpose(0, 2, 4, 1, 3).reshape(height * width, -1)
    return np.ascontiguousarray((patches @ _ENCODE.T).T.reshape(CHANNELS, height, width))


def decode(latent: Array) -> Array:
    """The inverse of `encode`, as whole numbers of 0 to 255."""
    _, height, width = latent.shape
    patches = (latent.reshape(CHANNELS, -1).T @ _DECODE.T).reshape(height, width, 3, PATCH, PATCH)
    pixels = patches.transpose(0, 3, 1, 4, 2).reshape(height * PATCH, width * PATCH, 3)
    picture: Array = np.clip((pixels + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)
    return picture
