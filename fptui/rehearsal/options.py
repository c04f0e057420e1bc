"""The options of the three programs, and how the trainer merges a config file into them.

Names, types and defaults are musubi-tuner 0.3.4's. Most have no effect here: they are accepted so that a real config
runs.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from fptui.rehearsal.console import PARSER, say

_TRAIN_FLAGS = """
    sdpa flash_attn sage_attn xformers flash3 split_attn compile compile_fullgraph cuda_allow_tf32 cuda_cudnn_benchmark
    dynamo_fullgraph dynamo_dynamic persistent_data_loader_workers gradient_checkpointing
    gradient_checkpointing_cpu_offload log_config ddp_gradient_as_bucket_view ddp_static_graph sample_at_first
    fp8_base use_pinned_memory_for_block_swap
    block_swap_h2d_only img_in_txt_in_offloading disable_numpy_memmap preserve_distribution_shape no_metadata
    dim_from_weights save_state save_state_on_train_end save_state_to_huggingface resume_from_huggingface async_upload
    fp8_scaled fp8_llm vae_tiling bulk_decode f1 one_frame
"""
_TRAIN_TEXTS = """
    config_file dataset_config logging_dir log_prefix log_tracker_name wandb_run_name log_tracker_config wandb_api_key
    sample_prompts network_weights network_module training_comment output_dir output_name resume metadata_title
    metadata_author metadata_description metadata_license metadata_tags metadata_reso metadata_arch huggingface_repo_id
    huggingface_repo_type huggingface_path_in_repo huggingface_token huggingface_repo_visibility dit vae vae_dtype
    text_encoder1 text_encoder2 image_encoder compile_backend=inductor optimizer_type= lr_scheduler=constant
    lr_scheduler_type=
"""
_TRAIN_INTEGERS = """
    compile_cache_size_limit max_train_steps=1600 max_train_epochs max_data_loader_n_workers=8 seed
    gradient_accumulation_steps=1 ddp_timeout sample_every_n_steps sample_every_n_epochs lr_scheduler_num_cycles=1
    lr_scheduler_timescale blocks_to_swap block_swap_ring_size=2 min_timestep max_timestep num_timestep_buckets
    network_dim save_every_n_epochs save_every_n_steps save_last_n_epochs save_last_n_epochs_state save_last_n_steps
    save_last_n_steps_state vae_chunk_size vae_spatial_tile_sample_min_size latent_window_size=9
"""
_TRAIN_NUMBERS = """
    learning_rate=2e-6 max_grad_norm=1.0 lr_scheduler_power=1 lr_scheduler_min_lr_ratio guidance_scale=1.0
    discrete_flow_shift=1.0 sigmoid_scale=1.0 logit_mean=0.0 logit_std=1.0 mode_scale=1.29 network_alpha=1
    network_dropout scale_weight_norms
