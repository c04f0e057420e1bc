"""Tokens: which variables hold them, what never reaches a trainer, and how one in config.toml is kept out of a run."""

import re
from collections.abc import Mapping

from fptui.core.musubi.trainer_toml import without

SECRET_NAMES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_API_KEY", "RUNPOD_API_KEY", "FPTUI_RUNPOD_API_KEY")
NEVER_PASSED = ("RUNPOD_API_KEY", "FPTUI_RUNPOD_API_KEY")
"""With them a trainer, or what it downloads and runs, could rent and end pods."""

CONFIG_TOKENS = {"huggingface_token": "HF_TOKEN", "wandb_api_key": "WANDB_API_KEY"}
"""Keys of config.toml that hold a token, and the variable in which the same program finds it."""

_SHAPES = re.compile(r"\b(?:hf|rpa)_[A-Za-z0-9]{20,}\b|(?<=wandb)(?P<wandb>.{0,40}?)\b[0-9a-f]{40}\b", re.IGNORECASE)
"""Tokens of Hugging Face and RunPod wherever they stand, and wandb's behind its name: a commit is as long."""

_COMMENTED = re.compile(rf"""^[ \t]*#.*\b({"|".join(CONFIG_TOKENS)})\b["']?\s*=.*""", re.MULTILINE)

_MISLEADING = ("COLUMNS", "LINES", "TQDM_NCOLS", "TQDM_ASCII", "TQDM_DISABLE", "TQDM_MININTERVAL", "TMUX", "TMUX_PANE")
"""They would cut the progress bar, which is where the loss is read from."""


def trainer_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What the trainer gets of the caller's environment."""
    left_out = {*NEVER_PASSED, *_MISLEADING}
    return {key: value for key, value in environment.items() if key not in left_out} | {"PYTHONUNBUFFERED": "1"}


def secret_names(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The names, never the values, of the tokens that a trainer gets."""
    return tuple(name for name in SECRET_NAMES if environment.get(name) and name not in NEVER_PASSED)


def without_tokens(text: str) -> str:
    """The text with `…` for what has the shape of a token: in a comment, in a key that the trainer does not know."""
    return _SHAPES.sub(lambda match: f"{match['wandb'] or ''}…", text)


def blank(config_text: str, config: Mapping[str, object]) -> tuple[str, dict[str, str]]:
    """The text of config.toml without its lines that set a token, or did before they were made comments, and without
    what looks like one; and the variables that carry the tokens instead. CannotDrop as trainer_toml.without."""
    found = {key: str(config[key]) for key in CONFIG_TOKENS if config.get(key)}
    present = frozenset(key for key in CONFIG_TOKENS if key in config)
    text = without_tokens(_COMMENTED.sub("#", without(config_text, present)))
    return text, {CONFIG_TOKENS[key]: value for key, value in found.items()}
