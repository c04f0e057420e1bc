"""The keys of config.toml one by one: known, of the right type, one of the choices. The trainer looks at none of it."""

import math
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any

from fptui.check.problem import Place, Problem, error, hint, warning
from fptui.check.subject import Subject
from fptui.core.musubi.trainer_options import DATA_SET_KEYS, trainer_options
from fptui.core.secrets import CONFIG_TOKENS, without_tokens
from fptui.core.text import plain

_CLOSE = 0.8
_DIVIDED_BY = (
    *("save_every_n_steps", "save_every_n_epochs", "sample_every_n_steps", "sample_every_n_epochs"),
    "gradient_accumulation_steps",
)


def key_problems(subject: Subject) -> Iterator[Problem]:
    """Of every key of config.toml."""
    for key, value in subject.settings.items():
        if key in trainer_options():
            yield from _value_problems(subject, key, value)
        elif key in DATA_SET_KEYS:
            yield _leaking(subject, key)
        else:
            yield _unknown(subject, key, value)
    yield from _set_twice(subject)
    yield from _secrets(subject)


def _value_problems(subject: Subject, key: str, value: Any) -> Iterator[Problem]:
    option, place = trainer_options()[key], subject.at(key)
    kind = option["type"]
    if not any(_FITS[each](value) for each in kind.split("|")):
        worse = "; the trainer takes every text for true" if kind == "boolean" and isinstance(value, str) else ""
        message = f"{key} is {_said(value)} and must be {_KINDS[kind]}{worse}."
        yield error("wrong-type", place, message, f"Write {key} = {_EXAMPLES[kind]}, in the way of that.")
    elif option.get("choices") and value not in option["choices"]:
        near = get_close_matches(str(value), option["choices"], 1)
        known = ", ".join(option["choices"])
        fix = f'Did you mean "{near[0]}"? Known are {known}.' if near else f"Known are {known}."
        yield error("wrong-choice", place, f"{key} = {_said(value)}: the trainer knows no such value.", fix)
    elif key in _DIVIDED_BY and value == 0:
        yield error(
            "zero-interval", place, f"{key} = 0: the trainer divides by it at its first step, and ends.",
            "Take the key out, if it is meant to be off.",
        )  # fmt: skip
    elif key in _RANGES:
        is_right, words, fix = _RANGES[key]
        if not is_right(value):
            yield error("wrong-choice", place, f"{key} = {_said(value)}: {words}.", fix)


def _unknown(subject: Subject, key: str, value: Any) -> Problem:
    place, name = subject.at(key), plain(key, 60)
    if isinstance(value, dict):
        message = f"{name} is a table within a table: the trainer knows none of the keys in it."
        return error("unknown-key", place, message, "Put its keys at the top of the file.")
    near = get_close_matches(key, [*trainer_options(), *DATA_SET_KEYS], 1, _CLOSE)
    if near:
        message = f"The trainer does not know {name}, and ignores it without a word."
        return error("unknown-key", place, message, f"Did you mean {near[0]}?")
    message = f"The trainer does not know {name}, and ignores it without a word."
    return warning("unknown-key", place, message, "Take it out.")


def _leaking(subject: Subject, key: str) -> Problem:
    is_set = bool(subject.data_sets) and all(key in each for each in subject.data_sets)
    place = subject.at(key)
    if is_set:
        message = f"{key} belongs into the data-set file, which sets it: here it does nothing."
        return hint("leaking-key", place, message, "Take it out here.")
    message = (
        f"{key} belongs into the data-set file. Here it becomes its default while training, and none while caching."
    )
    return warning("leaking-key", place, message, "Move it into [general] or [[datasets]] of the data-set file.")


def _set_twice(subject: Subject) -> Iterator[Problem]:
    """Tables are dissolved, and a later one wins."""
    first = dict[str, int]()
    for name, line in subject.config.lines.items():
        key = name.rpartition(".")[2]
        if key not in trainer_options() or isinstance(subject.config.tables.get(name), dict):
            continue
        if key in first:
            place = subject.config.at(name)
            message = f"{key} is set here and in line {first[key]}: one of the two is dropped, as names of tables are."
            yield warning("ineffective-key", place, message, "Take one of them out.")
        first.setdefault(key, line)


def _secrets(subject: Subject) -> Iterator[Problem]:
    fix = "Set {} in the environment instead, and make a new token: this one was in a file."
    found = [key for key in CONFIG_TOKENS if subject.text(key)]
    for key in found:
        yield warning(
            "secret-in-config", subject.at(key), f"{key} stands in a file that is copied, shown and shared.",
            fix.format(CONFIG_TOKENS[key]),
        )  # fmt: skip
    lines = {subject.at(key).line for key in found}
    for number, line in enumerate(subject.config.text.split("\n"), 1):
        if number not in lines and without_tokens(line) != line:
            place = Place(subject.config.shown, number)
            message = "Something that looks like a token stands in this line."
            yield warning("secret-in-config", place, message, fix.format("HF_TOKEN or WANDB_API_KEY"))


def _said(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return plain(text, 60)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_list_of(kind: type, value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) and not isinstance(item, bool) for item in value)


_FITS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": _is_number,
    "array<string>": lambda value: _is_list_of(str, value),
    "array<float>": lambda value: _is_list_of(float, value) or _is_list_of(int, value),
}
_KINDS = {
    "string": "a text",
    "boolean": "true or false",
    "integer": "a whole number",
    "float|integer": "a number",
    "integer|float": "a number",
    "array<string>": "a list of texts",
    "array<float>": "a list of numbers",
}
_EXAMPLES = {
    "string": '"…"',
    "boolean": "true",
    "integer": "100",
    "float|integer": "1e-3",
    "integer|float": "100",
    "array<string>": '["key=value"]',
    "array<float>": "[1.0]",
}


def _above_zero(value: float) -> bool:
    return math.isfinite(value) and value > 0


_Range = tuple[Callable[[Any], bool], str, str]
_ONE_OR_MORE: _Range = (lambda value: value >= 1, "it must be 1 or more", "Write 1 or more, or take the key out.")
_RANGES: dict[str, _Range] = {
    "learning_rate": (_above_zero, "it must be above 0", "1e-3 is stable up to a batch size of 4."),
    "network_dim": _ONE_OR_MORE,
    "network_alpha": (math.isfinite, "it must be a number", "Half of network_dim is usual."),
    "gradient_accumulation_steps": _ONE_OR_MORE,
    "max_train_steps": _ONE_OR_MORE,
    "max_train_epochs": _ONE_OR_MORE,
    "seed": (lambda value: 0 <= value < 2**32, "it must be 0 or more, and below 2^32", "42 is as good as any."),
    "max_data_loader_n_workers": (lambda value: value >= 0, "it must be 0 or more", "1 or 2 do for images."),
    "block_swap_ring_size": _ONE_OR_MORE,
    "blocks_to_swap": (
        lambda value: 0 <= value <= 38,
        "FramePack can swap 0 to 38 blocks, and training ends otherwise",
        "20 fits 24 GB and more; 36 is the most that its makers name for training.",
    ),
    "vae_dtype": (lambda value: value == "float16", "FramePack's VAE works in float16 alone", "Take the key out."),
    "huggingface_repo_type": (
        lambda value: value in ("model", "dataset", "space"),
        "there are model, dataset and space, and every upload fails otherwise",
        'Write "model".',
    ),
}
