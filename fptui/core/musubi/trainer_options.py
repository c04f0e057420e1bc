"""Every option of fpack_train_network, musubi-tuner 0.3.4, out of its parser: what config.toml may hold."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any


@cache
def trainer_options() -> Mapping[str, Mapping[str, Any]]:
    """By key: `type` as TOML has it (`string`, `float|integer`, `array<string>`), and `choices` where there are any."""
    text = Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
    options: dict[str, dict[str, Any]] = json.loads(text)
    return options


DATA_SET_KEYS = frozenset(
    (
        *("resolution", "caption_extension", "batch_size", "num_repeats", "enable_bucket", "bucket_no_upscale"),
        *("cache_directory", "control_directory", "image_directory", "image_jsonl_file", "multiple_target"),
        *("fp_latent_window_size", "fp_1f_clean_indices", "fp_1f_target_index", "fp_1f_no_post"),
        *("no_resize_control", "control_resolution", "video_directory", "video_jsonl_file", "target_frames"),
        *("frame_extraction", "frame_stride", "frame_sample", "max_frames", "source_fps", "debug_dataset"),
    )
)
"""Of the data-set file; in config.toml they become its defaults (dataset/config_utils.py)."""
