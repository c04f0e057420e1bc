"""Sample pictures: from noise to latents along the network's velocity, with the control pictures as condition."""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fptui.rehearsal import autoencoder, encoders, switches
from fptui.rehearsal.arrays import FLOAT, Array
from fptui.rehearsal.buckets import fitted
from fptui.rehearsal.console import GENERATE, MAIN, TRAINER, complain, say, warn
from fptui.rehearsal.network import Network, global_features, places, token_features
from fptui.rehearsal.prompts import load_prompts

GUIDANCE, FLOW_SHIFT = 10.0, 14.5
"""Defaults that are printed; the second is printed only."""
_SHIFT = 3.0
_TEXT_SIZE = 8


def text_condition(pooled: Array) -> Array:
    """The few numbers of a caption that the network sees, from its pooled features of (…, 768)."""
    result: Array = pooled[..., :_TEXT_SIZE].astype(FLOAT) / 4
    return result


def should_sample(options: argparse.Namespace, steps: int, epoch: int | None) -> bool:
    """At the first step by its own option; else by steps or by epochs, whichever says so."""
    if steps == 0:
        return bool(options.sample_at_first)
    by_steps: bool = options.sample_every_n_steps is not None and steps % options.sample_every_n_steps == 0
    if options.sample_every_n_epochs is None or epoch is None:
        return by_steps
    return by_steps or bool(epoch % options.sample_every_n_epochs == 0)


