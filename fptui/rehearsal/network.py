"""The rehearsal's network: frozen random layers, and a LoRA on each that is what training changes.

Flow matching as FramePack does it: from `noisy = (1 - t) * picture + t * noise` and the control latents, predict the
velocity `noise - picture`. Inside, each patch of latents is a token; in every block what a token says is multiplied by
what the controls as a whole say, which is what lets "here is hair" meet "hair is blue".
"""

from collections.abc import Mapping

import numpy as np

from fptui.rehearsal.arrays import FLOAT, Array
from fptui.rehearsal.autoencoder import CHANNELS

WIDTH = 96
BLOCKS = 2
CONTROLS = 3
"""Control pictures with a place of their own; later ones are averaged into the last."""
GRID = 4
TEXT = 8
TOKEN_FEATURES = CHANNELS * (1 + CONTROLS)
GLOBAL_FEATURES = CONTROLS * GRID * GRID * CHANNELS + TEXT + 3
_FAINT = 0.03
"""The first control, the start picture, says what belongs where; later ones are references that count as a whole."""
_NEAREST = 0.15
"""Below this t the velocity is not divided by t any more: 1 / t would swamp the rest of the loss."""


def shapes() -> dict[str, tuple[int, int]]:
    """Every layer that has a LoRA: name as in the saved file -> (outputs, inputs)."""
    layers: dict[str, tuple[int, int]] = {}
    for block in range(BLOCKS):
        prefix = f"lora_unet_transformer_blocks_{block}_"
        layers[prefix + "attn_to_q"] = (WIDTH, WIDTH)
        layers[prefix + "attn_to_k"] = (WIDTH, GLOBAL_FEATURES)
        layers[prefix + "attn_to_out_0"] = (WIDTH, WIDTH)
    layers["lora_unet_single_transformer_blocks_0_proj_mlp"] = (WIDTH, TOKEN_FEATURES)
    layers["lora_unet_single_transformer_blocks_0_proj_out"] = (CHANNELS, WIDTH)
    return layers


def global_features(controls: Array, text: Array, t: Array) -> Array:
    """(batch, controls, 16, height, width), (batch, 8), (batch,) -> (batch, features): controls on a grid."""
    batch, count, _, height, width = controls.shape
    rows = np.array_split(np.arange(height), GRID)
    columns = np.array_split(np.arange(width), GRID)
    cells = [controls[:, :, :, row[0] : row[-1] + 1].mean(3) for row in rows if len(row)]
    grid = np.stack(
        [cell[..., column[0] : column[-1] + 1].mean(3) for cell in cells for column in columns if len(column)], 3
    )
    places = np.zeros((batch, CONTROLS, CHANNELS, GRID * GRID), FLOAT)
    places[:, :count, :, : grid.shape[3]] = grid
    ends = np.stack([np.ones_like(t), t, t * t], 1)
    return np.concatenate([places.reshape(batch, -1), text, ends], 1).astype(FLOAT)


def token_features(noisy: Array, controls: Array) -> Array:
    """(batch, 16, tokens), (batch, controls, 16, tokens) -> (batch, tokens, features)."""
    batch, count, _, tokens = controls.shape
    features = np.zeros((batch, tokens, 1 + CONTROLS, CHANNELS), FLOAT)
    features[:, :, 0] = noisy.transpose(0, 2, 1)
    features[:, :, 1 : 1 + count] = controls.transpose(0, 3, 1, 2)
    features[:, :, 2:] *= _FAINT
    return features.reshape(batch, tokens, TOKEN_FEATURES)


def places(controls: Array) -> Array:
    """(batch, any number, …) -> (batch, at most 3, …)."""
    if controls.shape[1] <= CONTROLS:
        return controls
    rest = controls[:, CONTROLS - 1 :].mean(1, keepdims=True)
    return np.concatenate([controls[:, : CONTROLS - 1], rest], 1)


