"""The guard's work, tick by tick: requests in, runs looked at, a step of autostop, orders out, everything on disk.

Killed at any moment it loses nothing: another one begins with what is on disk.
"""

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from fptui.adapters.guard_files import GuardFiles, Life, Request
from fptui.adapters.processes import boot_id, start_ticks
from fptui.core.autostop import (
    Autostop,
    AutostopStatus,
    Now,
    Order,
    Policy,
    Seen,
    Unsafe,
)
from fptui.core.autostop_steps import HANDLED_KEPT, advance, armed, cancelled, extended, watching
from fptui.core.notices import Notice, notices
from fptui.core.records import write_json
from fptui.guard.jobs import Jobs
from fptui.guard.limits import Limits
from fptui.guard.runs import Runs
from fptui.guard.service import Reach, Service

_UNSAFE_EVERY, _UNSAFE_HOLDS = 10.0, 60.0
"""Seconds: between two looks at the results, and how long one may be believed."""
_ANSWERED_KEPT = 50


@dataclass(frozen=True)
class Outside:
    """What the guard reaches beyond its own files."""

    provider: Reach
    unsafe: Callable[[Sequence[str], bool], tuple[Unsafe, ...]]
    """What in these projects a stop should wait for; True: the pod is to be terminated."""
    make_safe: Callable[[], None]
    """As far as `unsafe` last found something."""
    gpus_work: Callable[[], bool | None]
    """Whether any GPU does; None where there is none, or none says."""
    notify: Callable[[Sequence[str], Notice], None]
    """Tell a user who is away, as these projects want it."""
    clock: Callable[[], Now]
    log: Callable[[str], None]


