"""What the trainer refuses before it trains, at the same place and in the same words."""

import argparse
import os
from pathlib import Path


def check_required(options: argparse.Namespace) -> None:
    """Right after the options were read. Raises ValueError, AssertionError."""
    assert options.vae_dtype in (None, "float16"), "VAE dtype must be float16 / VAEのdtypeはfloat16でなければなりません"
    if options.dataset_config is None:
        raise ValueError("dataset_config is required / dataset_configが必要です")
    if options.dit is None:
        raise ValueError("path to DiT model is required / DiTモデルのパスが必要です")
    assert not options.fp8_scaled or options.fp8_base, "fp8_scaled requires fp8_base / fp8_scaledはfp8_baseが必要です"
    if options.sage_attn:
        raise ValueError(
            "SageAttention doesn't support training currently. Please use `--sdpa` or `--xformers` etc. instead."
            " / SageAttentionは現在学習をサポートしていないようです。"
            "`--sdpa`や`--xformers`などの他のオプションを使ってください"
        )


def check_logging(options: argparse.Namespace) -> None:
    """When the accelerator is prepared."""
    modes = ("no", "fp8", "fp16", "bf16")
    if options.mixed_precision not in (None, *modes):
        raise ValueError(f"Unknown mixed_precision mode: {options.mixed_precision}. Choose between {list(modes)}")
    if options.log_with in ("tensorboard", "all") and options.logging_dir is None:
        raise ValueError(
            "logging_dir is required when log_with is tensorboard / "
            "Tensorboardを使う場合、logging_dirを指定してください"
        )


def check_attention(options: argparse.Namespace) -> None:
    """Before the DiT is loaded."""
    if not any((options.sdpa, options.flash_attn, options.xformers, options.flash3)):
        raise ValueError(
            "either --sdpa, --flash-attn, --flash3, --sage-attn or --xformers must be specified / "
            "--sdpa, --flash-attn, --flash3, --sage-attn, --xformersのいずれかを指定してください"
        )
    unsplit_flash = options.sdpa or options.flash_attn or options.xformers
    assert unsplit_flash or not options.split_attn, (
        "Unsupported attention mode: flash3. Supported modes: 'sageattn', 'flash', 'xformers', 'torch'."
    )


def check_dit(path: str) -> None:
    """While the DiT is loaded. Raises FileNotFoundError, ValueError."""
    if not Path(path).exists():
        raise FileNotFoundError(2, "No such file or directory", path)
    if Path(path).is_dir() and not any(Path(path).glob("*.safetensors")):
        raise ValueError(f"Cannot find safetensors file in {path}")


def check_blocks_to_swap(blocks: int) -> None:
    """0 to 38 of FramePack's 20 double and 40 single blocks can be swapped."""
    double = blocks // 2
    single = (blocks - double) * 2 + 1
    assert double <= 19 and single <= 39, (
        "Cannot swap more than 19 double blocks and 39 single blocks. "
        f"Requested {double} double blocks and {single} single blocks."
    )


def check_network_module(module: str | None) -> None:
    """Raises AttributeError without one, ModuleNotFoundError for one that is not FramePack's LoRA."""
    if module is None:
        raise AttributeError("'NoneType' object has no attribute 'startswith'")
    if module not in ("networks.lora_framepack", "musubi_tuner.networks.lora_framepack"):
        raise ModuleNotFoundError(f"No module named '{module}'")


def check_workers(options: argparse.Namespace) -> int:
    """How many loading processes there would be."""
    workers = min(options.max_data_loader_n_workers, os.cpu_count() or 1)
    if options.persistent_data_loader_workers and workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")
    return int(workers)


def check_batch(options: argparse.Namespace, size: int) -> None:
    """In the first step with more than one item."""
    if size > 1 and not options.split_attn and not options.flash_attn:
        raise NotImplementedError(
            "No Attn Installed or batch_size > 1 is not supported in this configuration. Try `--split_attn`."
        )
