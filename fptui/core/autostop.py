"""Autostop: when the pod may be stopped, as pure steps from what was known to what is seen.

No clock, no network, no file: the guard brings all three. A step is taken about once a second, and may be taken again
by another guard after a kill: everything that matters is in `Autostop`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from fptui.core.provider import Attempt, PodState
from fptui.core.status import Status
from fptui.core.units import duration


class AutostopStatus(str, Enum):
    """FAILED: the pod should have stopped and stays, or could not be stopped if it had to."""

    OFF = "off"
    ARMED = "armed"
    COUNTING = "counting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Order(Enum):
    """What the guard is to do now, besides keeping the new state."""

    MAKE_SAFE = "make safe"
    STOP = "stop"
    OBSERVE = "observe"


@dataclass(frozen=True)
class Policy:
    """What the user chose. Times in seconds."""

    grace: float = 600.0
    early_failure_grace: float | None = None
    """After a run that failed within `EARLY`; None: the same grace."""
    unsafe_limit: float = 1800.0
    """How long results that are not safe hold a stop up."""
    keeps_data: bool = True
    """Behind that limit: stay up if the stop would lose data. False: stop all the same."""
    idle: float | None = None
    """Count down after so long with no run and an idle GPU, whether a run has ended or not."""
    terminate: bool = False
    price_per_hour: float | None = None
    """Dollars; None: what the service says."""


EARLY = 600.0
BACK_OFF = (5.0, 10.0, 20.0, 30.0, 60.0)
"""Between tries, the last for ever: the meter is running anyway."""
_OBSERVED_FOR = 90.0
"""An accepted stop that is not seen within so long is asked for again."""
_STILL_HERE = 300.0
"""Alive so long after the service called the pod stopped, it was not."""
_LONGEST_WAIT = 600.0
_ATTEMPTS_KEPT = 20
HANDLED_KEPT = 1000
_FAILURES = frozenset({Status.FAILED, Status.OUT_OF_MEMORY, Status.INTERRUPTED, Status.LOST})


@dataclass(frozen=True)
class Now:
    """One moment on two clocks. Only the monotonic one counts down: the wall clock may be set. It goes on over a
    guard's death, and begins anew with a boot."""

    wall: float
    monotonic: float
    boot_id: str


@dataclass(frozen=True)
class Active:
    """A run that is at work, queued or starting."""

    id: str
    counts: bool = True
    """Whether its end begins a countdown (False: `--autostop off`)."""
    grace: float | None = None
    """Its own (`--autostop 20m`)."""


@dataclass(frozen=True)
class End:
    """A run that has ended, or was lost."""

    id: str
    """No other run has it, also of another project."""
    status: Status
    seconds: float | None = None
    """How long it ran."""
    counts: bool = True
    grace: float | None = None
    """Its own (`--autostop 20m`)."""

    @property
    def name(self) -> str:
        """As its project calls it."""
        return self.id.partition("@")[0]


@dataclass(frozen=True)
class Unsafe:
    """Something that a stop should wait for."""

    what: str
    is_lost_by_stop: bool


@dataclass(frozen=True)
class Seen:
    """What the guard sees at one moment. `unsafe` None: not known yet."""

    now: Now
    active: tuple[Active, ...] = ()
    ended: tuple[End, ...] = ()
    """The last to end first."""
    unsafe: tuple[Unsafe, ...] | None = ()
    idle_seconds: float | None = None
    observed: PodState = PodState.UNKNOWN


@dataclass(frozen=True)
class Autostop:
    """What is kept on disk. Times are the wall clock's, for people, unless they are called monotonic."""

    status: AutostopStatus = AutostopStatus.OFF
    pod_id: str | None = None
    provider: str = "auto"
    stop_command: tuple[str, ...] = ()
    policy: Policy = Policy()
    reason: str | None = None
    """One sentence: why it counts, stops, stays."""
    problem: str | None = None
    """One sentence while a stop would not work, by the last look at the service."""
    price_per_hour: float | None = None
    deadline: float | None = None
    deadline_monotonic: float | None = None
    boot_id: str = ""
    run_grace: float | None = None
    """Of the newest run that is active, where it has its own."""
    was_active: bool = False
    handled: tuple[str, ...] = ()
    """Ended runs that begin no countdown any more."""
    held_monotonic: float | None = None
    """Since when results that are not safe hold the stop up."""
    next_try_monotonic: float | None = None
    accepted_monotonic: float | None = None
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()
    answered: tuple[str, ...] = ()
    """Requests that are in this state already."""

    @property
    def grace(self) -> float:
        """Seconds, as far as can be told before the last run has ended."""
        return self.policy.grace if self.run_grace is None else self.run_grace

    @property
    def needs_guard(self) -> bool:
        """Whether a guard must be alive for what was promised."""
        return self.status not in (AutostopStatus.OFF, AutostopStatus.CANCELLED, AutostopStatus.STOPPED)

    @property
    def shown(self) -> AutostopStatus:
        """What people are told: one that could not stop the pod is not armed."""
        if self.status is AutostopStatus.ARMED and self.problem is not None:
            return AutostopStatus.FAILED
        return self.status

    def remaining(self, now: Now) -> float | None:
        """Seconds of the countdown; None when none is under way."""
        if self.status is not AutostopStatus.COUNTING or self.deadline_monotonic is None:
            return None
        return max(0.0, self.deadline_monotonic - now.monotonic)


