"""The metadata of a saved LoRA: the trainer's keys, every value a string."""

import argparse
import json
import time
from datetime import datetime
from pathlib import Path

from fptui.rehearsal.console import TRAINER, say
from fptui.rehearsal.dataset import Dataset

_OF_OPTIONS = """
    output_name learning_rate gradient_checkpointing gradient_checkpointing_cpu_offload gradient_accumulation_steps
    max_train_steps lr_warmup_steps lr_scheduler network_module network_dim network_alpha network_dropout
    mixed_precision seed training_comment max_grad_norm weighting_scheme logit_mean logit_std mode_scale guidance_scale
    timestep_sampling sigmoid_scale discrete_flow_shift
"""
_MINIMUM = ("ss_base_model_version", "ss_network_module", "ss_network_dim", "ss_network_alpha", "ss_network_args")
_EMPTY_HASH = "e3b0c442"
"""The old hash reads a part that small files do not have: always that of nothing."""


class Metadata:
    """What is known when training starts; `saved` adds what is known at a save."""

    def __init__(self, options: argparse.Namespace, datasets: list[Dataset], session: int, started: float) -> None:
        self._options = options
        self.values: dict[str, object] = {f"ss_{name}": getattr(options, name) for name in _OF_OPTIONS.split()}
        self.values.update(
            ss_session_id=session,
            ss_training_started_at=started,
            ss_base_model_version="framepack",
            ss_fp8_base=bool(options.fp8_base),
            ss_full_fp16=False,
            ss_full_bf16=False,
            ss_datasets=json.dumps([dataset.metadata() for dataset in datasets]),
        )
        if options.network_args:
            self.values["ss_network_args"] = json.dumps(dict(text.split("=") for text in options.network_args))
        for option, key, word in (("dit", "ss_sd_model_name", "DiT"), ("vae", "ss_vae_name", "VAE")):
            path = getattr(options, option)
            if path is not None:
                say(TRAINER, f"set {word} model name for metadata: {path}")
                self.values[key] = Path(path).name if Path(path).exists() else path

    def _spec(self, now: float) -> dict[str, str]:
        options = self._options
        sides = [int(side) for side in str(options.metadata_reso or "1280,720").split(",")]
        spec = {
            "modelspec.sai_model_spec": "1.0.0",
            "modelspec.architecture": f"{options.metadata_arch or 'framepack'}/lora",
            "modelspec.implementation": "https://github.com/lllyasviel/FramePack",
            "modelspec.title": options.metadata_title or options.output_name or f"LoRA@{now}",
            "modelspec.date": datetime.fromtimestamp(int(now)).isoformat(),
            "modelspec.resolution": f"{sides[0]}x{sides[-1]}",
        }
        for name in ("author", "description", "license", "tags"):
            value = getattr(options, f"metadata_{name}")
            if value is not None:
                spec[f"modelspec.{name}"] = value
        if options.min_timestep is not None or options.max_timestep is not None:
            ends = options.min_timestep or 0, 1000 if options.max_timestep is None else options.max_timestep
            spec["modelspec.timestep_range"] = f"{ends[0]},{ends[1]}"
        return spec

    def saved(self, steps: int, epoch: int, digest: str) -> dict[str, str]:
        """For a file of that many steps. Raises TypeError when there is no name to give it."""
        now = time.time()
        self.values.update(ss_training_finished_at=now, ss_steps=steps, ss_epoch=epoch)
        keys = _MINIMUM if self._options.no_metadata else tuple(self.values)
        kept = {key: str(self.values[key]) for key in keys if key in self.values}
        return {**kept, **self._spec(now), "sshs_model_hash": digest, "sshs_legacy_hash": _EMPTY_HASH}