class Sampler:
    """The prompts of a run, encoded once."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._prompts: list[dict[str, Any]] | None = None
        self._text: dict[str, Array] = {}
        if options.sample_prompts:
            self._prepare(options)

    def _prepare(self, options: argparse.Namespace) -> None:
        say(MAIN, f"cache Text Encoder outputs for sample prompt: {options.sample_prompts}")
        prompts = load_prompts(options.sample_prompts)
        encoders.announce_text_encoders(options.text_encoder1, options.text_encoder2, fp8=options.fp8_llm)
        for prompt in prompts:
            for text in (prompt.get("prompt", ""), prompt.get("negative_prompt", "")):
                if text not in self._text:
                    say(MAIN, f"cache Text Encoder outputs for prompt: {text}")
                    self._text[text] = encoders.text_features(text)["clip_l_pooler_float16"]
        encoders.announce_image_encoder(options.image_encoder)
        seen = set()
        for prompt in prompts:
            path = prompt.get("image_path")
            assert path is not None, "image_path should be set for I2V training"
            if path not in seen:
                seen.add(path)
                say(MAIN, f"Encoding image to image encoder context: {path}")
                with Image.open(path) as image:
                    image.load()
        encoders.announce_vae(options.vae, options.vae_chunk_size, options.vae_spatial_tile_sample_min_size)
        self._prompts = prompts

    def sample(self, network: Network, epoch: int | None, steps: int) -> None:
        """One picture for each prompt into `output_dir/sample`, when this is the moment for it."""
        options = self._options
        if not should_sample(options, steps, epoch):
            return
        say(TRAINER, "")
        say(TRAINER, f"generating sample images at step / サンプル画像生成 ステップ: {steps}")
        if self._prompts is None:
            complain(TRAINER, f"No prompt file / プロンプトファイルがありません: {options.sample_prompts}")
            return
        folder = Path(options.output_dir, "sample")
        folder.mkdir(parents=True, exist_ok=True)
        for prompt in self._prompts:
            picture = self._picture(network, prompt)
            if picture is None:
                complain(TRAINER, "No video generated / 生成された動画がありません")
                continue
            name = "" if options.output_name is None else f"{options.output_name}_"
            number = f"{steps:06d}" if epoch is None else f"e{epoch:06d}"
            seed = f"_{prompt['seed']}" if "seed" in prompt else ""
            stamp = time.strftime("%Y%m%d%H%M%S", time.localtime())
            Image.fromarray(picture).save(folder / f"{name}{number}_{prompt.get('enum', 0):02d}_{stamp}{seed}_000.png")

    def _announce(self, prompt: dict[str, Any], width: int, height: int, frames: int, steps: int) -> None:
        lines = {
            "prompt": prompt.get("prompt", ""),
            "height": height,
            "width": width,
            "frame count": frames,
            "sample steps": steps,
            "guidance scale": prompt.get("guidance_scale", GUIDANCE),
            "discrete flow shift": prompt.get("discrete_flow_shift", FLOW_SHIFT),
        }
        if "seed" in prompt:
            lines["seed"] = prompt["seed"]
        if "negative_prompt" in prompt:
            lines["negative prompt"], lines["cfg scale"] = prompt["negative_prompt"], prompt.get("cfg_scale")
        lines["image path"] = prompt["image_path"]
        for name, value in lines.items():
            say(TRAINER, f"{name}: {value}")

    def _picture(self, network: Network, prompt: dict[str, Any]) -> Array | None:
        width, height = (prompt.get(side, 256) // 8 * 8 for side in ("width", "height"))
        frames = (prompt.get("frame_count", 1) - 1) // 4 * 4 + 1
        steps: int = prompt.get("sample_steps", 20)
        self._announce(prompt, width, height, frames, steps)
        if not self._options.one_frame:
            # Of pictures there are never enough frames for a video.
            least = self._options.latent_window_size * 4 + 1
            warn(MAIN, f"Not enough frames for FramePack: {(frames - 1) // 4 + 1}, minimum: {least}")
            return None
        settings = {part.strip() for part in prompt["one_frame"].split(",")}
        if frames != 1:
            say(MAIN, f"Frame count mismatch: 1 != {frames}, trimming to 1")
        controls = _controls(prompt, settings, width, height, self._options.latent_window_size)
        seed = prompt.get("seed")
        latent = _integrate(network, controls, text_condition(self._text[prompt.get("prompt", "")]), steps, seed)
        say(MAIN, "Waiting for 5 seconds to finish block swap")
        time.sleep(switches.seconds("SAMPLE_PAUSE"))
        say(GENERATE, "Decoding video...")
        say(GENERATE, "Bulk decoding or one frame inference")
        picture = autoencoder.decode(latent)
        say(GENERATE, f"Decoded. Pixel shape torch.Size([1, 3, 1, {height}, {width}])")
        return picture


def _latent(path: str, width: int, height: int) -> tuple[Array, Array | None]:
    with Image.open(path) as image:
        alpha = image.split()[-1] if image.mode == "RGBA" else None
        pixels = fitted(image.convert("RGB"), (width, height))
    if alpha is None:
        return autoencoder.encode(pixels), None
    mask = np.asarray(alpha.resize((width // 8, height // 8), Image.Resampling.LANCZOS)) / FLOAT(255)
    return autoencoder.encode(pixels), mask


def _controls(prompt: dict[str, Any], settings: set[str], width: int, height: int, window: int) -> Array:
    """(controls, 16, height / 8, width / 8) with all that is said on the way there."""
    say(MAIN, "Encoding image to latent space")
    _latent(prompt["image_path"], width, height)
    latents: list[Array] = []
    masks: list[Array | None] = []
    for path in prompt.get("control_image_path", []):
        latent, mask = _latent(path, width, height)
        latents.append(latent)
        masks.append(mask)
    rows, columns = height // 8, width // 8
    if (rows % 2) or (columns % 2):
        even = rows // 2 * (columns // 2)
        raise RuntimeError(f"shape '[1, {even}, -1]' is invalid: sides must be multiples of 16, not {width}x{height}")
    if not latents:
        say(MAIN, "No control images provided for one frame inference. Use zero latents for control images.")
        latents = [np.zeros((autoencoder.CHANNELS, rows, columns), FLOAT)]
    indices = [0] * len(latents)
    if "no_post" not in settings:
        latents.append(np.zeros_like(latents[0]))
        indices.append(1 + window)
        say(MAIN, "Add zero latents as clean latents post for one frame inference.")
    for number, mask in enumerate(masks):
        if mask is not None:
            shape = f"torch.Size([1, 1, 1, {rows}, {columns}])"
            say(MAIN, f"Apply mask for clean latents 1x for {number + 1}: shape: {shape}")
            latents[number] = latents[number] * mask
    target = window
    for setting in settings:
        name, _, value = setting.partition("=")
        if name == "target_index":
            target = int(value)
            say(MAIN, f"Set index for target: {target}")
        elif name == "control_index":
            given = value.split(";")
            for place, text in zip(range(len(indices)), given, strict=False):
                indices[place] = int(text)
            say(MAIN, f"Set index for clean latent 1x: {given}")
    for absent in ("2x", "4x"):
        if f"no_{absent}" in settings:
            say(MAIN, f"No clean_latents_{absent}")
    # torch pads the numbers of a tensor to one width.
    padded = ", ".join(f"{index:{max(len(str(i)) for i in indices)}d}" for index in indices)
    say(
        MAIN,
        f"One frame inference. clean_latent: torch.Size([1, 16, {len(latents)}, {rows}, {columns}]) latent_indices: "
        f"tensor([[{target}]]), clean_latent_indices: tensor([[{padded}]]), num_frames: 1",
    )
    return np.stack(latents)


def _integrate(network: Network, controls: Array, text: Array, steps: int, seed: int | None) -> Array:
    """Straight steps from noise at t = 1 to the picture at t = 0."""
    from tqdm import tqdm

    _, channels, rows, columns = controls.shape
    condition = places(controls[None].astype(FLOAT))
    flat = condition.reshape(1, condition.shape[1], channels, -1)
    noisy = np.random.default_rng(seed).standard_normal((1, channels, rows * columns)).astype(FLOAT)
    times = np.linspace(1, 0, steps + 1)
    times = _SHIFT * times / (1 + (_SHIFT - 1) * times)
    for step in tqdm(range(steps)):
        t = np.full(1, times[step], FLOAT)
        whole = global_features(condition, text[None], t)
        velocity = network.velocity(noisy, token_features(noisy, flat), whole, t)
        noisy = noisy + FLOAT(times[step + 1] - times[step]) * velocity
    latent: Array = noisy[0].reshape(channels, rows, columns)
    return latent
