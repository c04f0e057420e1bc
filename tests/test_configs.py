"""configs/v1, which users copy: every key in it is one that the trainer knows, and it stays in its version."""

import re
from pathlib import Path
from typing import Any

import pytest

from fptui.core.musubi import trainer_toml
from fptui.core.musubi.trainer_options import trainer_options
from fptui.core.secrets import CONFIG_TOKENS, without_tokens
from fptui.core.standard_toml import loads

V1 = Path(__file__).parent.parent / "configs" / "v1"
OPTIONS = trainer_options()
TYPES: dict[str, type] = {"string": str, "boolean": bool, "integer": int, "float": float, "array": list}

IMAGE_DATASET: dict[str, type] = {
    "resolution": list, "caption_extension": str, "batch_size": int, "num_repeats": int, "enable_bucket": bool,
    "bucket_no_upscale": bool, "cache_directory": str, "control_directory": str, "image_directory": str,
    "image_jsonl_file": str, "fp_latent_window_size": int, "fp_1f_clean_indices": list, "fp_1f_target_index": int,
    "fp_1f_no_post": bool, "no_resize_control": bool, "control_resolution": list,
}  # fmt: skip
"""dataset/config_utils.py."""
ONLY_A_DATASET = frozenset(key for key in IMAGE_DATASET if key.endswith(("directory", "file")) or "fp_" in key)

PROMPT_OPTIONS = {"w": r"\d+", "h": r"\d+", "f": r"\d+", "d": r"\d+", "s": r"\d+", "g": r"[\d.]+", "l": r"[\d.]+",
                  "n": ".+", "i": r"/\S+", "ci": r"/\S+", "of": r"[\w=;,]+"}  # fmt: skip
"""training/sampling_prompts.py; what FramePack does not use is left out."""


def read(name: str) -> dict[str, Any]:
    """By both readers, which must agree."""
    return trainer_toml.read(V1 / name)


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else []


def problem(key: str, value: Any) -> str | None:
    """What the trainer would not take, or take for something else: it checks neither the keys nor the values."""
    option = OPTIONS.get(key)
    if option is None:
        return f"{key} is unknown"
    kinds = {TYPES[re.sub("<.*>", "", kind)] for kind in option["type"].split("|")}
    if type(value) not in kinds:
        return f"{key} is {type(value).__name__}, not {option['type']}"
    if "choices" in option and value not in option["choices"]:
        return f"{key} is none of {option['choices']}"
    return None


def test_every_key_is_the_trainer_s_and_of_its_type() -> None:
    config = read("config.toml")
    assert len(config) > 30
    assert [found for found in (problem(key, value) for key, value in config.items()) if found] == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("img_in_txt_in_ofloading = true", "is unknown"),
        ('sdpa = "true"', "is str, not boolean"),
        ("max_train_steps = 5000.0", "is float, not integer"),
        ("seed = true", "is bool, not integer"),
        ('network_args = "a=1"', "is str, not array<string>"),
        ('mixed_precision = "fp17"', "is none of"),
        ("network_alpha = 16", None),
    ],
)
def test_a_wrong_key_would_be_found(line: str, found: str | None) -> None:
    ((key, value),) = loads(line).items()
    assert (problem(key, value) or "").startswith(f"{key} {found}" if found else "")
    assert (problem(key, value) is None) == (found is None)


def test_what_goes_wrong_silently_is_set() -> None:
    config = read("config.toml")
    assert config["save_precision"] == "bf16"  # the default is fp32, twice the size
    assert config["huggingface_path_in_repo"] == "v1"  # without it every upload fails
    assert config["save_state"] and config["save_state_on_train_end"]  # or there is nothing to resume from
    assert not {"resume", "max_train_epochs", "img_in_txt_in_offloading"} & set(config)
    assert config["split_attn"] and config["sdpa"] and config["one_frame"]


def test_the_data_set_is_one_that_the_trainer_takes() -> None:
    dataset = read("dataset.toml")
    assert set(dataset) == {"general", "datasets"}
    (table,) = dataset["datasets"]
    assert not ONLY_A_DATASET & set(dataset["general"])
    assert not set(table) & set(dataset["general"])
    for key, value in {**dataset["general"], **table}.items():
        assert type(value) is IMAGE_DATASET.get(key), key
    assert len(dataset["general"]["resolution"]) == 2
    assert all(side % 16 == 0 for side in dataset["general"]["resolution"])
    assert all(type(index) is int for index in table["fp_1f_clean_indices"])
    assert {"image_jsonl_file", "cache_directory", "fp_1f_target_index"} <= set(table)


def prompts() -> list[str]:
    lines = (V1 / "prompts.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_every_prompt_is_one_that_the_trainer_takes() -> None:
    config, (table,) = read("config.toml"), read("dataset.toml")["datasets"]
    assert prompts()
    for line in prompts():
        text, *rest = line.split(" --")
        # The trainer looks for options in the prompt itself too: `I am …` would be the image.
        assert not re.match(rf"(?:{'|'.join([*PROMPT_OPTIONS, 'fs', 'ei', 'cn'])}) ", text, re.IGNORECASE)
        given = [(name, value) for name, _, value in (part.partition(" ") for part in rest)]
        names = [name for name, _ in given]
        for name, value in given:
            assert re.fullmatch(PROMPT_OPTIONS[name], value), f"--{name} {value}"
            assert name == "ci" or names.count(name) == 1
        values = dict(given)
        assert {"w", "h", "d", "s", "i"} <= set(names)
        assert int(values["w"]) % 16 == int(values["h"]) % 16 == 0
        assert config["one_frame"] and "of" in values  # without it a one-frame sample ends the training
        parts = {name: value for name, _, value in (part.partition("=") for part in values["of"].split(","))}
        assert set(parts) <= {"target_index", "control_index", "no_2x", "no_4x", "no_post"}
        assert parts["target_index"].isdigit()
        controls = parts["control_index"].split(";")
        assert all(index.isdigit() for index in controls)
        assert len(controls) == names.count("ci") == len(table["fp_1f_clean_indices"])


def test_every_path_stays_in_its_version() -> None:
    everything = texts(read("config.toml")) + texts(read("dataset.toml")) + prompts()
    named = [version for text in everything for version in re.findall(r"(?<![a-z0-9])v\d+(?![a-z0-9])", text)]
    assert named
    assert set(named) == {"v1"}
    config, (table,) = read("config.toml"), read("dataset.toml")["datasets"]
    folder = Path("/workspace/my-framepack-project/configs/v1")
    assert config["dataset_config"] == str(folder / "dataset.toml")
    assert config["sample_prompts"] == str(folder / "prompts.txt")
    assert folder / "cache" in Path(table["cache_directory"]).parents
    assert config["output_name"].endswith("-v1")
    # On the pod's volume; the container's own disk is lost with it.
    assert all(text.startswith("/workspace/") for text in everything if text.startswith("/"))


def test_there_is_no_token_in_it() -> None:
    assert sorted(path.name for path in V1.iterdir()) == ["config.toml", "dataset.toml", "prompts.txt"]
    for path in V1.iterdir():
        text = path.read_text()
        assert without_tokens(text) == text
        assert not [key for key in CONFIG_TOKENS if key in text]
