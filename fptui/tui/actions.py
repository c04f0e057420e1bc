"""What the dashboard asks for, as a protocol and as the functions that the commands call too."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from fptui.core.run import RunRecord


class Consequence(Protocol):
    """What a stop would do: `actions.stop.StopConsequence`."""

    @property
    def possible(self) -> bool: ...

    @property
    def sentence(self) -> str: ...


class Plan(Protocol):
    """What a start would do: `actions.start.StartPlan`."""

    @property
    def records(self) -> tuple[RunRecord, ...]: ...

    @property
    def notes(self) -> tuple[str, ...]: ...


class Actions(Protocol):
    """Each may take seconds and raise `FptuiError`; called from threads."""

    def plan(self, version: str | None, *, smoke: bool = False, resume: str | None = None) -> Plan: ...

    def launch(self, plan: Plan) -> tuple[RunRecord, ...]: ...

    def stop_consequence(self, run_id: str, mode: str) -> Consequence: ...

    def request_stop(self, run_id: str, mode: str) -> None: ...

    def attach_command(self, run_id: str) -> tuple[list[str], Mapping[str, str]]: ...


class ProjectActions:
    """The real ones. Their modules are imported when first asked for, to keep the start short."""

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

    def stop_consequence(self, run_id: str, mode: str) -> Consequence:
        from fptui.actions.stop import consequence
        from fptui.core.project import find_project, find_run

        return consequence(find_run(find_project(self._path), run_id), mode, time.time())

    def request_stop(self, run_id: str, mode: str) -> None:
        from fptui.actions.stop import request
        from fptui.core.project import find_project, find_run

        request(find_run(find_project(self._path), run_id), mode, time.time())

    def attach_command(self, run_id: str) -> tuple[list[str], Mapping[str, str]]:
        from fptui.actions.attach import attach_command

        return attach_command(run_id, self._environment)