def armed(state: Autostop, seen: Seen, policy: Policy, fresh: Sequence[str] = ()) -> Autostop:
    """After the last run that is active now or will be; without any the countdown begins now. `fresh` runs are about to
    start, or have: their end counts even if it came before this. A countdown under way goes on for them."""
    if state.status is AutostopStatus.STOPPING:
        return replace(state, policy=policy)
    if state.status is AutostopStatus.COUNTING and fresh:
        return replace(state, policy=policy)
    state = replace(
        _quiet(state, AutostopStatus.ARMED),
        policy=policy,
        boot_id=seen.now.boot_id,
        was_active=any(run.counts for run in seen.active),
        run_grace=_grace(seen),
        handled=tuple(end.id for end in seen.ended if end.id not in fresh)[:HANDLED_KEPT],
        attempts=(),
    )
    if fresh or seen.active:
        return state
    return _count(state, seen.now, policy.grace, "Armed while no run is on.")


def cancelled(state: Autostop, reason: str) -> Autostop:
    """Nothing is stopped until it is armed again, which the next start does."""
    return replace(_quiet(state, AutostopStatus.CANCELLED), reason=reason)


def extended(state: Autostop, seconds: float, now: Now) -> Autostop:
    """A countdown under way ends so much later, one that is over and waits so much from now; the state as it was when
    there is none."""
    if state.status is not AutostopStatus.COUNTING or state.deadline_monotonic is None or state.deadline is None:
        return state
    return replace(
        state,
        deadline=max(state.deadline, now.wall) + seconds,
        deadline_monotonic=max(state.deadline_monotonic, now.monotonic) + seconds,
        held_monotonic=None,
    )


def advance(state: Autostop, seen: Seen) -> tuple[Autostop, Order | None]:
    """The next state, and what to do. Never STOP while a run is active, nor before the results are safe or their limit
    has passed."""
    state = _rebased(state, seen.now)
    if state.status in (AutostopStatus.OFF, AutostopStatus.CANCELLED):
        return state, None
    if seen.active:
        # A run holds a countdown; it does not end it, not even one that begins none itself.
        counts = state.status is not AutostopStatus.ARMED or state.was_active or any(run.counts for run in seen.active)
        return replace(_quiet(state, AutostopStatus.ARMED), was_active=counts, run_grace=_grace(seen)), None
    if state.status is AutostopStatus.ARMED:
        return _begin(state, seen), None
    if state.status in (AutostopStatus.COUNTING, AutostopStatus.FAILED):
        return _counting(state, seen)
    return _stopping(state, seen)


def tried(state: Autostop, attempts: Sequence[Attempt], now: Now) -> Autostop:
    """What came of an order to stop."""
    accepted = any(attempt.accepted for attempt in attempts)
    asked = [attempt.retry_after for attempt in attempts if attempt.retry_after is not None]
    # Every way was tried: only where all asked for patience is there reason to have it.
    patience = min(asked) if asked and len(asked) == len(attempts) else 0.0
    wait = max(BACK_OFF[min(state.tries, len(BACK_OFF) - 1)], patience)
    return replace(
        state,
        tries=state.tries + 1,
        attempts=(*state.attempts, *attempts)[-_ATTEMPTS_KEPT:],
        accepted_monotonic=now.monotonic if accepted else None,
        next_try_monotonic=now.monotonic + (_OBSERVED_FOR if accepted else min(wait, _LONGEST_WAIT)),
    )


def _begin(state: Autostop, seen: Seen) -> Autostop:
    policy = state.policy
    new = [end for end in seen.ended if end.id not in state.handled]
    counting = [end for end in new if end.counts]
    handled = (*(end.id for end in new), *state.handled)[:HANDLED_KEPT]
    if counting:
        last = counting[0]
        failed_early = last.status in _FAILURES and last.seconds is not None and last.seconds < EARLY
        grace = last.grace if last.grace is not None else policy.grace
        if failed_early and policy.early_failure_grace is not None:
            grace = policy.early_failure_grace
        return _count(replace(state, handled=handled), seen.now, grace, f"{last.name} is {last.status.value}.")
    state = replace(state, handled=handled)
    if state.was_active:
        return _count(state, seen.now, state.grace, "The last run has ended.")
    if policy.idle is not None and seen.idle_seconds is not None and seen.idle_seconds >= policy.idle:
        why = f"No run, and the GPU has been idle for {duration(seen.idle_seconds)}."
        return _count(state, seen.now, policy.grace, why)
    return state


