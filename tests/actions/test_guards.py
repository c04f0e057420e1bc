"""What stands in the way of a start, what --force lets by, and what nothing does."""

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from fptui.actions.guards import refuse_conflicts
from fptui.adapters.processes import boot_id, start_ticks
from fptui.core.project import Project, Settings
from fptui.core.run import ExitRecord, Heartbeat, RunRecord, write_record
from fptui.core.status import Stage, Status
from fptui.errors import Refused

NOW = time.time()
OTHER = "v1-other"
BOTH = pytest.mark.parametrize("force", [False, True])


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, "p", Settings())


def record(project: Project, version: str, stage: Stage = Stage.TRAIN, **changes: Any) -> RunRecord:
    values = {"output_dir": str(project.path / "output"), "output_name": f"{version}-name", "trainer": "musubi"}
    run_id = f"{version}-{stage.value}-20261122-103000"
    return RunRecord(run_id, version, stage, argv=("x",), cwd="/p", created_at=NOW - 600, **{**values, **changes})


def going_on(project: Project, **changes: Any) -> Path:
    """A run of v1 under a supervisor that lives: this process."""
    folder = project.runs / OTHER
    folder.mkdir(parents=True)
    write_record(folder / "run.json", RunRecord(**{**vars(record(project, "v1", **changes)), "id": OTHER}))
    ticks = start_ticks(os.getpid())
    assert ticks is not None
    beat = Heartbeat(NOW, os.getpid(), ticks, boot_id(), os.uname().nodename, Status.TRAINING)
    write_record(folder / "heartbeat.json", beat)
    return folder


def refused(project: Project, *wanted: RunRecord, force: bool = False) -> str | None:
    try:
        refuse_conflicts(project, wanted, NOW, force=force)
    except Refused as error:
        return str(error)
    return None


@BOTH
@pytest.mark.parametrize("stage", [Stage.TRAIN, Stage.SMOKE, Stage.CACHE_TEXT])
def test_a_version_has_one_run_at_a_time(project: Project, force: bool, stage: Stage) -> None:
    folder = going_on(project, trainer="rehearsal", output_name="before")
    wanted = record(project, "v1", stage, trainer="rehearsal")
    assert refused(project, wanted, force=force) == (
        f"{OTHER} is still going on, and a version has one run at a time: `fptui stop {OTHER}`, or make a new version."
    )
    write_record(folder / "exit.json", ExitRecord(Status.STOPPED, 0, None, NOW, NOW))
    assert refused(project, wanted, force=force) is None


def test_a_run_is_not_in_its_own_way(project: Project) -> None:
    going_on(project)
    itself = RunRecord(**{**vars(record(project, "v1")), "id": OTHER})
    assert refused(project, itself) is None


def test_a_lost_run_is_in_nobody_s_way(project: Project) -> None:
    folder = going_on(project)
    (folder / "heartbeat.json").unlink()
    assert refused(project, record(project, "v1")) is None


@BOTH
def test_two_runs_never_write_the_same_files(project: Project, force: bool) -> None:
    going_on(project, output_name="same", gpus=(0,))
    (project.path / "output").mkdir()
    (project.path / "link").symlink_to("output")
    for folder, is_refused in (("output", True), ("link", True), ("elsewhere", False)):
        wanted = record(project, "v2", output_dir=str(project.path / folder), output_name="same", gpus=(1,))
        said = f"{OTHER} writes to the same output_dir and output_name: give v2 another output_name."
        assert refused(project, wanted, force=force) == (said if is_refused else None)


@pytest.mark.parametrize(
    ("others", "mine", "shared"),
    [((), (), True), ((0,), (), True), ((), (1,), True), ((0, 1), (1, 2), True), ((0,), (1,), False)],
)
@pytest.mark.parametrize("stage", [Stage.TRAIN, Stage.SMOKE, Stage.CACHE_LATENTS])
def test_a_gpu_is_shared_only_when_forced(
    project: Project, others: tuple[int, ...], mine: tuple[int, ...], shared: bool, stage: Stage
) -> None:
    going_on(project, gpus=others)
    wanted = record(project, "v2", stage, gpus=mine)
    said = f"{OTHER} is using the GPU: wait for it, stop it, choose another with --gpu, or share it with --force."
    assert refused(project, wanted) == (said if shared else None)
    assert refused(project, wanted, force=True) is None


@pytest.mark.parametrize(("other", "mine"), [("rehearsal", "musubi"), ("musubi", "rehearsal")])
def test_the_rehearsal_uses_no_gpu(project: Project, other: str, mine: str) -> None:
    going_on(project, trainer=other)
    assert refused(project, record(project, "v2", trainer=mine)) is None


def test_any_run_of_a_chain_is_looked_at(project: Project) -> None:
    going_on(project, gpus=(0,))
    chain = [record(project, "v2", Stage.CACHE_LATENTS, gpus=(1,)), record(project, "v2", gpus=(0,))]
    assert "is using the GPU" in (refused(project, *chain) or "")


@BOTH
@pytest.mark.parametrize(
    ("names", "count"),
    [
        (["v1-name-step00000020.safetensors"], "a file of v1-name (v1-name-step00000020.safetensors)"),
        (["v1-name-state", "v1-name.safetensors"], "2 files of v1-name (v1-name-state)"),
        (["v1-name2.safetensors", "other-state", "v1-name-from00000020-step00000020.safetensors"], None),
    ],
)
def test_nothing_is_written_over(project: Project, force: bool, names: list[str], count: str | None) -> None:
    (project.path / "output").mkdir()
    for name in names:
        (project.path / "output" / name).mkdir()
    said = refused(project, record(project, "v1"), force=force)
    if count is None:
        assert said is None
    else:
        assert said is not None
        assert re.fullmatch(
            rf"{re.escape(str(project.path / 'output'))} already has {re.escape(count)}, and this run would write over "
            r"them. Resume \(`fptui train --resume`, .*\), make a new version, or set another output_name\.",
            said,
        )
    for stage in (Stage.SMOKE, Stage.CACHE_LATENTS, Stage.CACHE_TEXT):
        assert refused(project, record(project, "v1", stage), force=force) is None