"""
_TRAIN_LISTS = {
    "optimizer_args": str,
    "lr_scheduler_args": str,
    "network_args": str,
    "base_weights": str,
    "base_weights_multiplier": float,
}
_TIMESTEP_SAMPLING = "sigma uniform sigmoid shift flux_shift flux2_shift ideogram4_shift qwen_shift krea2_shift logsnr"
_TRAIN_CHOICES: Mapping[str, tuple[str | None, str]] = {
    "compile_mode": ("default", "default reduce-overhead max-autotune max-autotune-no-cudagraphs"),
    "compile_dynamic": (None, "true false auto"),
    "dynamo_backend": ("NO", "NO EAGER AOT_EAGER INDUCTOR AOT_TS_NVFUSER NVPRIMS_NVFUSER CUDAGRAPHS OFI FX2TRT ONNXRT "
                       "TENSORRT AOT_TORCHXLA_TRACE_ONCE TORCHXLA_TRACE_ONCE IPEX TVM HPU_BACKEND"),
    "dynamo_mode": (None, "default reduce-overhead max-autotune"),
    "mixed_precision": (None, "no fp16 bf16"),
    "save_precision": (None, "float fp32 fp16 bf16"),
    "log_with": (None, "tensorboard wandb all"),
    "timestep_sampling": ("sigma", _TIMESTEP_SAMPLING + " qinglong_flux qinglong_qwen"),
    "weighting_scheme": ("none", "logit_normal mode cosmap sigma_sqrt none"),
    "show_timesteps": (None, "image console"),
}  # fmt: skip


def _add(parser: argparse.ArgumentParser, table: str, kind: type) -> None:
    for entry in table.split():
        name, equals, default = entry.partition("=")
        parser.add_argument(f"--{name}", type=kind, default=kind(default) if equals else None)


def _flags(parser: argparse.ArgumentParser, names: str) -> None:
    for name in names.split():
        parser.add_argument(f"--{name}", action="store_true")


def _steps(text: str) -> int | float:
    """A number of steps, or a share of them: `10%`, `0.1`."""
    if text.endswith("%"):
        return float(text[:-1]) / 100
    value = float(text)
    return int(value) if value >= 1 and value.is_integer() else value


def train_parser() -> argparse.ArgumentParser:
    """The parser of fpack_train_network. Abbreviations are allowed, as in the real one."""
    parser = argparse.ArgumentParser()
    _flags(parser, _TRAIN_FLAGS)
    _add(parser, _TRAIN_TEXTS, str)
    _add(parser, _TRAIN_INTEGERS, int)
    _add(parser, _TRAIN_NUMBERS, float)
    for name, kind in _TRAIN_LISTS.items():
        parser.add_argument(f"--{name}", type=kind, nargs="*")
    for name, (default, choices) in _TRAIN_CHOICES.items():
        parser.add_argument(f"--{name}", default=default, choices=choices.split())
    for name in ("lr_warmup_steps", "lr_decay_steps"):
        parser.add_argument(f"--{name}", type=_steps, default=0)
    return parser


def cache_latents_parser() -> argparse.ArgumentParser:
    """The parser of fpack_cache_latents."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dataset_config", required=True)
    parser.add_argument("--image_encoder", required=True)
    _add(parser, "vae vae_dtype device console_back", str)
    _add(parser, "batch_size num_workers console_width=80 console_num_images vae_chunk_size", int)
    _add(parser, "vae_spatial_tile_sample_min_size", int)
    parser.add_argument("--debug_mode", choices=["image", "console", "video"])
    _flags(
        parser, "skip_existing keep_cache disable_cudnn_backend vae_tiling f1 one_frame one_frame_no_2x one_frame_no_4x"
    )
    return parser


def cache_text_parser() -> argparse.ArgumentParser:
    """The parser of fpack_cache_text_encoder_outputs."""
    parser = argparse.ArgumentParser()
    for name in ("dataset_config", "text_encoder1", "text_encoder2"):
        parser.add_argument(f"--{name}", required=True)
    _add(parser, "device", str)
    _add(parser, "batch_size num_workers", int)
    _flags(parser, "skip_existing keep_cache fp8_llm")
    return parser


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """One level of sections dissolved; of a key in two sections the later one wins."""
    flat: dict[str, Any] = {}
    for name, value in document.items():
        flat.update(value if isinstance(value, dict) else {name: value})
    return flat


def read_train_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Command line over config file over defaults. What the file says is neither converted nor checked, and unknown
    keys are kept without a word, as the real trainer does. Exits with 2 on a bad command line, 1 on a missing file."""
    import toml

    parser = train_parser()
    options = parser.parse_args(arguments)
    if not options.config_file:
        return options
    given: str = options.config_file
    path = given if given.endswith(".toml") else f"{given}.toml"
    if not os.path.exists(path):  # noqa: PTH110 - the path is printed as it was given
        say(PARSER, f"{path} not found.")
        sys.exit(1)
    say(PARSER, f"Loading settings from {path}...")
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        document = toml.load(file)
    options = parser.parse_args(arguments, namespace=argparse.Namespace(**_flat(document)))
    options.config_file = os.path.splitext(given)[0]  # noqa: PTH122
    say(PARSER, options.config_file)
    return options
