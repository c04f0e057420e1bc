"""What single lines of musubi-tuner 0.3.4 say. Loggers move between its releases, so messages alone are matched; the
places in its sources are named in musubi-tuner's `training/trainer_base.py`, `utils/train_utils.py`, `dataset/*`."""

import re

LOG = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL):([\w.]*):(.*)", re.DOTALL)
"""logging's default format; the message may be empty."""

# "sample steps: 4" also holds "steps: ", so the bar is known by its whole description.
STEPS_BAR = b"steps"

CLOCK = re.compile(rb"((?:\d{1,9}:)?\d{1,9}:\d\d)<(?:[\d:?]+, +([\d.]+)(it/s|s/it))?")
"""Elapsed, and the rate where there is one."""
AVERAGE = re.compile(rb"(?:^|, )avr_loss=([^,\]\s]+)")

STEP_IN_NAME = re.compile(r"-step(\d{1,18})(?:-state)?(?:\.\w+)?/*$")
EPOCH_IN_NAME = re.compile(r"-(\d{6})(?:-state)?(?:\.\w+)?/*$")

NUMBER_AT_END = re.compile(r"[:=]\s*(\d{1,18})\s*$")
NUMBERS_AT_END = re.compile(r":\s*([\d, ]+)$")
EPOCH = re.compile(r"epoch (\d{1,9})/(\d{1,9})$")
EPOCH_INCREMENTED = re.compile(r"epoch is incremented\. current_epoch: \d+, epoch: (\d{1,9})")
ITEMS_FOUND = re.compile(r"(?:loaded (\d{1,12}) (?:images|videos)$|found (\d{1,12}) (?:images|videos)$)")
DATASET = re.compile(r"\[Dataset (\d{1,6})\]$")
DATASET_BATCH_SIZE = re.compile(r"batch_size: (\d{1,9})$")
BUCKET = re.compile(r"bucket: \(.*\), count: (\d{1,12})$")
ENCODING_DATASET = re.compile(r"Encoding dataset \[(\d{1,6})\]$")
WANDB_RUN = re.compile(r"wandb: .*View run\b.*?(https?://\S+)")
PROGRAM = re.compile(r"\b(fpack_(?:train_network|cache_latents|cache_text_encoder_outputs|generate_video))\b")

BLOCK = (
    ("num train items / ", "num_train_items"),
    ("num batches per epoch / ", "batches_per_epoch"),
    ("num epochs / ", "epochs"),
    ("gradient accumulation steps / ", "gradient_accumulation_steps"),
    ("total optimization steps / ", "total_steps"),
)
"""The block behind "running training"; each line ends in `: N` or ` = N`."""
BATCH_SIZE = "batch size per device / "
