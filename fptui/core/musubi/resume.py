"""Resuming, right where the trainer is not.

musubi-tuner 0.3.4 counts from 0 again after `--resume`, does max_train_steps *more* steps, and writes over its own
files (training/trainer_base.py). So a resumed run gets an output name of its own, the remaining steps, and an offset.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fptui.core.musubi.files import State, entries, existing_outputs, list_states, same_folder
from fptui.core.run import RunRecord

_DEFAULTS = {"network_dim": 4, "network_alpha": 1, "learning_rate": 2e-6}
"""training/parser_common.py; the rank in networks/lora.py."""

_STATE_ENDING = re.compile(r"(?:-step\d{8,}|-\d{6,})?-state$")


@dataclass(frozen=True)
class ResumePoint:
    """A state and what it means: `step` is the true one; `run` wrote it, None for one made without fptui."""

    state: State
    step: int
    run: RunRecord | None


def points(output_dir: Path, output_name: str, runs: Sequence[RunRecord]) -> list[ResumePoint]:
    """Every state of this output name and of the runs that resumed it, directly or not, the furthest first. A final
    state counts with its run's last step, and is left out where that is unknown."""
    family: dict[str, RunRecord | None] = {output_name: None}
    for run in sorted(runs, key=lambda run: run.created_at):
        if run.output_name is not None and run.output_dir and same_folder(run.output_dir, output_dir):
            owner = _STATE_ENDING.sub("", Path(run.resumed_from).name) if run.resumed_from else None
            if run.output_name == output_name or owner in family:
                family[run.output_name] = run
    offsets = {name: writer.step_offset if writer else 0 for name, writer in family.items()}
    offsets = {**_resumed_before(output_dir, output_name), **offsets}
    found = []
    for name, offset in offsets.items():
        writer = family.get(name)
        last = writer.total_steps - offset if writer and writer.total_steps is not None else None
        for state in list_states(output_dir, name):
            own = state.step if state.step is not None else last
            if own is not None:
                found.append(ResumePoint(state, offset + own, writer))
    return sorted(found, key=lambda point: (point.step, point.state.step is not None), reverse=True)


def _resumed_before(output_dir: Path, output_name: str) -> dict[str, int]:
    """Names that `resumed_name` gave, and their offsets, off the states that lie there: the records may be gone."""
    pattern = re.compile(re.escape(output_name) + r"-from(\d{8,12})(?:-\d{1,5})?(?=(?:-step\d{8,})?-state$)")
    found = (pattern.match(path.name) for path in entries(output_dir))
    return {match[0]: int(match[1]) for match in found if match}


def resumed_name(output_dir: Path, output_name: str, step: int, taken: frozenset[str]) -> str:
    """`NAME-from00000060`, or with `-2`, … when that has files or belongs to another run."""
    base = f"{output_name}-from{step:08d}"
    name, number = base, 1
    while name in taken or existing_outputs(output_dir, name):
        number += 1
        name = f"{base}-{number}"
    return name


def caveats(
    config: Mapping[str, Any], before: Mapping[str, Any] | None, point: ResumePoint, remaining: int
) -> list[str]:
    """What the user should know of a resume with this config; `before` is the config that wrote the state, if known."""
    notes = []
    schedule = config.get("lr_scheduler") or "constant"
    if schedule not in ("constant", "constant_with_warmup", "adafactor"):
        notes.append(
            f"lr_scheduler {schedule} goes on at its step {point.step}, but the trainer lays it out over the "
            f"{remaining} steps that remain: the learning rate leaves the curve that it was on."
        )
    if before is not None:
        old, new = setting(before, "learning_rate"), setting(config, "learning_rate")
        if old != new:
            notes.append(f"learning_rate {new} has no effect: the trainer takes {old} out of the state.")
        old, new = setting(before, "network_alpha"), setting(config, "network_alpha")
        if old != new:
            notes.append(
                f"network_alpha was {old} and is {new}: what was trained is scaled anew. Put it back unless that is "
                "wanted."
            )
    return notes


def setting(config: Mapping[str, Any], key: str) -> Any:
    """What the trainer takes for `network_dim`, `network_alpha` or `learning_rate`, whether it is set or not."""
    value = config.get(key)
    if value is None:
        value = _DEFAULTS[key]
    return setting(config, "network_dim") if key == "network_alpha" and value == 0 else value
