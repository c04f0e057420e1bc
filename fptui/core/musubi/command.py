"""The exact command lines of musubi-tuner 0.3.4's programs, built from config.toml alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fptui.core.version import Version
from fptui.errors import Refused

TRAIN = "fpack_train_network"
CACHE_LATENTS = "fpack_cache_latents"
CACHE_TEXT = "fpack_cache_text_encoder_outputs"

_TEXT_BATCH_SIZE = 16
"""As the article caches; the texts are short."""


@dataclass(frozen=True)
class Trainer:
    """How the programs are called: which interpreter, which package, which launcher above the training."""

    python: str
    package: str = "musubi_tuner"
    launcher: tuple[str, ...] = ("-m", "accelerate.commands.launch")
    """Empty: the training program runs without one."""

    def program(self, name: str) -> list[str]:
        return [self.python, "-m", f"{self.package}.{name}"]


MUSUBI_LAUNCHER = ("-m", "accelerate.commands.launch")
REHEARSAL_PACKAGE = "fptui.rehearsal"
REHEARSAL_LAUNCHER = ("-m", "fptui.rehearsal.launch")


def cache_latents(trainer: Trainer, version: Version, dataset: Path, *, skip_existing: bool) -> list[str]:
    """`vae` and `image_encoder` must be set."""
    argv = [*trainer.program(CACHE_LATENTS), "--dataset_config", str(dataset)]
    argv += [*_needed(version, "vae"), *_needed(version, "image_encoder")]
    argv += _given(version.config, ("vae_chunk_size", "vae_spatial_tile_sample_min_size"))
    argv += _flags(version.config, ("vae_tiling", "one_frame"))
    return [*argv, *(["--skip_existing"] if skip_existing else [])]


def cache_text(trainer: Trainer, version: Version, dataset: Path, *, skip_existing: bool) -> list[str]:
    """`text_encoder1` and `text_encoder2` must be set."""
    argv = [*trainer.program(CACHE_TEXT), "--dataset_config", str(dataset)]
    argv += [*_needed(version, "text_encoder1"), *_needed(version, "text_encoder2")]
    argv += ["--batch_size", str(_TEXT_BATCH_SIZE), *_flags(version.config, ("fp8_llm",))]
    return [*argv, *(["--skip_existing"] if skip_existing else [])]


def train(
    trainer: Trainer, version: Version, config: Path, overrides: Mapping[str, str | int], *, processes: int
) -> list[str]:
    """`config` is what the trainer reads; `overrides` win over it (argparse is run twice, the command line last)."""
    precision = version.text("mixed_precision") or "bf16"
    launch: Sequence[str] = ()
    if trainer.launcher:
        # --num_machines silences accelerate's notice; without --num_processes it would take every GPU it sees.
        launch = (
            *trainer.launcher,
            "--num_processes",
            str(processes),
            "--num_machines",
            "1",
            "--dynamo_backend=no",
            "--mixed_precision",
            precision,
        )
    argv = [trainer.python, *launch, "-m", f"{trainer.package}.{TRAIN}"]
    encoder = version.text("image_encoder")
    if encoder is not None:
        argv += ["--image_encoder", encoder]
    argv += ["--config_file", str(config)]
    for key, value in overrides.items():
        argv += [f"--{key}", str(value)]
    return argv


def _needed(version: Version, key: str) -> list[str]:
    value = version.text(key)
    if value is None:
        raise Refused(f"configs/{version.name}/config.toml: {key} is not set, and caching needs it.")
    return [f"--{key}", value]


def _given(config: Mapping[str, object], keys: Sequence[str]) -> list[str]:
    return [part for key in keys if config.get(key) is not None for part in (f"--{key}", str(config[key]))]


def _flags(config: Mapping[str, object], keys: Sequence[str]) -> list[str]:
    return [f"--{key}" for key in keys if config.get(key)]
