"""Autostop: when the pod may be stopped, as pure steps from what was known to what is seen.

No clock, no network, no file: the guard brings all three. A step is taken about once a second, and may be taken again
by another guard after a kill: everything that matters is in `Autostop`.
"""

from collections.abc import Sequence
from dataclasses import replace

from fptui.core.autostop import Autostop, AutostopStatus, Now, Order, Policy, Seen, Unsafe, Watched
from fptui.core.provider import Attempt, PodState
from fptui.core.status import Status
from fptui.core.units import duration

EARLY = 600.0
BACK_OFF = (5.0, 10.0, 20.0, 30.0, 60.0)
"""Between tries, the last for ever: the meter is running anyway."""
_OBSERVED_FOR = 90.0
"""An accepted stop that is not seen within so long is asked for again."""
_STILL_HERE = 300.0
"""Alive so long after the service called the pod stopped, it was not."""
_LONGEST_WAIT = 600.0
_ATTEMPTS_KEPT = 20
ACCEPTED_BEFORE = "The service had accepted the stop already: the pod may stop all the same."
HANDLED_KEPT = 1000
_FAILURES = frozenset({Status.FAILED, Status.OUT_OF_MEMORY, Status.INTERRUPTED, Status.LOST})


def watching(state: Autostop, project: str, policy: Policy | None = None) -> Autostop:
    """Its runs hold the pod from now on; with its policy where it is being armed."""
    before = next((each for each in state.watched if each.project == project), Watched(project))
    after = before if policy is None else Watched(project, policy)
    if before in state.watched:
        return replace(state, watched=tuple(after if each is before else each for each in state.watched))
    return replace(state, watched=(*state.watched, after))


def careful(policy: Policy, watched: Sequence[Watched]) -> Policy:
    """This one, as far as every project allows what may lose its data."""
    every = [policy, *(each.policy for each in watched if each.policy is not None)]
    return replace(
        policy,
        keeps_data=any(each.keeps_data for each in every),
        terminate=all(each.terminate for each in every),
        unsafe_limit=max(each.unsafe_limit for each in every),
    )


def armed(state: Autostop, seen: Seen, policy: Policy, fresh: Sequence[str] = ()) -> Autostop:
    """After the last run that is active now or will be; without any the countdown begins now. `fresh` runs are about to
    start, or have: their end counts even if it came before this. A countdown under way goes on for those that will."""
    policy = careful(policy, state.watched)
    have_ended = any(end.id in fresh for end in seen.ended)
    if state.status is AutostopStatus.STOPPING or (
        state.status is AutostopStatus.COUNTING and fresh and not have_ended
    ):
        return replace(state, policy=policy)
    state = replace(
        _quiet(state, AutostopStatus.ARMED),
        policy=policy,
        boot_id=seen.now.boot_id,
        was_active=any(run.counts for run in seen.active),
        run_grace=_grace(seen),
        handled=tuple(end.id for end in seen.ended if end.id not in fresh)[:HANDLED_KEPT],
        attempts=(),
        was_asked=False,
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
        reason = state.reason if state.status is AutostopStatus.ARMED else seen.active[0].why
        if state.is_ending and state.accepted_monotonic is not None:
            reason = ACCEPTED_BEFORE
        # One that begins no countdown, a stranger's trainer for one, has no say in how long that is.
        grace = _grace(seen) if any(run.counts for run in seen.active) else state.run_grace
        held = replace(_quiet(state, AutostopStatus.ARMED), was_active=counts, run_grace=grace, reason=reason)
        return held, None
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
        early = policy.early_failure_grace if failed_early else None
        grace = next(each for each in (last.grace, early, policy.grace) if each is not None)
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
