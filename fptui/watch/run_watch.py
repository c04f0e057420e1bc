"""One run, read incrementally out of its folder: records, log, times, events, states on disk."""

from dataclasses import replace
from pathlib import Path

from fptui.adapters.tensorboard import EventTail
from fptui.core.facts import LogFacts, Phase, Saved
from fptui.core.run import RunFolder, RunRecord
from fptui.core.run_status import IsAlive, row
from fptui.core.series import Series
from fptui.core.status import Status
from fptui.core.view import RunRow, RunView
from fptui.errors import FptuiError
from fptui.watch.curves import RunCurves
from fptui.watch.log_follower import LogFollower
from fptui.watch.log_tail import LogTail
from fptui.watch.saves_ahead import next_save, true_epochs

_STATES_EVERY = 10.0
"""Seconds between looks at the output directory, which may be on a network volume."""
_CHAIN_LIMIT = 20


class RunWatch:
    """`poll` reads what is new. The series hold the whole training, the runs it was resumed from included, at true
    steps. Used from one thread; the series may be read from others."""

    def __init__(self, folder: RunFolder, is_alive: IsAlive | None = None, chain: tuple[str, ...] = ()) -> None:
        if is_alive is None:
            from fptui.adapters import processes

            is_alive = processes.is_alive
        self.folder = folder
        self._is_alive = is_alive
        self._chain = (*chain, folder.id)
        self._follower = LogFollower(folder)
        self._curves: RunCurves | None = None
        self._history = Series()
        self._events: EventTail | None = None
        self._states: tuple[Saved, ...] = ()
        self._states_looked: tuple[float, int] | None = None
        self._complete: RunView | None = None
        self._tail = LogTail(folder.log)

    @property
    def loss(self) -> Series:
        """Raw loss, a point a micro-batch; empty when the run writes no events."""
        return self._known_curves.loss

    @property
    def average(self) -> Series:
        """The trainer's rolling mean over an epoch."""
        return self._known_curves.average

    @property
    def learning_rate(self) -> Series:
        return self._known_curves.learning_rate

    @property
    def loss_epoch(self) -> Series:
        """The average at the end of each epoch; x is this run's own epoch."""
        return self._known_curves.loss_epoch

    @property
    def history(self) -> Series:
        """The average of the runs that this one was resumed from, up to the step of the resume; also in `average`."""
        return self._history

    @property
    def _known_curves(self) -> RunCurves:
        return self._curves or RunCurves()

    def poll(self, now: float) -> RunView:
        """Read on and say how the run stands. FptuiError when the folder holds no readable record."""
        if self._complete is not None:
            return self._complete
        state = row(self.folder, now, self._is_alive)
        if state is None:
            raise FptuiError(f"{self.folder.record} is missing or cannot be read: this folder holds no run.")
        curves = self._curves or self._begin(state.record)
        self._follower.poll(is_live=state.status.is_active)
        if state.exit is not None:
            self._follower.close()
        if self._events is not None:
            curves.take_events(self._events.poll())
        curves.take_log(self._follower.reader)
        view = self._view(state, curves, now)
        if state.exit is not None:
            self._complete = view
        return view

    def log_tail(self, count: int) -> list[str]:
        """The last lines as a terminal would show them, bars at their last drawing."""
        return self._tail.lines(count)

    def _begin(self, record: RunRecord) -> RunCurves:
        before = self._before(record)
        self._curves = RunCurves(record.step_offset, before)
        if before is not None:
            count = before.average.index_of(record.step_offset + 0.5)
            self._history.extend(map(before.average.x, range(count)), map(before.average.y, range(count)))
        logging = _from(record, record.logging_dir) or self.folder.path / "tensorboard"
        inside = self.folder.path in logging.parents
        self._events = EventTail(logging, None if inside else record.created_at)
        return self._curves

    def _before(self, record: RunRecord) -> RunCurves | None:
        """The curves of the run that this one goes on from."""
        name = record.resumes_run
        if not name or "/" in name or name in self._chain or len(self._chain) > _CHAIN_LIMIT:
            return None
        earlier = RunWatch(RunFolder(self.folder.path.parent / name), self._is_alive, self._chain)
        try:
            earlier.poll(record.created_at)
        except (FptuiError, OSError):
            return None
        return earlier._curves

    def _view(self, state: RunRow, curves: RunCurves, now: float) -> RunView:
        record, facts = state.record, self._follower.reader.facts()
        step = state.step if facts.step is None else record.step_offset + facts.step
        epoch, epochs = true_epochs(record, facts)
        seconds = self._follower.pace.seconds_per_step or self._follower.reader.seconds_per_step
        seconds = seconds or state.seconds_per_step
        save = next_save(record, facts) if state.status.is_active else None
        total = state.total_steps if facts.total_steps is None else record.step_offset + facts.total_steps
        last_state = self._last_state(record, facts, now)
        return RunView(
            # The log knows sooner than the heartbeat, and still when that has stopped.
            row=replace(state, status=_status(state.status, facts), step=step, total_steps=total),
            facts=facts,
            epoch=epoch,
            epochs=epochs,
            loss_current=_last(curves.loss),
            loss_average=_last(curves.average),
            learning_rate=_last(curves.learning_rate),
            seconds_per_step=seconds,
            eta_seconds=_time_to(total, step, seconds) if _is_working(state.status) else None,
            next_save_step=save,
            next_save_seconds=_time_to(save, step, seconds),
            last_state=last_state,
            steps_since_save=_since(last_state, step, record),
            source=curves.source,
        )

    def _last_state(self, record: RunRecord, facts: LogFacts, now: float) -> Saved | None:
        """The newest complete state, true step; the one that the run was resumed from while it has none of its own."""
        written = len(facts.states)
        due = self._states_looked is None or now - self._states_looked[0] >= _STATES_EVERY
        if due or (self._states_looked is not None and written != self._states_looked[1]):
            self._states_looked = now, written
            self._states = self._complete_states(record, facts)
        if self._states:
            return self._states[-1]
        return Saved(record.step_offset, record.resumed_from) if record.resumed_from else None

    def _complete_states(self, record: RunRecord, facts: LogFacts) -> tuple[Saved, ...]:
        output = _from(record, record.output_dir)
        if output is None or not record.output_name:
            found = [(state.step, state.path) for state in facts.states]
        else:
            from fptui.core.musubi.files import is_complete_state, list_states

            states = [state for state in list_states(output, record.output_name) if state.complete]
            found = [(state.step, str(state.path)) for state in states]
            # Those of epochs do not have a step in their names; the log has it.
            listed = {state.path for state in states}
            said = [(state.step, Path(record.cwd, state.path)) for state in facts.states]
            found += [(step, str(path)) for step, path in said if path not in listed and is_complete_state(path)]
        last = facts.total_steps if facts.total_steps is not None else facts.step
        steps = [(last if step is None else step, path) for step, path in found]
        return tuple(Saved(record.step_offset + step, path) for step, path in sorted(_with_steps(steps)))


def _with_steps(found: list[tuple[int | None, str]]) -> list[tuple[int, str]]:
    return [(step, path) for step, path in found if step is not None]


def _from(record: RunRecord, path: str | None) -> Path | None:
    return Path(record.cwd, path) if path else None


def _last(series: Series) -> float | None:
    return series.y(len(series) - 1) if len(series) else None


def _status(status: Status, facts: LogFacts) -> Status:
    """What the trainer does, where it is the trainer that does something."""
    return facts.phase.status if _is_working(status) and facts.phase is not Phase.STARTING else status


def _is_working(status: Status) -> bool:
    return status.is_active and status not in (Status.QUEUED, Status.STOPPING)


def _time_to(target: int | None, step: int | None, seconds: float | None) -> float | None:
    if target is None or step is None or seconds is None:
        return None
    return max(0, target - step) * seconds


def _since(state: Saved | None, step: int | None, record: RunRecord) -> int | None:
    """Steps that a stop now would lose: all of this training's when there is no state to resume from."""
    if step is None:
        return None
    saved = state.step if state is not None and state.step is not None else 0
    return max(0, step - saved)
