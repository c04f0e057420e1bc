"""Everything before the first step, in the trainer's order; the loop itself is `loop.py`."""

import argparse
import math
import os
import random
import time
from pathlib import Path

import numpy as np

from fptui.rehearsal import checks, optimizer
from fptui.rehearsal.buckets import Batches, training_batches
from fptui.rehearsal.console import LORA, MAIN, REHEARSAL, TRAINER, TRANSFORMER, say
from fptui.rehearsal.dataset import Dataset, load_datasets
from fptui.rehearsal.events import Tracker
from fptui.rehearsal.loop import Loop
from fptui.rehearsal.metadata import Metadata
from fptui.rehearsal.network import Network, shapes
from fptui.rehearsal.sampling import Sampler
from fptui.rehearsal.saving import Saver, load_weights

_NOT_LOGGED = """
    wandb_api_key huggingface_token dit vae text_encoder1 text_encoder2 image_encoder base_weights network_weights
    output_dir logging_dir
"""


def _prepare_accelerator(options: argparse.Namespace) -> Path | None:
    """Says what is prepared. The answer is the folder of this run's events, if events are written at all."""
    say(TRAINER, "preparing accelerator")
    checks.check_logging(options)
    print("accelerator device: cpu")
    if options.mixed_precision is None:
        options.mixed_precision = os.environ.get("ACCELERATE_MIXED_PRECISION", "no")
        mode = options.mixed_precision
        say(TRAINER, f"mixed precision set to {mode} / mixed precisionを{mode}に設定")
    weights = "torch.bfloat16"
    if options.fp8_base:
        weights = "None" if options.fp8_scaled else "torch.float8_e4m3fn"
    say(TRAINER, f"DiT precision: torch.bfloat16, weight precision: {weights}")
    if options.logging_dir is None or options.log_with == "wandb":
        return None
    stamp = time.strftime("%Y%m%d%H%M%S", time.localtime())
    return Path(f"{options.logging_dir}/{options.log_prefix or ''}{stamp}", options.log_tracker_name or "network_train")


def _load_dit(options: argparse.Namespace) -> None:
    say(TRAINER, f"Loading DiT model from {options.dit}")
    checks.check_attention(options)
    say(MAIN, f"Loading DiT model from {options.dit}")
    say(TRANSFORMER, "Creating HunyuanVideoTransformer3DModelPacked")
    say(TRANSFORMER, f"Loading DiT model from {options.dit}, device=cpu")
    checks.check_dit(options.dit)
    say(TRANSFORMER, f"Loaded DiT model from {options.dit}, info=<All keys matched successfully>")
    blocks = options.blocks_to_swap or 0
    if blocks:
        checks.check_blocks_to_swap(blocks)
        double = blocks // 2
        say(TRAINER, f"enable swap {blocks} blocks to CPU from device: cpu, use pinned memory: "
            f"{options.use_pinned_memory_for_block_swap}, H2D-only: {options.block_swap_h2d_only}")  # fmt: skip
        print(
            f"HunyuanVideoTransformer3DModelPacked: Block swap enabled. Swapping {blocks} blocks, "
            f"double blocks: {double}, single blocks: {(blocks - double) * 2 + 1}, supports_backward: True."
        )


def _build_network(options: argparse.Namespace, numbers: np.random.Generator) -> Network:
    print(f"import network module: {options.network_module}")
    checks.check_network_module(options.network_module)
    rank, alpha = (4 if options.network_dim is None else options.network_dim), options.network_alpha
    say(LORA, f"create LoRA network. base dim (rank): {rank}, alpha: {alpha}")
    say(LORA, f"neuron dropout: p={options.network_dropout}, rank dropout: p=None, module dropout: p=None")
    say(LORA, f"create LoRA for U-Net/DiT: {len(shapes())} modules.")
    say(LORA, f"enable LoRA for U-Net: {len(shapes())} modules")
    network = Network(rank, alpha, numbers)
    if options.network_weights is not None:
        load_weights(network, Path(options.network_weights))
        print(f"load network weights from {options.network_weights}: <All keys matched successfully>")
    if options.gradient_checkpointing:
        print(
            "Gradient checkpointing enabled for HunyuanVideoTransformer3DModelPacked. "
            f"Activation CPU offloading: {options.gradient_checkpointing_cpu_offload}"
        )
    return network


