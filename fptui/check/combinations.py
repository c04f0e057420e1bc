"""Keys that are right alone and end training together, and those that do nothing beside the others."""

import ast
from collections.abc import Iterator
from typing import Any

from fptui.check.problem import Problem, error, hint, warning
from fptui.check.subject import Subject
from fptui.core.text import plain

_ENCODED_BY_SHIFT = ("shift", "sigma")
_TORCH_OPTIMIZERS = frozenset(
    (
        *("ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "LBFGS", "Muon", "NAdam", "RAdam"),
        *("RMSprop", "Rprop", "SGD", "SparseAdam"),
    )
)
"""torch.optim of 2.7 to 2.13; by exact name, but for the three that musubi-tuner knows in any case."""
_SCHEDULERS = frozenset(
    (
        *("linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup", "inverse_sqrt"),
        *("reduce_lr_on_plateau", "cosine_with_min_lr", "cosine_warmup_with_min_lr", "warmup_stable_decay"),
        *("piecewise_constant", "rex"),
    )
)
"""transformers.SchedulerType 4.57.6, and training/trainer_base.py, get_lr_scheduler."""
_NETWORKS = frozenset({"networks.lora_framepack", "networks.loha", "networks.lokr"})


def combination_problems(subject: Subject) -> Iterator[Problem]:
    """Of config.toml, and of the data set's batch size."""
    yield from _attention(subject)
    yield from _memory(subject)
    yield from _optimizer(subject)
    yield from _schedule(subject)
    yield from _network(subject)
    yield from _saves(subject)
    yield from _samples(subject)
    yield from _uploads(subject)
    if subject.settings.get("show_timesteps"):
        message = "show_timesteps draws a picture of the timesteps and ends: nothing is trained."
        yield error("fatal-combination", subject.at("show_timesteps"), message, "Take it out.")


def _attention(subject: Subject) -> Iterator[Problem]:
    config = subject.settings
    largest = max((size for each in subject.data_sets if _is_whole(size := each.get("batch_size", 1))), default=1)
    chosen = next((key for key in ("sdpa", "flash_attn", "sage_attn", "xformers", "flash3") if config.get(key)), None)
    if config.get("sage_attn") is True:
        message = "sage_attn cannot train: the trainer ends at once."
        yield error("fatal-combination", subject.at("sage_attn"), message, "Write sdpa = true instead.")
    elif chosen in ("sdpa", "xformers") and largest > 1 and config.get("split_attn") is not True:
        message = f"{chosen} without split_attn takes one item at a time, and batch_size is {largest}: step 1 fails."
        yield error("fatal-combination", subject.at(chosen), message, "Write split_attn = true.")
    elif chosen == "flash3" and config.get("split_attn") is True:
        message = "flash3 does not work with split_attn: training ends once the model is loaded."
        yield error("fatal-combination", subject.at("split_attn"), message, "Take split_attn out, or use sdpa.")


def _memory(subject: Subject) -> Iterator[Problem]:
    config, blocks = subject.settings, subject.number("blocks_to_swap") or 0
    if config.get("fp8_scaled") is True and config.get("fp8_base") is not True:
        message = "fp8_scaled needs fp8_base: the trainer ends at once."
        yield error("fatal-combination", subject.at("fp8_scaled"), message, "Write fp8_base = true as well.")
    if config.get("block_swap_h2d_only") is True and blocks > 0 and config.get("gradient_checkpointing") is not True:
        message = "block_swap_h2d_only needs gradient_checkpointing: the trainer ends once the model is loaded."
        fix = "Write gradient_checkpointing = true as well."
        yield error("fatal-combination", subject.at("block_swap_h2d_only"), message, fix)
    if 36 < blocks <= 38:
        message = f"blocks_to_swap = {blocks} is more than the 36 that musubi-tuner's makers name for training."
        yield warning("wrong-choice", subject.at("blocks_to_swap"), message, "Write 36 or less.")
    if config.get("img_in_txt_in_offloading") is True:
        message = "img_in_txt_in_offloading does nothing in FramePack."
        yield hint("ineffective-key", subject.at("img_in_txt_in_offloading"), message, "Take it out.")
    offloads = config.get("gradient_checkpointing_cpu_offload") is True
    if offloads and config.get("gradient_checkpointing") is not True:
        message = "gradient_checkpointing_cpu_offload does nothing without gradient_checkpointing."
        fix = "Write gradient_checkpointing = true as well, or take it out."
        yield warning("ineffective-key", subject.at("gradient_checkpointing_cpu_offload"), message, fix)
    if config.get("persistent_data_loader_workers") is True and subject.number("max_data_loader_n_workers") == 0:
        message = "persistent_data_loader_workers needs workers, and max_data_loader_n_workers is 0: training ends."
        fix = "Write max_data_loader_n_workers = 1, or take persistent_data_loader_workers out."
        yield error("fatal-combination", subject.at("persistent_data_loader_workers"), message, fix)


def _optimizer(subject: Subject) -> Iterator[Problem]:
    name = subject.text("optimizer_type")
    if name is not None and "." not in name and not _is_optimizer(name):
        near = next((each for each in sorted(_TORCH_OPTIMIZERS) if each.lower() == name.lower()), "adamw8bit")
        message = f'optimizer_type "{_cut(name)}": the trainer finds no such one in torch.optim, and ends.'
        fix = f'Did you mean "{near}"? One of another package is written with its module: "prodigyopt.Prodigy".'
        yield error("wrong-choice", subject.at("optimizer_type"), message, fix)
    for key, needs_literal in (("optimizer_args", True), ("lr_scheduler_args", True), ("network_args", False)):
        given = subject.settings.get(key)
        for item in given if isinstance(given, list) else ():
            if isinstance(item, str) and not _is_pair(item, needs_literal=needs_literal):
                message = f'{key}: "{_cut(item)}" is not key=value{" with a value of Python" * needs_literal}.'
                yield error("wrong-choice", subject.at(key), f"{message} Training ends.", 'As in "weight_decay=0.01".')


def _schedule(subject: Subject) -> Iterator[Problem]:
    config = subject.settings
    name, warmup = config.get("lr_scheduler", "constant"), config.get("lr_warmup_steps", 0)
    if config.get("lr_scheduler_type") or not isinstance(name, str):
        return
    is_adafactor = str(config.get("optimizer_type", "")).lower() == "adafactor"
    if name.startswith("adafactor") and not is_adafactor:
        message = "lr_scheduler adafactor needs optimizer_type adafactor: the trainer ends."
        yield error("fatal-combination", subject.at("lr_scheduler"), message, 'Write lr_scheduler = "constant".')
    elif not name.startswith("adafactor") and name not in _SCHEDULERS and name.lower() != "rex":
        message = f'lr_scheduler "{_cut(name)}": the trainer knows no such one, and ends.'
        known = ", ".join(sorted(_SCHEDULERS))
        yield error("wrong-choice", subject.at("lr_scheduler"), message, f"Known are {known}.")
    elif name == "constant" and isinstance(warmup, (int, float)) and warmup and not is_adafactor:
        message = "lr_scheduler constant takes no lr_warmup_steps: the trainer ends once the model is loaded."
        fix = 'Write lr_scheduler = "constant_with_warmup".'
        yield error("fatal-combination", subject.at("lr_warmup_steps"), message, fix)
    if subject.number("max_train_epochs") and subject.number("max_train_steps"):
        message = "max_train_steps does nothing beside max_train_epochs."
        fix = "Keep max_train_steps alone: steps stay comparable when the data set changes."
        yield warning("ineffective-key", subject.at("max_train_steps"), message, fix)
    sampling = config.get("timestep_sampling", "sigma")
    if "discrete_flow_shift" in config and sampling not in _ENCODED_BY_SHIFT:
        message = f"discrete_flow_shift does nothing with timestep_sampling {_cut(str(sampling))}."
        fix = 'Write timestep_sampling = "shift", or take it out.'
        yield warning("ineffective-key", subject.at("discrete_flow_shift"), message, fix)


def _network(subject: Subject) -> Iterator[Problem]:
    module = subject.text("network_module")
    short = module.removeprefix("musubi_tuner.") if module else ""
    if short.startswith("networks.") and short not in _NETWORKS:
        message = f'network_module "{_cut(short)}" is not one for FramePack: training ends, or trains nothing.'
        yield error("wrong-choice", subject.at("network_module"), message, 'Write "networks.lora_framepack".')
    if subject.settings.get("dim_from_weights") is True:
        message = "dim_from_weights is broken in musubi-tuner 0.3.4: the trainer ends once the model is loaded."
        yield error(
            "fatal-combination", subject.at("dim_from_weights"), message, "Set network_dim to the rank instead."
        )


def _saves(subject: Subject) -> Iterator[Problem]:
    config, every = subject.settings, subject.number("save_every_n_steps") or 0
    for key in ("save_last_n_steps", "save_last_n_steps_state"):
        window = subject.number(key)
        if window is not None and every > 0 and 0 < window < every:
            message = (
                f"{key} = {window} counts steps, not files: with save_every_n_steps = {every} each save deletes the "
                "one before it."
            )
            fix = f"For the last {window} saves write {window * every}." if window < 50 else f"Write {every} or more."
            yield warning("ineffective-key", subject.at(key), message, fix)
    for kind in ("steps", "epochs"):
        for key in (f"save_last_n_{kind}", f"save_last_n_{kind}_state"):
            if key in config and not config.get(f"save_every_n_{kind}"):
                message = f"{key} does nothing without save_every_n_{kind}."
                yield hint("ineffective-key", subject.at(key), message, "Take it out.")
    if config.get("save_precision", "fp32") in ("fp32", "float"):
        message = "Checkpoints are saved in fp32: twice the size of bf16, and no better for a LoRA trained in bf16."
        yield warning("fp32-checkpoints", subject.at("save_precision"), message, 'Write save_precision = "bf16".')


def _samples(subject: Subject) -> Iterator[Problem]:
    config = subject.settings
    asked = [key for key in ("sample_every_n_steps", "sample_every_n_epochs", "sample_at_first") if config.get(key)]
    if asked and not config.get("sample_prompts"):
        message = f"{asked[0]} does nothing without sample_prompts."
        fix = "Name the file with the prompts, or take it out."
        yield warning("ineffective-key", subject.at(asked[0]), message, fix)
    elif config.get("sample_prompts") and not asked:
        message = "sample_prompts loads both text encoders, and no sample is ever made."
        fix = "Write sample_every_n_steps = 100, or take it out."
        yield warning("ineffective-key", subject.at("sample_prompts"), message, fix)


def _uploads(subject: Subject) -> Iterator[Problem]:
    config, path = subject.settings, subject.settings.get("huggingface_path_in_repo")
    if not config.get("huggingface_repo_id"):
        if config.get("save_state_to_huggingface") is True:
            message = "save_state_to_huggingface does nothing without huggingface_repo_id."
            yield warning("ineffective-key", subject.at("save_state_to_huggingface"), message, "Name the repository.")
        return
    if path is None:
        message = "huggingface_path_in_repo is not set: every upload of a checkpoint fails, and only the log says so."
        fix = 'Name a folder in the repository, as in "v8"; "" is its root.'
        yield error("upload-without-path", subject.at("huggingface_repo_id"), message, fix)
    elif isinstance(path, str) and path.endswith("/"):
        message = f'huggingface_path_in_repo ends with a slash: files land at "{_cut(path)}/NAME", below no name.'
        fix = 'Write it without the slash; "" is the root of the repository.'
        yield warning("upload-without-path", subject.at("huggingface_path_in_repo"), message, fix)
    saves = any(config.get(key) is True for key in ("save_state", "save_state_on_train_end"))
    if config.get("save_state_to_huggingface") is True and not saves:
        message = "save_state_to_huggingface does nothing without save_state."
        yield warning("ineffective-key", subject.at("save_state_to_huggingface"), message, "save_state = true")


def _is_optimizer(name: str) -> bool:
    return name in _TORCH_OPTIMIZERS or name.lower() in ("adamw", "adamw8bit", "adafactor")


def _is_pair(text: str, *, needs_literal: bool) -> bool:
    if text.count("=") != 1:
        return False
    if not needs_literal:
        return True
    try:
        ast.literal_eval(text.partition("=")[2])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _cut(text: str) -> str:
    return plain(text, 60)
