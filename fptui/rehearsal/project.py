"""A complete small project for the demo: everything inside its folder, nothing written over."""

import json
from pathlib import Path

import numpy as np

from fptui.rehearsal import drawing, tensors

CAPTION = "Convert reference images of poses and expressions into character design images."
_SIZE = (128, 192)
_ITEMS, _SAMPLES = 8, 2
_MODELS = ("dit", "vae", "text_encoder1", "text_encoder2", "image_encoder")


def _quoted(value: object) -> str:
    """A TOML string. What JSON escapes, TOML reads the same."""
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _pyproject(folder: Path) -> str:
    name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in folder.name).strip("-")
    return f'[project]\nname = {_quoted(name or "demo")}\nversion = "0.1.0"\n\n[tool.fptui]\ntrainer = "rehearsal"\n'


def _config(folder: Path, steps: int) -> str:
    every = max(1, min(20, steps))
    models = "\n".join(f"{name} = {_quoted(folder / 'models' / f'{name}.safetensors')}" for name in _MODELS)
    return f"""\
# A rehearsal: a tiny network on the CPU takes the place of FramePack. The keys are those of a real version.
{models}
dataset_config = {_quoted(folder / "configs/v1/dataset.toml")}

split_attn = true
seed = 42
mixed_precision = "bf16"
sdpa = true
gradient_checkpointing = true
max_data_loader_n_workers = 1
persistent_data_loader_workers = true

network_module = "networks.lora_framepack"
network_dim = 16
network_alpha = 16

optimizer_type = "adamw"
learning_rate = 3e-3
max_train_steps = {steps}

timestep_sampling = "shift"
discrete_flow_shift = 3.0
one_frame = true

save_every_n_steps = {every}
save_state = true
save_state_on_train_end = true
save_precision = "bf16"
output_dir = {_quoted(folder / "output")}
output_name = "demo-v1"

sample_at_first = true
sample_every_n_steps = 20
sample_prompts = {_quoted(folder / "configs/v1/prompts.txt")}

log_with = "tensorboard"
logging_dir = {_quoted(folder / "logs")}
log_config = true
"""


def _dataset(folder: Path) -> str:
    return f"""\
[general]
resolution = [{_SIZE[0]}, {_SIZE[1]}]
caption_extension = ".txt"
batch_size = 4
enable_bucket = true
bucket_no_upscale = false

[[datasets]]
image_jsonl_file = {_quoted(folder / "data/dataset-v1/metadata-v1.jsonl")}
cache_directory = {_quoted(folder / "configs/v1/cache")}
num_repeats = 7
# The pose first, then the character.
fp_1f_clean_indices = [0, 10]
fp_1f_target_index = 5
fp_1f_no_post = true
"""


def _prompt(pose: Path, character: Path) -> str:
    return (
        f"{CAPTION} --w {_SIZE[0]} --h {_SIZE[1]} --d 42 --s 8 --i {pose} --ci {pose} --ci {character} "
        "--of target_index=5,control_index=0;10,no_2x,no_4x,no_post"
    )


def _draw(folder: Path, numbers: np.random.Generator, hue: float) -> tuple[Path, Path, Path]:
    """A pose, a character, and the one in the other."""
    pose, character = drawing.random_pose(numbers), drawing.character(hue, 3 * hue + 0.4)
    pictures = {
        "pose": drawing.pose_picture(pose, _SIZE),
        "character": drawing.character_picture(character, _SIZE),
        "target": drawing.target_picture(pose, character, _SIZE),
    }
    for kind, picture in pictures.items():
        picture.save(folder.with_name(f"{folder.name}-{kind}.png"))
    paths = [folder.with_name(f"{folder.name}-{kind}.png") for kind in pictures]
    return paths[0], paths[1], paths[2]


def _draw_all(folder: Path) -> None:
    numbers = np.random.default_rng(3)
    images = folder / "data/dataset-v1"
    images.mkdir(parents=True)
    lines = []
    for item in range(_ITEMS):
        pose, character, target = _draw(images / f"{item:02d}", numbers, item / _ITEMS)
        paths = {"image_path": str(target), "control_path_0": str(pose), "control_path_1": str(character)}
        lines.append(json.dumps({**paths, "caption": CAPTION}, ensure_ascii=False))
    (images / "metadata-v1.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    validation = folder / "data/validation"
    validation.mkdir()
    held_out = [_draw(validation / f"{item:02d}", numbers, (item + 0.2) / _SAMPLES)[:2] for item in range(_SAMPLES)]
    prompts = ["# Pictures that are not in the data set: whether it generalises."]
    prompts += [_prompt(pose, character) for pose, character in held_out]
    (folder / "configs/v1/prompts.txt").write_text("\n".join(prompts) + "\n", encoding="utf-8")


def make_project(folder: Path, *, steps: int = 200) -> None:
    """Writes the project into a folder that is new, or has nothing of the kind in it.

    Raises FileExistsError when there is something to write over, ValueError when the trainer's prompt files cannot hold
    the folder's name.
    """
    folder = folder.absolute()
    if " --" in str(folder) or "\n" in str(folder):
        raise ValueError(f"{folder}: a folder whose name holds a line end or ' --' cannot be named in a prompts file")
    for name in ("pyproject.toml", ".gitignore", "configs", "data", "models", "output", "logs"):
        if (folder / name).exists():
            raise FileExistsError(f"{folder / name} is there already")
    (folder / "configs/v1").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(_pyproject(folder), encoding="utf-8")
    (folder / ".gitignore").write_text("runs/\noutput/\nlogs/\nmodels/\nconfigs/*/cache/\n")
    (folder / "configs/v1/config.toml").write_text(_config(folder, steps), encoding="utf-8")
    (folder / "configs/v1/dataset.toml").write_text(_dataset(folder), encoding="utf-8")
    (folder / "models").mkdir()
    for name in _MODELS:
        stand_in = tensors.packed({"rehearsal": np.zeros(4, np.float32)}, {"format": "pt"})
        (folder / "models" / f"{name}.safetensors").write_bytes(stand_in)
    _draw_all(folder)
