"""A project whose data set is in order and cached, to be spoilt by one thing at a time."""

import json
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from fptui.check.data_checks import DataReport, check_data
from fptui.check.problem import Problem
from fptui.check.subject import Subject, read_subject
from fptui.core.project import find_project

ITEMS = 20
GENERAL = """[general]
resolution = [64, 96]
caption_extension = ".txt"
batch_size = 2
enable_bucket = true
"""
ONE_FRAME = """fp_1f_clean_indices = [0, 10]
fp_1f_target_index = 5
fp_1f_no_post = true
"""
LINES = '[[datasets]]\nimage_jsonl_file = "{root}/m.jsonl"\ncache_directory = "{root}/cache"\n' + ONE_FRAME
FOLDER = (
    '[[datasets]]\nimage_directory = "{root}/images"\ncontrol_directory = "{root}/controls"\n'
    'cache_directory = "{root}/cache"\n' + ONE_FRAME
)
VIDEOS = '[[datasets]]\nvideo_directory = "{root}/videos"\ncache_directory = "{root}/cache"\ntarget_frames = [37]\n'


class DataProject:
    """`root` holds images/, controls/, cache/, m.jsonl and configs/v1."""

    def __init__(self, root: Path, *, cached: bool = True) -> None:
        self.root = root
        self.records: list[dict[str, Any]] = []
        for name in ("images", "controls", "cache", "models", "configs/v1"):
            (root / name).mkdir(parents=True)
        for number in range(ITEMS):
            self._item(f"{number:02d}", number)
        for name in ("vae", "image_encoder", "text_encoder1", "text_encoder2"):
            self.age(self.touch(f"models/{name}.safetensors"), -200)
        self.config()
        self.dataset()
        self.lines()
        if cached:
            for record in self.records:
                self.cache(Path(record["image_path"]).stem, record["caption"])

    def _item(self, name: str, number: int) -> None:
        picture(self.root / f"images/{name}.png", (number, 0, 0))
        (self.root / f"images/{name}.txt").write_text(f"picture {name}\n")
        controls = [self.root / f"controls/{name}_{each}.png" for each in (0, 1)]
        for each, path in enumerate(controls, 1):
            picture(path, (number, each, 0))
        for path in (self.root / f"images/{name}.png", *controls):
            self.age(path, -100)
        self.records.append(
            {
                "image_path": str(self.root / f"images/{name}.png"),
                "control_path_0": str(controls[0]),
                "control_path_1": str(controls[1]),
                "caption": f"picture {name}",
            }
        )

    def age(self, path: Path, seconds: int) -> None:
        """Its time, from a fixed moment that is past."""
        import os

        os.utime(path, (1_700_000_000 + seconds,) * 2)

    def touch(self, name: str) -> Path:
        path = self.root / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.touch()
        return path

    def config(self, text: str = "one_frame = true\n") -> None:
        models = "".join(
            f'{key} = "{self.root}/models/{key}.safetensors"\n'
            for key in ("vae", "image_encoder", "text_encoder1", "text_encoder2")
        )
        (self.root / "configs/v1/config.toml").write_text(
            f'{text}dataset_config = "{self.root}/configs/v1/dataset.toml"\n{models}'
        )

    def dataset(self, tables: str = LINES, general: str = GENERAL) -> None:
        (self.root / "configs/v1/dataset.toml").write_text(general + tables.replace("{root}", str(self.root)))

    def change(self, old: str, new: str) -> None:
        path = self.root / "configs/v1/dataset.toml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new.replace("{root}", str(self.root))))

    def lines(self, *more: bytes) -> None:
        data = b"".join(json.dumps(record).encode() + b"\n" for record in self.records)
        (self.root / "m.jsonl").write_bytes(data + b"".join(more))

    def cache(self, stem: str, caption: str, size: tuple[int, int] = (64, 96), **changed: Any) -> None:
        path = self.root / f"cache/{stem}_{size[0]:04d}x{size[1]:04d}_fp.safetensors"
        path.write_bytes(latents(**changed))
        self.age(path, 0)
        path = self.root / f"cache/{stem}_fp_te.safetensors"
        path.write_bytes(safetensors({"llama_vec_float16": ("F16", [2], bytes(4))}, {"caption1": caption}))
        self.age(path, 0)

    def subject(self) -> Subject:
        return read_subject(find_project(self.root), "v1")

    def report(self) -> DataReport:
        return check_data(self.subject())

    def problems(self) -> list[Problem]:
        return list(self.report().problems)

    def codes(self) -> list[str]:
        return [problem.code for problem in self.problems()]


Spoil = Callable[[DataProject], object]


def picture(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (64, 96)) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    Image.new("RGB", size, colour).save(path)


def safetensors(
    tensors: Mapping[str, tuple[str, list[int], bytes]], metadata: Mapping[str, str] | None = None
) -> bytes:
    """As the format wants it: 8 bytes of length, a JSON header, the data."""
    header: dict[str, Any] = {"__metadata__": dict(metadata or {})}
    data = b""
    for name, (dtype, shape, values) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def latents(
    size: tuple[int, int] = (64, 96), target: tuple[int, ...] = (5,), clean: tuple[int, ...] = (0, 10)
) -> bytes:
    """Of an image; `size` in pixels."""
    return safetensors(
        {
            "latent_indices_int64": ("I64", [len(target)], struct.pack(f"<{len(target)}q", *target)),
            "clean_latent_indices_int64": ("I64", [len(clean)], struct.pack(f"<{len(clean)}q", *clean)),
            f"latents_1x{size[1] // 8}x{size[0] // 8}_float16": ("F16", [4], bytes(8)),
        },
        {"architecture": "framepack"},
    )
