"""Logs that the reader is held against: pieces of real ones in tests/data, whole ones where they are beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fptui.core.musubi.log_reader import LogReader

DATA = Path(__file__).parents[2] / "data"
SHARED = Path(__file__).parents[3].parent / "shared" / "data"

PROMPTS = (
    ("Convert reference images of poses and expressions into character design images.", 42),
    ("A girl waving at the camera.", 43),
)


@dataclass(frozen=True)
class Truth:
    """What a person reads out of a log. `facts` by name; what is not named is not looked at."""

    facts: dict[str, Any]
    checkpoints: Sequence[tuple[int | None, str]] = ()
    states: Sequence[tuple[int | None, str]] = ()
    samples: Sequence[tuple[int | None, str, int | None]] = ()
    warnings: dict[str, int] = field(default_factory=dict)
    averages: Sequence[tuple[int, float]] = ()
    """Some of them."""
    steps: int = 0
    """How many finished steps the log shows."""
    seconds_per_step: tuple[float, float] | None = None
    """Between which bounds; None: not known."""


def read(data: bytes, size: int | None = None) -> LogReader:
    """The reader after `data`, fed in pieces of `size`."""
    reader = LogReader()
    for start in range(0, len(data), size or max(1, len(data))):
        reader.feed(data[start : start + (size or len(data))])
    reader.close()
    return reader


def everything(reader: LogReader) -> tuple[object, ...]:
    """All that a reader tells, comparable."""
    facts = reader.facts()
    return (
        repr(facts),
        list(reader.steps),
        list(map(repr, reader.averages)),
        reader.pauses,
        reader.generation,
        None if reader.seconds_per_step is None else round(reader.seconds_per_step, 6),
    )


def _h200(batch: int, batches: int, steps: int, name: str, **more: Any) -> Truth:
    facts = {
        "program": "fpack_train_network",
        "phase": "ended",
        "outcome": "finished",
        "error": None,
        "total_steps": steps,
        "step": steps,
        "epochs": 1,
        "epoch": 1,
        "num_train_items": 480,
        "batches_per_epoch": batches,
        "batch_size": (batch,),
        "gradient_accumulation_steps": 1,
        "resumed_from": None,
    }
    return Truth(facts, checkpoints=[(steps, f"/workspace/out/{name}.safetensors")], steps=steps, **more)


_OUT_OF_MEMORY = {
    "program": "fpack_train_network",
    "phase": "training",
    "outcome": "out-of-memory",
    "total_steps": 2,
    "step": 0,
    "epochs": 1,
    "epoch": 1,
    "num_train_items": 480,
    "batch_size": (96,),
    "average_loss": None,
}
_PANE = {
    "program": "fpack_train_network",
    "phase": "training",
    "outcome": "running",
    "error": None,
    "total_steps": 80,
    "step": 67,
    "epochs": 2,
    "epoch": 2,
    "num_train_items": 240,
    "batch_size": (4,),
    "resumed_from": None,
    "average_loss": 0.994,
    "save_in_progress": None,
}
_PANE_SAVES: dict[str, Any] = {
    "checkpoints": [(step, f"/workspace/out/full-v1-step{step:08d}.safetensors") for step in (20, 40, 60)],
    "states": [(step, f"/workspace/out/full-v1-step{step:08d}-state") for step in (20, 40, 60)],
    # At step 60 an epoch ends as well, so the trainer samples twice.
    "samples": [(step, *prompt) for step in (0, 20, 40, 60, 60) for prompt in PROMPTS],
}
_OUT = "/workspace/project/work/out/myrun"
_GOLDEN_STATES = [(4, f"{_OUT}-step00000004-state"), (8, f"{_OUT}-step00000008-state"), (10, f"{_OUT}-state")]
_GOLDEN = {"num_train_items": 7, "batches_per_epoch": 4, "batch_size": (2,), "error": None}

_TINY = {"program": "fpack_train_network", "phase": "training", "num_train_items": 16, "batch_size": (2,)}
_TINY_SAVES: dict[str, Any] = {
    "checkpoints": [(step, f"/workspace/output/tiny-v1-step{step:08d}.safetensors") for step in (10, 20)],
    "states": [(step, f"/workspace/output/tiny-v1-step{step:08d}-state") for step in (10, 20)],
    "samples": [(20, *PROMPTS[0])],
}

TRUTHS: dict[str, Truth] = {
    "logs/oom.log": Truth(_OUT_OF_MEMORY),
    "logs/pane_killed.log": Truth(_PANE, steps=16, averages=[(1, 1.62), (67, 0.994)], **_PANE_SAVES),
    "logs/cached_latents.log": Truth(
        {
            "program": "fpack_cache_latents",
            "phase": "caching",
            "outcome": "running",
            "items_cached": 3,
            "items_to_cache": 48,
        },
        warnings={"nan-latents": 5, "other": 1},
    ),
    "logs/wandb_offline.log": Truth(
        _GOLDEN | {"outcome": "finished", "step": 6, "total_steps": 6, "epoch": 2, "wandb_url": None},
        states=[(6, "/workspace/project/work/res/myrun-state")],
        warnings={"wandb": 2},
        averages=[(1, 1.72), (2, 1.62), (3, 1.66), (4, 1.61), (5, 1.55), (6, 1.59)],
        steps=6,
        seconds_per_step=(0.7, 0.8),
    ),
    # Ctrl-C in a terminal: tracebacks of trainer and launcher, and the bar once more.
    "logs/interrupted_pane.log": Truth(
        _TINY | {"outcome": "interrupted", "step": 27, "total_steps": 40, "epoch": 4, "epochs": 5},
        steps=27,
        averages=[(1, 1.22), (3, 1.23), (26, 1.23), (27, 1.24)],
        **_TINY_SAVES,
    ),
    # SIGKILL to the trainer below its launcher, on a pipe.
    "logs/killed_pipe.log": Truth(
        _TINY | {"outcome": "interrupted", "step": 23, "total_steps": 40, "epoch": 3, "epochs": 5},
        steps=23,
        averages=[(1, 1.22), (22, 1.24), (23, 1.23)],
        **_TINY_SAVES,
    ),
    "golden/train_stderr.raw": Truth(
        _GOLDEN | {"outcome": "finished", "phase": "ended", "step": 10, "total_steps": 10, "epoch": 3, "epochs": None},
        states=_GOLDEN_STATES,
        samples=[(step, text, seed) for step in (0, 4, 4, 8, 8) for text, seed in (("A girl", 1234), ("A boy", None))],
        averages=list(zip(range(1, 11), (1.48, 1.57, 1.58, 1.61, 1.63, 1.64, 1.6, 1.61, 1.59, 1.57), strict=True)),
        steps=10,
        seconds_per_step=(0.1, 0.3),
    ),
    "golden/train_stdout.txt": Truth(
        _GOLDEN | {"outcome": "running", "phase": "saving", "step": None, "total_steps": 10, "epoch": 3, "epochs": 3},
        checkpoints=[(4, f"{_OUT}-step00000004.safetensors"), (8, f"{_OUT}-step00000008.safetensors")],
    ),
    "golden/resume_stderr.raw": Truth(
        _GOLDEN | {"outcome": "finished", "step": 6, "total_steps": 6, "epoch": 2},
        states=[
            (4, "/workspace/project/work/res/myrun-step00000004-state"),
            (6, "/workspace/project/work/res/myrun-state"),
        ],
        averages=[(1, 1.45), (2, 1.58), (3, 1.59), (4, 1.61), (5, 1.6), (6, 1.6)],
        steps=6,
        seconds_per_step=(4, 7),
    ),
    "golden/resume_stdout.txt": Truth(
        _GOLDEN | {"outcome": "running", "step": None, "total_steps": 6, "epochs": 2},
        checkpoints=[(4, "/workspace/project/work/res/myrun-step00000004.safetensors")],
    ),
    # Each micro-batch draws the bar anew: 1.59 at step 2 is the last of three that belong to step 3.
    "golden/train_accum3_stderr.raw": Truth(
        _GOLDEN | {"outcome": "finished", "step": 4, "total_steps": 4, "epoch": 2},
        states=[(4, "l4/myrun-state")],
        averages=[(1, 1.66), (2, 1.59), (3, 1.57), (4, 1.61)],
        steps=4,
        seconds_per_step=(4, 7),
    ),
    "golden/cache_latents_stderr.raw": Truth(
        {
            "program": "fpack_cache_latents",
            "phase": "ended",
            "outcome": "finished",
            "items_cached": 7,
            "items_to_cache": 7,
        }
    ),
    "golden/cache_latents_stdout.txt": Truth(
        {"program": "fpack_cache_latents", "outcome": "running", "items_cached": 7, "items_to_cache": None}
    ),
    "golden/cache_te_stderr.raw": Truth(
        {"program": "fpack_cache_text_encoder_outputs", "phase": "ended", "outcome": "finished", "items_cached": 7}
    ),
    "golden/cache_te_stdout.txt": Truth({"program": None, "outcome": "running", "phase": "starting"}),
}
"""By name below tests/data."""

SHARED_TRUTHS: dict[str, Truth] = {
    "h200/smoke_b1.log": _h200(
        1, 480, 5, "smoke", averages=[(1, 1.67), (2, 1.48), (3, 5.13), (4, 5.45), (5, 4.8)], seconds_per_step=(1.3, 1.6)
    ),
    "h200/b2.log": _h200(2, 240, 4, "b2", averages=[(1, 1.65), (4, 5.6)], seconds_per_step=(2.2, 2.8)),
    "h200/b4.log": _h200(4, 120, 4, "b4", averages=[(1, 1.65), (4, 5.31)], seconds_per_step=(4.8, 5.4)),
    "h200/b16.log": _h200(16, 30, 3, "b16", averages=[(1, 1.62), (3, 4.94)], seconds_per_step=(20.5, 21.5)),
    "h200/b1s20.log": _h200(1, 480, 4, "b1s20", averages=[(1, 1.67), (4, 5.45)], seconds_per_step=(9.8, 10.5)),
    "h200/b16s20.log": _h200(16, 30, 2, "b16s20", averages=[(1, 1.62), (2, 1.45)], seconds_per_step=(22, 22.5)),
    "h200/oom96.log": Truth(_OUT_OF_MEMORY),
    "h200/train_pane_180cols.log": Truth(
        _PANE, steps=67, averages=[(1, 1.62), (60, 1.06), (67, 0.994)], seconds_per_step=(1.9, 2.1), **_PANE_SAVES
    ),
    "h200/cache_latents_512.log": Truth(
        {
            "program": "fpack_cache_latents",
            "phase": "ended",
            "outcome": "finished",
            "items_cached": 48,
            "items_to_cache": 48,
            "batch_size": (4,),
        },
        warnings={"nan-latents": 96},
    ),
    "h200/cache_te_512.log": Truth(
        {
            "program": "fpack_cache_text_encoder_outputs",
            "phase": "ended",
            "outcome": "finished",
            "items_cached": 48,
            "items_to_cache": 48,
        }
    ),
    "musubi_golden/generate_1f_stderr.raw": Truth(
        {"program": "fpack_generate_video", "outcome": "finished", "step": None}
    ),
    "musubi_golden/generate_1f_stdout.txt": Truth({"program": None, "outcome": "running"}),
}
"""By name in the folder of whole logs, which not every checkout has beside it."""
