"""A bench for the rehearsal's programs: a data set as in the golden runs, and a way to run a program over it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from fptui.rehearsal import tensors

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
MODELS = ("FramePackI2V_HY_bf16", "vae", "te1", "te2", "ie")


@dataclass(frozen=True)
class Result:
    """What a program left behind."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def last_line(self) -> str:
        """Of the traceback: bars are not lines of it."""
        lines = [line.split("\r")[-1] for line in self.stderr.decode().splitlines()]
        return [line for line in lines if line.strip() and "it/s" not in line and "s/it" not in line][-1]


class Bench:
    """`root/data` holds the data set, `root/w` the models; programs run in `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "data"

    def make(self) -> None:
        """Seven items, five upright and two wide, with control pictures that have an alpha channel."""
        numbers = np.random.default_rng(1)
        lines = []
        for folder in ("img", "ctl"):
            (self.data / folder).mkdir(parents=True)
        for item in range(7):
            size = (64, 96) if item < 5 else (96, 64)
            target, control = self.data / f"img/t{item}.png", self.data / f"ctl/c{item}.png"
            blocks = numbers.integers(0, 255, (size[1] // 8, size[0] // 8, 4), np.uint8)
            Image.fromarray(blocks[..., :3]).resize(size, Image.Resampling.NEAREST).save(target)
            blocks[..., 3] = 255
            Image.fromarray(blocks[..., [1, 2, 0, 3]]).resize(size, Image.Resampling.NEAREST).save(control)
            lines.append({"image_path": str(target), "control_path": str(control), "caption": f"caption {item}"})
        (self.data / "m.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        (self.root / "w").mkdir()
        for name in MODELS:
            (self.root / "w" / f"{name}.safetensors").write_bytes(tensors.packed({"x": np.zeros(1, np.float32)}, {}))
        self.write_golden("dataset.toml", "ds.toml")
        self.write_golden("sample_prompts.txt", "sp.txt")
        self.write_golden("train_config.toml", "cfg.toml")

    def write_golden(self, golden: str, name: str, *, without: tuple[str, ...] = (), extra: str = "") -> None:
        """A file of the golden runs with this bench's paths, less some lines."""
        text = (GOLDEN / golden).read_text()
        for theirs, mine in (
            ("/workspace/project/workspace/data", "data"),
            ("/workspace/project/work", "work"),
            ("/w/", "w/"),
        ):
            text = text.replace(theirs, f"{self.root}/{mine}")
        kept = [line for line in text.splitlines() if not line.startswith(without)] if without else text.splitlines()
        (self.data / name).write_text("\n".join(kept) + "\n" + extra)

    def start(
        self, module: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """A program of the rehearsal, on pipes, in a session of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", f"fptui.rehearsal.{module}", *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, module: str, *arguments: str, **environment: str) -> Result:
        """A program to its end."""
        process = self.start(module, *arguments, environment=environment)
        stdout, stderr = process.communicate(timeout=60)
        return Result(process.returncode, stdout, stderr)

    def cache(self) -> tuple[Result, Result]:
        """Both caches."""
        latents = self.run(
            "fpack_cache_latents", "--dataset_config", "data/ds.toml", "--vae", f"{self.root}/w/vae.safetensors",
            "--image_encoder", f"{self.root}/w/ie.safetensors", "--one_frame", "--one_frame_no_2x", "--one_frame_no_4x",
            "--vae_chunk_size", "32", "--vae_spatial_tile_sample_min_size", "128",
        )  # fmt: skip
        text = self.run(
            "fpack_cache_text_encoder_outputs", "--dataset_config", "data/ds.toml", "--text_encoder1",
            f"{self.root}/w/te1.safetensors", "--text_encoder2", f"{self.root}/w/te2.safetensors",
        )  # fmt: skip
        return latents, text

    def train(self, config: str, *arguments: str, **environment: str) -> Result:
        """The trainer without a launcher."""
        return self.run("fpack_train_network", "--config_file", config, *arguments, **environment)
