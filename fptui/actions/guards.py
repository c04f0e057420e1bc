"""What stands in the way of a start: a run of the same version or on the same GPU, files that would be written over."""

from collections.abc import Sequence
from pathlib import Path

from fptui.adapters.processes import is_alive
from fptui.core.musubi.files import existing_outputs, same_folder
from fptui.core.project import Project
from fptui.core.run import RunRecord
from fptui.core.run_status import row
from fptui.core.status import Stage
from fptui.core.text import plain
from fptui.errors import Refused


def refuse_conflicts(project: Project, wanted: Sequence[RunRecord], now: float, *, force: bool) -> None:
    """`force` lets two runs share a GPU; nothing lets a run write over what another has trained or trains."""
    active = [other for other in _active(project, now) if other.id not in {record.id for record in wanted}]
    for record in wanted:
        for other in active:
            why = _conflict(record, other, force=force)
            if why is not None:
                raise Refused(f"{other.id} {why}")
        _refuse_overwriting(record)


def _conflict(record: RunRecord, other: RunRecord, *, force: bool) -> str | None:
    if other.version == record.version:
        return (
            f"is still going on, and a version has one run at a time: `fptui stop {other.id}`, or make a new version."
        )
    if _write_the_same(record, other):
        return f"writes to the same output_dir and output_name: give {record.version} another output_name."
    if not force and _share_gpu(record, other):
        return "is using the GPU: wait for it, stop it, choose another with --gpu, or share it with --force."
    return None


def _refuse_overwriting(record: RunRecord) -> None:
    if record.stage is not Stage.TRAIN or record.output_dir is None or record.output_name is None:
        return
    there = existing_outputs(Path(record.output_dir), record.output_name)
    if there:
        count = "a file" if len(there) == 1 else f"{len(there)} files"
        raise Refused(
            f"{plain(record.output_dir)} already has {count} of {plain(record.output_name)} ({plain(there[0].name)}), "
            "and this run would write over them. Resume (`fptui train --resume`, r in the dashboard), make a new "
            "version, or set another output_name."
        )


def _active(project: Project, now: float) -> list[RunRecord]:
    rows = [row(folder, now, is_alive) for folder in project.run_folders()]
    return [item.record for item in rows if item is not None and item.status.is_active]


def _write_the_same(one: RunRecord, other: RunRecord) -> bool:
    if one.output_name is None or one.output_name != other.output_name:
        return False
    return bool(one.output_dir and other.output_dir and same_folder(one.output_dir, other.output_dir))


def _share_gpu(one: RunRecord, other: RunRecord) -> bool:
    """No number means every GPU; the rehearsal uses none."""
    if "rehearsal" in (one.trainer, other.trainer):
        return False
    return not one.gpus or not other.gpus or bool(set(one.gpus) & set(other.gpus))
