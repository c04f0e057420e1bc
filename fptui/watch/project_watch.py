"""One look at a whole project: all its runs, the selected one in depth, the GPUs."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from fptui.core.gpu import GpuReport, GpuSource
from fptui.core.run import RunFolder
from fptui.core.run_status import IsAlive, row
from fptui.core.view import ProjectView, RunRow, RunView
from fptui.errors import FptuiError
from fptui.watch.run_watch import RunWatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fptui.core.autostop import Autostop
    from fptui.core.cost import Money
    from fptui.core.project import Project
    from fptui.watch.pod_past import PodPast

_Result = TypeVar("_Result")


class ProjectWatch:
    """`poll` looks once. A reader that fails becomes a sentence in the view, and the rest of the view stands."""

    def __init__(
        self,
        project: "Project",
        gpu_source: GpuSource | None,
        is_alive: IsAlive | None = None,
        autostop: "Callable[[], Autostop | None]" = lambda: None,
        past: "PodPast | None" = None,
    ) -> None:
        """`past`: what this pod did and cost before."""
        if is_alive is None:
            from fptui.adapters import processes

            is_alive = processes.is_alive
        self.project = project
        self._gpus = gpu_source
        self._is_alive = is_alive
        self._autostop = autostop
        self._past = past
        self._began: float | None = None
        self._ended: dict[str, RunRow] = {}
        self._run_watch: RunWatch | None = None
        self._problems: list[str] = []

    @property
    def run_watch(self) -> RunWatch | None:
        """The selected run's, for its curves and its log."""
        return self._run_watch

    def poll(self, now: float, selected: str | None = None) -> ProjectView:
        """`selected`: the id of a run; without one the newest that is active, else the newest."""
        self._problems = []
        versions: list[str] = self._try("versions", self.project.version_names, [])
        folders: list[RunFolder] = self._try("runs", self.project.run_folders, [])
        rows = tuple(found for folder in folders if (found := self._row(folder, now)) is not None)
        view = self._selected(folders, rows, selected, now)
        autostop = self._try("autostop", self._autostop, None)
        gpus = self._try("GPUs", self._read_gpus, GpuReport((), "The GPUs could not be read."))
        money: Money | None = None
        # Not at the first look, for which somebody waits.
        if self._past is not None and self._began is not None:
            past, since = self._past, _working_since(rows, self._began)
            gpus = self._try("the past of the GPUs", lambda: past.with_peaks(gpus, since), gpus)
            money = self._try("what it costs", lambda: past.money(rows, now), None)
        self._began = now if self._began is None else self._began
        return ProjectView(
            at=now,
            project=self.project.name,
            rows=rows,
            versions=tuple(versions),
            selected=view,
            gpus=gpus,
            problems=tuple(self._problems),
            autostop=autostop,
            money=money,
        )

    def utilisation(self, gpu: int, since: float) -> "Sequence[tuple[float, int | None]]":
        """Times and percents that were written down since then, oldest first."""
        past = self._past
        return self._try("the past of the GPUs", lambda: past.utilisation(gpu, since), ()) if past is not None else ()

    def _read_gpus(self) -> GpuReport:
        return self._gpus.read() if self._gpus is not None else GpuReport((), "The GPUs are not looked at.")

    def _row(self, folder: RunFolder, now: float) -> RunRow | None:
        known = self._ended.get(folder.id)
        if known is not None:
            return known
        found = self._try(f"run {folder.id}", lambda: row(folder, now, self._is_alive), None)
        if found is not None and found.exit is not None:
            self._ended[folder.id] = found
        return found

    def _selected(
        self, folders: list[RunFolder], rows: tuple[RunRow, ...], selected: str | None, now: float
    ) -> RunView | None:
        known = {found.record.id for found in rows}
        name = selected if selected in known else None
        if name is None and rows:
            name = next((found.record.id for found in rows if found.status.is_active), rows[0].record.id)
        folder = next((folder for folder in folders if folder.id == name), None)
        if folder is None:
            self._run_watch = None
            return None
        if self._run_watch is None or self._run_watch.folder.path != folder.path:
            self._run_watch = RunWatch(folder, self._is_alive)
        watch = self._run_watch
        view = self._try(f"run {folder.id}", lambda: watch.poll(now), None)
        if view is None or self._past is None:
            return view
        return replace(view, price_per_hour=self._past.prices.of(view.row.record))

    def _try(self, what: str, read: Callable[[], _Result], otherwise: _Result) -> _Result:
        try:
            return read()
        except FptuiError as error:
            self._problems.append(str(error))
        except Exception as error:
            self._problems.append(f"Reading {what} failed: {type(error).__name__}: {error}")
        return otherwise


def _working_since(rows: tuple[RunRow, ...], otherwise: float) -> float:
    """When the newest run at work began: the peaks that are told are its own."""
    return next((row.started_at for row in rows if row.status.is_active and row.started_at is not None), otherwise)
