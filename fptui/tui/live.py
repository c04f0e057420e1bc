"""The real watch and actions behind the protocols. Their modules are imported when first used, off the UI's thread."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from fptui.check.check import Report
from fptui.check.problem import Place
from fptui.core.run import RunRecord
from fptui.core.view import ProjectView
from fptui.tui.actions import Consequence, Plan
from fptui.tui.snapshot import Reader, Watch


class LiveWatch:
    """`ProjectWatch` over the real GPUs, made at the first poll: the screen is there before NVML is."""

    def __init__(self, project_path: Path, environment: Mapping[str, str]) -> None:
        self._path = project_path
        self._environment = environment
        self._watch: Watch | None = None

    @property
    def run_watch(self) -> Reader | None:
        return self._watch.run_watch if self._watch is not None else None

    def poll(self, now: float, selected: str | None) -> ProjectView:
        if self._watch is None:
            self._watch = self._make()
        return self._watch.poll(now, selected)

    def utilisation(self, gpu: int, since: float) -> Sequence[tuple[float, int | None]]:
        return self._watch.utilisation(gpu, since) if self._watch is not None else ()

    def _make(self) -> Watch:
        from fptui.actions.autostop import shown
        from fptui.adapters.nvml import NvmlSource
        from fptui.core.project import find_project
        from fptui.watch.pod_past import PodPast
        from fptui.watch.project_watch import ProjectWatch

        gpus = NvmlSource()
        gpus.start_peak_sampler()
        project = find_project(self._path)
        past = PodPast(project, self._environment)
        return ProjectWatch(project, gpus, autostop=shown(self._environment), past=past)


class ProjectActions:
    """The functions of `fptui.actions` that the commands call too."""

    def __init__(self, project_path: Path, environment: Mapping[str, str]) -> None:
        self._path = project_path
        self._environment = environment

    def plan(self, version: str | None, *, smoke: bool = False, resume: str | None = None) -> Plan:
        from fptui.actions.start import StartOptions, plan_train
        from fptui.core.project import find_project

        options = StartOptions(smoke=smoke, resume=resume)
        project = find_project(self._path)
        return plan_train(project, version, options, environment=self._environment, now=time.time())

    def launch(self, plan: Plan) -> tuple[RunRecord, ...]:
        from fptui.actions.start import StartPlan, launch
        from fptui.core.project import find_project

        assert isinstance(plan, StartPlan)
        return launch(find_project(self._path), plan, environment=self._environment)

    def check(self, version: str) -> Report:
        from fptui.actions.check import check_version
        from fptui.core.project import find_project

        return check_version(find_project(self._path), version, self._environment)

    def editor_command(self, place: Place) -> list[str]:
        from fptui.actions.editor import editor_command
        from fptui.core.project import find_project

        return editor_command(find_project(self._path), place, self._environment)

    def stop_consequence(self, run_id: str, mode: str) -> Consequence:
        from fptui.actions.stop import consequence
        from fptui.core.project import find_project, find_run

        return consequence(find_run(find_project(self._path), run_id), mode, time.time())

    def request_stop(self, run_id: str, mode: str) -> None:
        from fptui.actions.stop import request
        from fptui.core.project import find_project, find_run

        request(find_run(find_project(self._path), run_id), mode, time.time())

    def autostop(self, do: str, seconds: float = 0.0) -> None:
        from fptui.actions import autostop
        from fptui.core.project import find_project

        if do == "arm":
            autostop.arm(find_project(self._path), self._environment, time.time())
        elif do == "extend":
            autostop.extend(self._environment, time.time(), seconds)
        else:
            autostop.cancel(self._environment, time.time())

    def attach_command(self, run_id: str) -> tuple[list[str], Mapping[str, str]]:
        from fptui.actions.attach import attach_command
        from fptui.core.project import find_project, find_run

        return attach_command(find_run(find_project(self._path), run_id), self._environment)