class Guard:
    """`tick` about once a second."""

    def __init__(self, files: GuardFiles, outside: Outside, runs: Runs) -> None:
        self._files, self._outside, self._runs = files, outside, runs
        self._jobs = Jobs()
        self._limits = Limits()
        self._service = Service(outside.provider, self._jobs, outside.log)
        self._unsafe: tuple[Unsafe, ...] | None = None
        self._unsafe_at = 0.0
        self._unsafe_of: object = None
        """The runs that were there when it was looked at."""
        self._ignore_unsafe = False
        """The look under way began before the newest ending."""
        self._trouble: str | None = None
        self._is_cancelled = False
        self._gpus_idle_since: float | None = None
        self._known: set[str] | None = None
        """Ended runs that the user was told of, or that had ended before."""
        self._untold: list[Notice] = []
        self.idle_since: float | None = None
        self.state = Autostop()
        self.state = self._read()

    @property
    def watched(self) -> tuple[str, ...]:
        """The projects whose runs hold the pod."""
        return self.state.projects

    def cancel(self) -> None:
        """With the next tick; for a signal, where no request can be written."""
        self._is_cancelled = True

    def tick(self) -> None:
        """One look, one step."""
        now = self._outside.clock()
        before = self.state
        names, seen = self._answer(self._look(now, self.watched))
        if self._is_cancelled:
            self._is_cancelled, self.state = False, cancelled(self.state, "Cancelled.")
        self._take_results(now)
        self._unsafe = self._still_known(seen)
        seen = replace(seen, unsafe=self._unsafe, observed=self._service.observed, idle_seconds=self._gpus_idle(seen))
        self.state, order = advance(self.state, seen)
        if self.state.status is not before.status:
            self._say(before)
        self._tell(before, seen)
        self._write(before, names)
        self._follow(order, now)
        self._untold += self._limits.look(self._runs.at_work, now, self.state.price_per_hour)
        self._beat(now)
        self.idle_since = self._idle(seen, now)

    @property
    def is_busy(self) -> bool:
        """Whether something is asked of the outside that has not been answered yet."""
        return self._jobs.is_busy

    def _read(self) -> Autostop:
        if self._files.is_state_torn:
            # To be armed for nothing costs a countdown, not to be costs a night.
            self._outside.log("The state of autostop could not be read: armed anew.")
            return armed(Autostop(), self._look(self._outside.clock(), ()), Policy())
        state = self._files.read_state()
        if state.boot_id == self._outside.clock().boot_id:
            return state
        # What was not there when the machine came up is not lost by its stop.
        return replace(state, watched=tuple(each for each in state.watched if os.path.isdir(each.project)))  # noqa: PTH112

    def _look(self, now: Now, projects: Sequence[str]) -> Seen:
        is_last = self.state.status not in (AutostopStatus.ARMED, AutostopStatus.OFF, AutostopStatus.CANCELLED)
        active, ended = self._runs.look(projects, now.wall, is_last=is_last)
        return Seen(now, active, ended)

    # Requests

    def _answer(self, seen: Seen) -> tuple[list[str], Seen]:
        """The names of those that were taken in; they are forgotten once the state that holds them is on disk."""
        names = self._files.pending()
        for name in names:
            if name in self.state.answered:
                continue
            request = self._files.request(name)
            if request is not None:
                seen = self._take(request, seen)
            self.state = replace(self.state, answered=(*self.state.answered, name)[-_ANSWERED_KEPT:])
        return names, seen

    def _take(self, request: Request, seen: Seen) -> Seen:
        policy = request.policy or Policy()
        is_new = request.project is not None and request.project not in self.watched
        if request.project is not None:
            self.state = watching(self.state, request.project, policy if request.do == "arm" else None)
        if is_new:
            known = {end.id for end in seen.ended}
            seen = self._look(seen.now, self.watched)
            # What had ended there before is no ending of now.
            old = [end.id for end in seen.ended if end.id not in known and end.id not in request.runs]
            self.state = replace(self.state, handled=(*old, *self.state.handled)[:HANDLED_KEPT])
        if request.do == "arm":
            self.state = armed(self.state, seen, policy, request.runs)
            self.state = replace(self.state, provider=request.provider, stop_command=request.stop_command)
            self._service.look_anew()
        elif request.do == "cancel":
            self.state = cancelled(self.state, "Cancelled.")
        elif request.do == "extend":
            self.state = extended(self.state, request.seconds, seen.now)
        return seen

    # Orders

    def _follow(self, order: Order | None, now: Now) -> None:
        if self.state.status in (AutostopStatus.OFF, AutostopStatus.CANCELLED):
            return
        self.state = self._service.reach(self.state)
        if self.state.status in (AutostopStatus.COUNTING, AutostopStatus.FAILED):
            terminate = self.state.policy.terminate
            self._jobs.sometimes(
                "unsafe", _UNSAFE_EVERY, now.monotonic, lambda: self._outside.unsafe(self.watched, terminate)
            )
        if order is Order.MAKE_SAFE and self._unsafe:
            self._jobs.sometimes("make safe", _UNSAFE_EVERY, now.monotonic, self._outside.make_safe)
        self._service.follow(order, self.state, is_safe=self._unsafe == (), now=now.monotonic)

    def _take_results(self, now: Now) -> None:
        for kind, result in self._jobs.finished():
            if isinstance(result, Exception):
                self._outside.log(f"{kind}: {type(result).__name__}: {result}")
            if kind == "unsafe":
                # Never results that are safe because nobody could look.
                self._unsafe = None if isinstance(result, Exception) or self._ignore_unsafe else result
                self._unsafe_at, self._ignore_unsafe = now.monotonic, False
            else:
                self.state = self._service.take(kind, result, self.state, now)

    def _still_known(self, seen: Seen) -> tuple[Unsafe, ...] | None:
        """Whether results are safe, if that was looked at since the last run began or ended, and lately."""
        runs = (tuple(run.id for run in seen.active), tuple(end.id for end in seen.ended))
        if runs != self._unsafe_of:
            self._unsafe_of = runs
            self._jobs.forget("unsafe")
            self._ignore_unsafe = self._jobs.is_running("unsafe")
            return None
        return None if seen.now.monotonic - self._unsafe_at > _UNSAFE_HOLDS else self._unsafe

    def _gpus_idle(self, seen: Seen) -> float | None:
        """For how long; looked at only where the user chose to stop an idle pod."""
        if self.state.policy.idle is None or self.state.status is not AutostopStatus.ARMED:
            return None
        now = seen.now.monotonic
        works = None if seen.active else self._outside.gpus_work()
        self._gpus_idle_since = None if works is not False else self._gpus_idle_since or now
        return None if self._gpus_idle_since is None else now - self._gpus_idle_since

    def _tell(self, before: Autostop, seen: Seen) -> None:
        if self._known is None:
            self._known = {end.id for end in seen.ended}
            # The guard before this one may have been killed with a word on its lips: better twice than never.
            before = replace(before, status=AutostopStatus.OFF)
        new = [end for end in seen.ended if end.id not in self._known]
        self._known |= {end.id for end in new}
        self._untold += notices(before, self.state, new, seen.now.wall)
        if self._untold:
            notice = self._untold[0]
            if self._jobs.start("notify", lambda: self._outside.notify(self.watched, notice)):
                self._untold.pop(0)

    # Disk

    def _write(self, before: Autostop, names: Sequence[str]) -> None:
        if not (names or _differs(before, self.state) or not self._files.state.exists()):
            return
        try:
            self._files.write_state(self.state)
            self._trouble = None
            for name in names:
                self._files.forget(name)
        except OSError as error:
            self._trouble = f"{self._files.state} cannot be written: {error.strerror}."

    def _beat(self, now: Now) -> None:
        life = Life(now.wall, os.getpid(), start_ticks(os.getpid()) or 0, boot_id(), self._trouble)
        try:
            write_json(self._files.life, asdict(life), durable=False)
        except OSError as error:
            self._trouble = f"{self._files.life} cannot be written: {error.strerror}."
            with contextlib.suppress(OSError):
                os.utime(self._files.life)

    def _say(self, before: Autostop) -> None:
        reason = f": {self.state.reason}" if self.state.reason else ""
        self._outside.log(f"{before.status.value} -> {self.state.status.value}{reason}")
        if self.state.status is AutostopStatus.COUNTING:
            self._unsafe = None
            self._jobs.forget("unsafe")
        self._service.forget(self.state)

    def _idle(self, seen: Seen, now: Now) -> float | None:
        """Since when, on the monotonic clock, there has been nothing to guard."""
        if seen.active or self.state.status not in (AutostopStatus.OFF, AutostopStatus.CANCELLED):
            return None
        return now.monotonic if self.idle_since is None else self.idle_since


def _differs(before: Autostop, after: Autostop) -> bool:
    """A countdown is not written every second for its deadline, which follows the wall clock."""
    moved = abs((before.deadline or 0.0) - (after.deadline or 0.0))
    return moved > 1.0 or replace(before, deadline=None) != replace(after, deadline=None)
