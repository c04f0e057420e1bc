"""What the dashboard asks for, as protocols."""

from collections.abc import Mapping
from typing import Protocol

from fptui.check.check import Report
from fptui.check.problem import Place
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

    def check(self, version: str) -> Report: ...

    def editor_command(self, place: Place) -> list[str]: ...

    def stop_consequence(self, run_id: str, mode: str) -> Consequence: ...

    def request_stop(self, run_id: str, mode: str) -> None: ...

    def autostop(self, do: str, seconds: float = 0.0) -> None: ...

    def attach_command(self, run_id: str) -> tuple[list[str], Mapping[str, str]]: ...