class Network:
    """`down` and `up` are the LoRA; everything else is frozen and the same in every run."""

    def __init__(self, rank: int, alpha: float, random: np.random.Generator) -> None:
        self.rank, self.alpha, self.scale = rank, alpha, alpha / rank
        frozen = np.random.default_rng(20250711)
        self.frozen: dict[str, Array] = {}
        self.weights: dict[str, Array] = {}
        for name, (outputs, inputs) in shapes().items():
            self.frozen[name] = (frozen.standard_normal((outputs, inputs)) / np.sqrt(inputs)).astype(FLOAT)
            self.weights[f"{name}.lora_down.weight"] = (random.uniform(-1, 1, (rank, inputs)) / np.sqrt(inputs)).astype(
                FLOAT
            )
            self.weights[f"{name}.lora_up.weight"] = np.zeros((outputs, rank), FLOAT)

    def _layer(self, name: str, values: Array) -> Array:
        low = values @ self.weights[f"{name}.lora_down.weight"].T
        self._seen[name] = (values, low)
        result: Array = values @ self.frozen[name].T + (low @ self.weights[f"{name}.lora_up.weight"].T) * self.scale
        return result

    def _back(self, name: str, gradient: Array, gradients: dict[str, Array]) -> Array:
        values, low = self._seen[name]
        flat = gradient.reshape(-1, gradient.shape[-1])
        up, down = self.weights[f"{name}.lora_up.weight"], self.weights[f"{name}.lora_down.weight"]
        through = (flat @ up) * self.scale
        gradients[f"{name}.lora_up.weight"] = (flat.T @ low.reshape(-1, low.shape[-1])) * self.scale
        gradients[f"{name}.lora_down.weight"] = through.T @ values.reshape(-1, values.shape[-1])
        result: Array = (flat @ self.frozen[name] + through @ down).reshape(values.shape)
        return result

    def velocity(self, noisy: Array, tokens: Array, whole: Array, t: Array) -> Array:
        """noisy (batch, 16, tokens), the two kinds of features, t (batch,) -> the velocity, shaped as noisy."""
        self._seen: dict[str, tuple[Array, Array]] = {}
        self._gates: list[tuple[Array, Array]] = []
        hidden = self._layer("lora_unet_single_transformer_blocks_0_proj_mlp", tokens)
        for block in range(BLOCKS):
            prefix = f"lora_unet_transformer_blocks_{block}_"
            said = self._layer(prefix + "attn_to_q", hidden)
            gate = self._layer(prefix + "attn_to_k", whole)[:, None]
            self._gates.append((said, gate))
            hidden = hidden + self._layer(prefix + "attn_to_out_0", said * gate)
        picture = self._layer("lora_unet_single_transformer_blocks_0_proj_out", hidden)
        self._t = np.maximum(t, _NEAREST)[:, None, None].astype(FLOAT)
        result: Array = (noisy - picture.transpose(0, 2, 1)) / self._t
        return result

    def gradients(self, gradient: Array) -> dict[str, Array]:
        """What the loss says about every weight, from what it says about the velocity just computed."""
        gradients: dict[str, Array] = {}
        back = (-gradient / self._t).transpose(0, 2, 1)
        hidden = self._back("lora_unet_single_transformer_blocks_0_proj_out", back, gradients)
        for block in reversed(range(BLOCKS)):
            prefix = f"lora_unet_transformer_blocks_{block}_"
            said, gate = self._gates[block]
            product = self._back(prefix + "attn_to_out_0", hidden, gradients)
            self._back(prefix + "attn_to_k", (product * said).sum(1), gradients)
            hidden = hidden + self._back(prefix + "attn_to_q", product * gate, gradients)
        self._back("lora_unet_single_transformer_blocks_0_proj_mlp", hidden, gradients)
        return gradients

    def alphas(self) -> Mapping[str, Array]:
        """The `.alpha` tensors that stand beside the weights in a saved file."""
        return {f"{name}.alpha": np.array(self.alpha, FLOAT) for name in self.frozen}