def _tracker(options: argparse.Namespace, folder: Path | None) -> Tracker | None:
    if options.log_with == "wandb":
        say(REHEARSAL, 'log_with = "wandb": a rehearsal does not log there, and to nothing else in this run')
    if options.huggingface_repo_id is not None:
        say(REHEARSAL, "huggingface_repo_id: a rehearsal uploads nothing")
    if folder is None:
        return None
    shown = {key: value for key, value in vars(options).items() if key not in _NOT_LOGGED.split()}
    plain = {k: v if v is None or isinstance(v, bool | str | float | int) else str(v) for k, v in shown.items()}
    return Tracker(folder, plain if options.log_config else None)


def _announce(options: argparse.Namespace, datasets: list[Dataset], items: int, batches: int, epochs: int) -> None:
    print("running training / 学習開始")
    print(f"  num train items / 学習画像、動画数: {items}")
    print(f"  num batches per epoch / 1epochのバッチ数: {batches}")
    print(f"  num epochs / epoch数: {epochs}")
    print(f"  batch size per device / バッチサイズ: {', '.join(str(dataset.batch_size) for dataset in datasets)}")
    print(f"  gradient accumulation steps / 勾配を合計するステップ数 = {options.gradient_accumulation_steps}")
    print(f"  total optimization steps / 学習ステップ数: {options.max_train_steps}")


def _load_batches(options: argparse.Namespace) -> tuple[list[Dataset], list[Batches]]:
    say(TRAINER, f"Load dataset config from {options.dataset_config}")
    datasets = load_datasets(options.dataset_config, options)
    batches = [training_batches(dataset) for dataset in datasets]
    if sum(part.items for part in batches) == 0:
        raise ValueError(
            "No training items found in the dataset. Please ensure that the latent/Text Encoder cache has been created "
            "beforehand. / データセットに学習データがありません。"
            "latent/Text Encoderキャッシュを事前に作成したか確認してください"
        )
    return datasets, batches


def train(options: argparse.Namespace) -> None:
    """The whole run. Raises what the real trainer raises."""
    checks.check_required(options)
    session, started = random.randint(0, 2**32), time.time()
    if options.seed is None:
        options.seed = random.randint(0, 2**32)
    numbers = np.random.default_rng(options.seed)
    shuffle_seed = int(numbers.integers(2**31))
    datasets, batches = _load_batches(options)
    events = _prepare_accelerator(options)
    sampler = Sampler(options)
    _load_dit(options)
    network = _build_network(options, numbers)
    print("prepare optimizer, data loader etc.")
    adamw, optimizer_name = optimizer.build(options)
    workers = checks.check_workers(options)
    batches_an_epoch = sum(len(part.order) for part in batches)
    steps_an_epoch = math.ceil(batches_an_epoch / options.gradient_accumulation_steps)
    if options.max_train_epochs is not None:
        options.max_train_steps = options.max_train_epochs * steps_an_epoch
        print(
            f"override steps. steps for {options.max_train_epochs} epochs is / "
            f"指定エポックまでのステップ数: {options.max_train_steps}"
        )
    schedule = optimizer.Schedule(options, options.max_train_steps)
    adamw.rate = schedule.rate
    saver = Saver(options, network, adamw, schedule, numbers)
    if options.resume:
        saver.load(options.resume)
    epochs = math.ceil(options.max_train_steps / steps_an_epoch)
    items = sum(part.items for part in batches)
    _announce(options, datasets, items, batches_an_epoch, epochs)
    metadata = Metadata(options, datasets, session, started)
    metadata.values.update(
        ss_num_train_items=items,
        ss_num_batches_per_epoch=batches_an_epoch,
        ss_num_epochs=epochs,
        ss_optimizer=optimizer_name,
    )
    saver.metadata = metadata
    tracker = _tracker(options, events)
    loop = Loop(
        options=options,
        network=network,
        optimizer=adamw,
        schedule=schedule,
        sampler=sampler,
        saver=saver,
        tracker=tracker,
        numbers=numbers,
    )
    loop.run(batches, epochs, shuffle_seed, workers)