def _count(state: Autostop, now: Now, grace: float, reason: str) -> Autostop:
    return replace(
        state,
        status=AutostopStatus.COUNTING,
        reason=reason,
        deadline=now.wall + grace,
        deadline_monotonic=now.monotonic + grace,
        held_monotonic=None,
        was_active=False,
    )


def _counting(state: Autostop, seen: Seen) -> tuple[Autostop, Order | None]:
    """Down, or, where data would be lost, no more."""
    left = state.remaining(seen.now) or 0.0
    stays = state.status is AutostopStatus.FAILED and (seen.unsafe is None or _lost(seen))
    if state.status is AutostopStatus.FAILED and not stays:
        # Whoever has just copied them away is in the middle of something.
        return _count(state, seen.now, state.policy.grace, "The results are safe now."), None
    if not left and not stays:
        return _over(state, seen)
    state = state if stays else replace(state, deadline=seen.now.wall + left)
    return state, None if seen.unsafe == () else Order.MAKE_SAFE


def _over(state: Autostop, seen: Seen) -> tuple[Autostop, Order | None]:
    """The countdown is."""
    now, policy = seen.now, state.policy
    since = now.monotonic if state.held_monotonic is None else state.held_monotonic
    if seen.unsafe is None or seen.unsafe:
        if now.monotonic - since < policy.unsafe_limit:
            what = seen.unsafe[0].what if seen.unsafe else "Looking whether the results are safe."
            return replace(state, held_monotonic=since, reason=f"Waits: {what}"), Order.MAKE_SAFE
        unknown = Unsafe("Whether the results are safe could not be found out.", is_lost_by_stop=True)
        lost = [unknown] if seen.unsafe is None else _lost(seen)
        if lost and policy.keeps_data:
            return replace(state, status=AutostopStatus.FAILED, reason=f"Stays up: {lost[0].what}"), Order.MAKE_SAFE
    return replace(
        state,
        status=AutostopStatus.STOPPING,
        reason="The results are safe." if seen.unsafe == () else "The results could not be made safe in time.",
        deadline=None,
        deadline_monotonic=None,
        held_monotonic=None,
        next_try_monotonic=now.monotonic,
        accepted_monotonic=None,
        tries=0,
    ), Order.STOP


def _stopping(state: Autostop, seen: Seen) -> tuple[Autostop, Order | None]:
    now = seen.now
    due = state.next_try_monotonic is None or now.monotonic >= state.next_try_monotonic
    if state.status is AutostopStatus.STOPPED:
        if not due:
            return state, None
        return replace(state, status=AutostopStatus.STOPPING, reason="Called stopped, and still running."), Order.STOP
    if state.accepted_monotonic is not None and seen.observed in (PodState.STOPPED, PodState.GONE):
        state = replace(state, status=AutostopStatus.STOPPED, reason="Seen to be stopped.")
        return replace(state, next_try_monotonic=now.monotonic + _STILL_HERE), None
    if due:
        return state, Order.STOP
    return state, Order.OBSERVE if state.accepted_monotonic is not None else None


def _grace(seen: Seen) -> float | None:
    return next((run.grace for run in seen.active if run.counts), None)


def _lost(seen: Seen) -> list[Unsafe]:
    return [each for each in seen.unsafe or () if each.is_lost_by_stop]


def _quiet(state: Autostop, status: AutostopStatus) -> Autostop:
    """In this status, with nothing under way."""
    return replace(
        state,
        status=status,
        reason=None,
        deadline=None,
        deadline_monotonic=None,
        held_monotonic=None,
        next_try_monotonic=None,
        accepted_monotonic=None,
        tries=0,
    )


def _rebased(state: Autostop, now: Now) -> Autostop:
    """After a boot the monotonic clock has begun anew: what is left of a countdown is what the wall clock says, and
    never more than there was."""
    if state.boot_id == now.boot_id:
        return state
    if state.status is AutostopStatus.STOPPED:
        return replace(_quiet(state, AutostopStatus.OFF), boot_id=now.boot_id)
    if state.status is AutostopStatus.STOPPING:
        # It did go down: whoever has started it again must not be thrown out at once.
        again = replace(_quiet(state, AutostopStatus.ARMED), boot_id=now.boot_id)
        return _count(again, now, state.policy.grace, "Started again after a stop.")
    left = 0.0 if state.deadline is None else min(max(0.0, state.deadline - now.wall), state.policy.grace)
    return replace(
        state,
        boot_id=now.boot_id,
        deadline_monotonic=None if state.deadline_monotonic is None else now.monotonic + left,
        held_monotonic=None if state.held_monotonic is None else now.monotonic,
        next_try_monotonic=None if state.next_try_monotonic is None else now.monotonic,
        accepted_monotonic=None,
    )
