"""How the programs speak: log records on stderr under the real trainer's logger names, notices on stdout."""

import logging
import os

MAIN = "__main__"
PARSER = "musubi_tuner.training.parser_common"
TRAINER = "musubi_tuner.training.trainer_base"
TRAIN_UTILS = "musubi_tuner.utils.train_utils"
CONFIG = "musubi_tuner.dataset.config_utils"
SOURCES = "musubi_tuner.dataset.datasources"
BUCKET = "musubi_tuner.dataset.bucket"
CACHE = "musubi_tuner.dataset.cache_io"
DATASET = "musubi_tuner.dataset.image_video_dataset"
CACHE_TEXT = "musubi_tuner.cache_text_encoder_outputs"
FRAMEPACK = "musubi_tuner.frame_pack.framepack_utils"
TRANSFORMER = "musubi_tuner.frame_pack.hunyuan_video_packed"
GENERATE = "musubi_tuner.fpack_generate_video"
LORA = "musubi_tuner.networks.lora"
ACCELERATOR = "accelerate.accelerator"
CHECKPOINTING = "accelerate.checkpointing"
REHEARSAL = "fptui.rehearsal"


def begin(*, trainer: bool = False) -> None:
    """The first words of every program. Comes before numpy is imported: a tiny network needs one thread."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    logging.basicConfig(level=logging.INFO)
    say(REHEARSAL, "rehearsal, not musubi-tuner: a tiny network on the CPU")
    print("Xformers is not installed!")
    print("Flash Attn is not installed!")
    print("Sage Attn is not installed!")
    if trainer:
        print("Trying to import sageattention")
        print("Failed to import sageattention")


def say(logger: str, message: object) -> None:
    """One INFO record."""
    logging.getLogger(logger).info("%s", message)


def warn(logger: str, message: object) -> None:
    """One WARNING record."""
    logging.getLogger(logger).warning("%s", message)


def complain(logger: str, message: object) -> None:
    """One ERROR record."""
    logging.getLogger(logger).error("%s", message)
