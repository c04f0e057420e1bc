"""Starting: what would be started, as a plan that can be shown and asked about, and the start itself."""

import contextlib
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fptui.actions.autostop import arm_for_runs, refuse_while_stopping, will_arm
from fptui.actions.guards import refuse_conflicts
from fptui.actions.plan_cache import missing_caches
from fptui.actions.plan_run import Planned, RunPlanner, StartOptions
from fptui.actions.safety import left_behind
from fptui.actions.start_limits import limit_notes
from fptui.adapters.handover import write_environment
from fptui.adapters.tmux import Tmux
from fptui.adapters.trainer import Reached, reach, sync
from fptui.core.project import Project
from fptui.core.run import RunFolder, RunRecord, write_record
from fptui.core.text import plain
from fptui.core.version import read_version
from fptui.errors import FptuiError, Refused

__all__ = ["StartOptions", "StartPlan", "launch", "plan_cache", "plan_train"]


class AllCached(Refused):
    """There is nothing to cache, which the command takes for success."""


@dataclass(frozen=True)
class StartPlan:
    """The runs, one after another in one window, with the texts of their config folders and words for the user."""

    planned: tuple[Planned, ...]
    notes: tuple[str, ...] = ()
    force: bool = False
    """Whether the runs may share a GPU with others."""
    stops: bool = False
    """Whether the pod is to stop after them."""

    @property
    def records(self) -> tuple[RunRecord, ...]:
        return tuple(item.record for item in self.planned)


def plan_train(
    project: Project, version: str | None, options: StartOptions, *, environment: Mapping[str, str], now: float
) -> StartPlan:
    """Caches where they are missing, then the training. Nothing is written, but see `_reach`."""
    chosen = read_version(project, version)
    planner = RunPlanner(project, chosen, _reach(project, environment), environment, now)
    caches = missing_caches(planner)
    training, notes = planner.train(options, follows=caches[-1].record.id if caches else None)
    stops = will_arm(project, options.autostop, environment)
    notes += limit_notes(project, options, training.record, environment, is_guarded=stops is not None)
    if stops is None and options.autostop not in (None, "off"):
        raise Refused(
            "Nothing here can be stopped: this is no pod that fptui knows, so --autostop would stop nothing. Leave it "
            "out, or look at `fptui autostop test`."
        )
    if stops is not None:
        notes += filter(None, (stops, left_behind(training.record, environment)))
    plan = StartPlan((*caches, training), tuple(notes), options.force, stops is not None)
    refuse_conflicts(project, plan.records, now, force=options.force)
    return plan


def plan_cache(
    project: Project, version: str | None, *, environment: Mapping[str, str], now: float, force: bool = False
) -> StartPlan:
    """Both caches, as far as they are missing; `force` makes all of them again."""
    chosen = read_version(project, version)
    planner = RunPlanner(project, chosen, _reach(project, environment), environment, now)
    caches = missing_caches(planner, everything=force)
    if not caches:
        raise AllCached(f"{chosen.name} is cached: every item has both files. --force makes them again.")
    stops = will_arm(project, None, environment)
    plan = StartPlan(tuple(caches), (stops,) if stops else (), force, stops is not None)
    refuse_conflicts(project, plan.records, now, force=force)
    return plan


def launch(
    project: Project, plan: StartPlan, *, environment: Mapping[str, str], tmux: Tmux | None = None
) -> tuple[RunRecord, ...]:
    """Write the runs' folders and open their window. When that fails nothing half-made stays."""
    tmux = tmux or Tmux(environment=environment)
    tmux.check()
    refuse_while_stopping(environment)
    sync(project, environment)
    records = plan.records
    with _lock(project):
        # Another start may have come between the plan and this one.
        refuse_conflicts(project, records, records[0].created_at, force=plan.force)
        for record in records:
            if (project.runs / record.id).exists():
                raise Refused(f"{record.id} was started a moment ago, by somebody else: look at it with `fptui ls`.")
        made: list[Path] = []
        handover = None
        try:
            for item in plan.planned:
                made.append(_write_folder(project, item))
            secrets = {name: value for item in plan.planned for name, value in item.secrets.items()}
            handover = write_environment({**environment, **secrets}, records[-1].id)
            argv = [sys.executable, "-m", "fptui", "supervise", "--environment", str(handover), *map(str, made)]
            windows = [RunFolder(path).window for path in made]
            # Before the first step: however soon it ends, somebody must have been told of it.
            arm_for_runs(project, windows, records[-1].autostop, environment, records[0].created_at)
            tmux.open_window(records[-1].id, argv, project.path, windows)
        except BaseException:
            for path in made:
                shutil.rmtree(path, ignore_errors=True)
            if handover is not None:
                handover.unlink(missing_ok=True)
            raise
    return records


def _reach(project: Project, environment: Mapping[str, str]) -> Reached:
    """The trainer; where nobody has it yet, as in a new project, after the first `uv sync`, which takes minutes."""
    try:
        return reach(project, environment)
    except Refused:
        if not sync(project, environment):
            raise
        return reach(project, environment)


def _write_folder(project: Project, item: Planned) -> Path:
    final = project.runs / item.record.id
    temporary = project.runs / f".{item.record.id}.{os.getpid()}"
    try:
        (temporary / "config").mkdir(parents=True)
        for name, text in item.texts.items():
            (temporary / "config" / name).write_text(text, encoding="utf-8")
        write_record(temporary / "run.json", item.record)
        temporary.rename(final)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if not isinstance(error, (OSError, UnicodeError)):
            raise
        why = error.strerror if isinstance(error, OSError) else "a path in it is not UTF-8"
        raise FptuiError(f"{plain(str(final))} cannot be written: {why}. The run was not started.") from None
    return final


@contextlib.contextmanager
def _lock(project: Project) -> Iterator[None]:
    """One start at a time in a project, so that two cannot both find the GPU free."""
    try:
        project.runs.mkdir(exist_ok=True)
        with (project.runs / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise FptuiError(f"{plain(str(project.runs))} cannot be written: {error.strerror}.") from None
