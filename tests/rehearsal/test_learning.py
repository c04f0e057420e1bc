"""The rehearsal learns: its gradients are the loss's, its loss falls, its samples come to look as they should."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fptui.rehearsal import autoencoder, drawing, network
from fptui.rehearsal.arrays import Array
from fptui.rehearsal.project import make_project
from tests.rehearsal.bench import Bench


def test_gradients_are_those_of_the_loss() -> None:
    numbers = np.random.default_rng(0)
    net = network.Network(2, 2.0, numbers)
    for name, values in net.weights.items():
        net.weights[name] = values.astype(np.float64) + 0.1 * numbers.standard_normal(values.shape)
    noisy = numbers.standard_normal((2, autoencoder.CHANNELS, 6))
    tokens = numbers.standard_normal((2, 6, network.TOKEN_FEATURES))
    whole = numbers.standard_normal((2, network.GLOBAL_FEATURES))
    t = np.array([0.4, 0.9])
    wanted = numbers.standard_normal(noisy.shape)

    def loss() -> float:
        return float(((net.velocity(noisy, tokens, whole, t) - wanted) ** 2).sum())

    gradients = net.gradients(2 * (net.velocity(noisy, tokens, whole, t) - wanted))
    assert gradients.keys() == net.weights.keys()
    for name, values in net.weights.items():
        place = np.unravel_index(np.abs(gradients[name]).argmax(), values.shape)
        before, small = values[place], 1e-4
        values[place] = before + small
        up = loss()
        values[place] = before - small
        down = loss()
        values[place] = before
        assert gradients[name][place] == pytest.approx((up - down) / (2 * small), rel=1e-2), name


def test_a_picture_survives_the_way_through_the_latents() -> None:
    pose = drawing.random_pose(np.random.default_rng(1))
    picture = drawing.as_array(drawing.target_picture(pose, drawing.character(0.1, 0.6), (64, 96)))
    again = autoencoder.decode(autoencoder.encode(picture))
    assert np.abs(again.astype(int) - picture).mean() < 8
    flat = np.full((16, 24, 3), (200, 30, 90), np.uint8)
    assert np.abs(autoencoder.decode(autoencoder.encode(flat)).astype(int) - flat).max() <= 2


def _distance(sample: Path, number: int, folder: Path) -> float:
    """Between a sample and the picture that it should be, which nobody showed to the trainer."""
    should: Array = np.asarray(Image.open(folder / f"data/validation/{number:02d}-target.png"))
    return float(np.abs(np.asarray(Image.open(sample)).astype(int) - should).mean())


def test_the_demo_project_trains_to_better_pictures(tmp_path: Path) -> None:
    folder = tmp_path / 'demo [x] it\'s "ours" 日本語'
    make_project(folder, steps=60)
    bench = Bench(folder)
    models, dataset = folder / "models", str(folder / "configs/v1/dataset.toml")
    cached = bench.run(
        "fpack_cache_latents", "--dataset_config", dataset, "--vae", f"{models}/vae.safetensors",
        "--image_encoder", f"{models}/image_encoder.safetensors", "--one_frame",
    )  # fmt: skip
    assert cached.code == 0, cached.stderr.decode()
    texts = bench.run(
        "fpack_cache_text_encoder_outputs", "--dataset_config", dataset, "--text_encoder1",
        f"{models}/text_encoder1.safetensors", "--text_encoder2", f"{models}/text_encoder2.safetensors",
    )  # fmt: skip
    assert texts.code == 0, texts.stderr.decode()
    result = bench.train(str(folder / "configs/v1/config.toml"))
    assert result.code == 0, result.stderr.decode()
    averages = [float(value) for value in re.findall(rb"avr_loss=([\d.]+)", result.stderr)]
    assert averages[-1] < averages[0] / 4
    samples = folder / "output/sample"
    for number in (0, 1):
        distances = [
            _distance(next(iter(sorted(samples.glob(f"demo-v1_{step}_{number:02d}_*.png")))), number, folder)
            for step in ("e000000", "000020", "000060")
        ]
        assert distances[0] > 2 * distances[1] > 2 * distances[2], distances
    states = sorted(path.name for path in (folder / "output").glob("*-state"))
    assert states == ["demo-v1-state", *(f"demo-v1-step000000{step}-state" for step in (20, 40, 60))]
