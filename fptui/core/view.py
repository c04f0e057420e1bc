"""What screens show: frozen values, true steps. Built by `fptui.watch`, drawn by `tui`, printed by `cli`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fptui.core.run import ExitRecord, RunRecord
from fptui.core.status import Status

if TYPE_CHECKING:  # `fptui ls` shows rows only: the dozen classes of a log's facts cost it 10 ms
    from fptui.core.autostop import Autostop
    from fptui.core.cost import Money
    from fptui.core.facts import LogFacts, Saved
    from fptui.core.gpu import GpuReport


@dataclass(frozen=True)
class RunRow:
    """A run in a list: what can be known from its three records alone, without reading its log. Steps are true."""

    record: RunRecord
    status: Status
    step: int | None
    total_steps: int | None
    started_at: float | None
    ended_at: float | None
    exit_code: int | None
    loss: float | None
    seconds_per_step: float | None
    message: str | None
    """One sentence when there is something to say: why it failed, what it waits for."""
    exit: ExitRecord | None = None
    stop: str | None = None
    """`at-save` or `now` while a stop is under way."""

    def seconds(self, now: float) -> float | None:
        """How long it ran, or has been running; None where nobody saw when it began or ended."""
        until = now if self.status.is_active else self.ended_at
        return None if self.started_at is None or until is None else until - self.started_at


@dataclass(frozen=True)
class RunView:
    """The run that is looked at, with everything its log and events tell. Steps are true."""

    row: RunRow
    facts: "LogFacts"
    epoch: int | None
    epochs: int | None
    loss_current: float | None
    loss_average: float | None
    learning_rate: float | None
    seconds_per_step: float | None
    """Median of the last steps without saves and samples."""
    eta_seconds: float | None
    next_save_step: int | None
    next_save_seconds: float | None
    last_state: "Saved | None"
    """The newest state that is complete on disk, true step."""
    steps_since_save: int | None
    """What a stop now would lose."""
    source: str | None
    """Where the curve comes from: `tensorboard` or `log`."""
    price_per_hour: float | None = None
    """Dollars, on the pod of this run."""


@dataclass(frozen=True)
class ProjectView:
    """One look at a project, for the whole dashboard."""

    at: float
    project: str
    rows: tuple[RunRow, ...]
    """Newest first."""
    versions: tuple[str, ...]
    """Newest first."""
    selected: RunView | None
    gpus: "GpuReport"
    problems: tuple[str, ...] = ()
    """One sentence for every reader that failed."""
    autostop: "Autostop | None" = None
    """None: this machine is no pod that could be stopped."""
    money: "Money | None" = None
    """None: nothing is known of what it costs."""
