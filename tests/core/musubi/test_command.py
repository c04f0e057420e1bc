"""The exact command lines of the trainer's three programs."""

from pathlib import Path
from typing import Any

import pytest

from fptui.core.musubi.command import (
    REHEARSAL_LAUNCHER,
    REHEARSAL_PACKAGE,
    Trainer,
    cache_latents,
    cache_text,
    train,
)
from fptui.core.version import Version
from fptui.errors import Refused

MUSUBI = Trainer("/env/bin/python")
DATASET, CONFIG = Path("/p/configs/v1/dataset.toml"), Path("/p/runs/x/config/config.toml")
MODELS = {"vae": "m/vae", "image_encoder": "m/image", "text_encoder1": "m/one", "text_encoder2": "m/two"}
LATENTS = ["/env/bin/python", "-m", "musubi_tuner.fpack_cache_latents", "--dataset_config", str(DATASET)]
TEXT = ["/env/bin/python", "-m", "musubi_tuner.fpack_cache_text_encoder_outputs", "--dataset_config", str(DATASET)]
TRAIN = ["-m", "musubi_tuner.fpack_train_network"]


def version(**config: Any) -> Version:
    return Version("v1", Path("configs/v1"), Path("c"), Path("d"), None, config, {})


def launch(processes: int, precision: str = "bf16") -> list[str]:
    return [
        "-m", "accelerate.commands.launch", "--num_processes", str(processes), "--num_machines", "1",
        "--dynamo_backend=no", "--mixed_precision", precision,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("config", "skip", "more"),
    [
        ({}, False, []),
        ({}, True, ["--skip_existing"]),
        ({"vae_chunk_size": 32, "one_frame": True}, True, ["--vae_chunk_size", "32", "--one_frame", "--skip_existing"]),
        ({"vae_tiling": True, "vae_spatial_tile_sample_min_size": 128}, False,
         ["--vae_spatial_tile_sample_min_size", "128", "--vae_tiling"]),
        ({"vae_tiling": False, "one_frame": False, "skip_existing": True, "seed": 1, "fp8_llm": True}, False, []),
    ],
)  # fmt: skip
def test_caching_latents(config: dict[str, Any], skip: bool, more: list[str]) -> None:
    argv = cache_latents(MUSUBI, version(**MODELS, **config), DATASET, skip_existing=skip)
    assert argv == [*LATENTS, "--vae", "m/vae", "--image_encoder", "m/image", *more]


@pytest.mark.parametrize(
    ("config", "skip", "more"),
    [
        ({}, False, []),
        ({"fp8_llm": False, "batch_size": 3, "one_frame": True}, True, ["--skip_existing"]),
        ({"fp8_llm": True}, True, ["--fp8_llm", "--skip_existing"]),
    ],
)
def test_caching_text(config: dict[str, Any], skip: bool, more: list[str]) -> None:
    argv = cache_text(MUSUBI, version(**MODELS, **config), DATASET, skip_existing=skip)
    assert argv == [*TEXT, "--text_encoder1", "m/one", "--text_encoder2", "m/two", "--batch_size", "16", *more]


@pytest.mark.parametrize("key", MODELS)
@pytest.mark.parametrize("value", [None, ""])
def test_caching_needs_its_models(key: str, value: object) -> None:
    build = cache_latents if key in ("vae", "image_encoder") else cache_text
    with pytest.raises(Refused, match=rf"^configs/v1/config\.toml: {key} is not set, and caching needs it\.$"):
        build(MUSUBI, version(**{**MODELS, key: value}), DATASET, skip_existing=False)


def test_each_program_needs_only_its_own_models() -> None:
    one = {key: MODELS[key] for key in ("vae", "image_encoder")}
    other = {key: MODELS[key] for key in ("text_encoder1", "text_encoder2")}
    assert cache_latents(MUSUBI, version(**one), DATASET, skip_existing=False)
    assert cache_text(MUSUBI, version(**other), DATASET, skip_existing=False)


@pytest.mark.parametrize(
    ("config", "processes", "options"),
    [
        ({}, 1, launch(1)),
        ({}, 4, launch(4)),
        ({"mixed_precision": "fp16"}, 1, launch(1, "fp16")),
        ({"mixed_precision": ""}, 1, launch(1)),
        ({"mixed_precision": "no"}, 2, launch(2, "no")),
    ],
)
def test_training_under_accelerate(config: dict[str, Any], processes: int, options: list[str]) -> None:
    argv = train(MUSUBI, version(**config), CONFIG, {}, processes=processes)
    assert argv == ["/env/bin/python", *options, *TRAIN, "--config_file", str(CONFIG)]


def test_training_without_a_launcher() -> None:
    argv = train(Trainer("python", launcher=()), version(mixed_precision="bf16"), CONFIG, {}, processes=1)
    assert argv == ["python", *TRAIN, "--config_file", str(CONFIG)]


def test_overrides_come_last_and_in_order() -> None:
    overrides: dict[str, str | int] = {"output_name": "v1-from00000060", "max_train_steps": 140, "resume": "/o/a state"}
    config = version(image_encoder="m/image", max_train_steps=200)
    assert train(Trainer("python", launcher=()), config, CONFIG, overrides, processes=1)[3:] == [
        "--image_encoder", "m/image", "--config_file", str(CONFIG),
        "--output_name", "v1-from00000060", "--max_train_steps", "140", "--resume", "/o/a state",
    ]  # fmt: skip


def test_the_rehearsal_is_called_alike() -> None:
    rehearsal = Trainer("python", REHEARSAL_PACKAGE, REHEARSAL_LAUNCHER)
    argv = train(rehearsal, version(), CONFIG, {}, processes=1)
    assert argv[:3] == ["python", "-m", "fptui.rehearsal.launch"]
    assert argv[10:] == ["-m", "fptui.rehearsal.fpack_train_network", "--config_file", str(CONFIG)]
    assert cache_latents(rehearsal, version(**MODELS), DATASET, skip_existing=False)[2] == (
        "fptui.rehearsal.fpack_cache_latents"
    )
