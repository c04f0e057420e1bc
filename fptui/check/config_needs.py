"""Keys that config.toml lacks: the trainer ends without them, mostly after it has loaded its models."""

from collections.abc import Iterator

from fptui.check.problem import Place, Problem, error, hint, warning
from fptui.check.subject import Subject

_ATTENTION = ("sdpa", "flash_attn", "sage_attn", "xformers", "flash3")
_MODEL = "Name the file; `fptui init --models DIR` finds them."
_NEEDED = {
    "dataset_config": ("the trainer ends at once", "Name the data-set file of this version."),
    "dit": ("the trainer ends at once", _MODEL),
    "vae": ("caching needs it, and sampling", _MODEL),
    "text_encoder1": ("caching needs it, and sampling", _MODEL),
    "text_encoder2": ("caching needs it, and sampling", _MODEL),
    "image_encoder": ("caching needs it, and sampling", _MODEL),
    "network_module": ("the trainer ends once the model is loaded", 'Write "networks.lora_framepack".'),
    "optimizer_type": ("the trainer ends once the model is loaded", 'Write "adamw8bit" or "AdamW".'),
    "output_dir": ("the trainer ends at its first save", "Name a folder on the volume."),
    "output_name": (
        "checkpoints would be called None-step…, and the last save fails after the whole training",
        "Write the project's name and the version, as in my-project-v8.",
    ),
}


def need_problems(subject: Subject) -> Iterator[Problem]:
    """What is not set, and must be, or had better be."""
    config = subject.settings
    for key, (why, fix) in _NEEDED.items():
        if key not in config or config[key] == "":
            yield error("missing-key", _file(subject, key), f"{key} is not set: {why}.", fix)
    if not any(config.get(key) for key in _ATTENTION):
        message = "No attention is chosen: the trainer ends once it has encoded the sample prompts."
        yield error("missing-key", _file(subject, "sdpa"), message, "Write sdpa = true, and split_attn = true.")
    images = any("image_jsonl_file" in each or "image_directory" in each for each in subject.data_sets)
    if images and "one_frame" not in config:
        message = "one_frame is not set, and the data set is one of images: caching ends at its first item."
        yield error("missing-key", _file(subject, "one_frame"), message, "Write one_frame = true.")
    if "learning_rate" not in config:
        message = "learning_rate is not set: the trainer takes 2e-6, with which a LoRA learns next to nothing."
        yield warning("missing-key", _file(subject, "learning_rate"), message, "1e-3 is stable to a batch size of 4.")
    if not config.get("save_every_n_steps") and not config.get("save_every_n_epochs"):
        if not any(key in config for key in ("save_every_n_steps", "save_every_n_epochs")):
            message = "Nothing is saved before the end: whatever ends the run takes all of it."
            yield warning("missing-key", _file(subject, "save_every_n_steps"), message, "save_every_n_steps = 100")
    elif "save_state" not in config:
        message = "save_state is not set: this run can be stopped, but not resumed."
        yield hint("missing-key", _file(subject, "save_state"), message, "Write save_state = true.")


def _file(subject: Subject, key: str) -> Place:
    return Place(subject.config.shown, None, key)
