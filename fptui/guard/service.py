"""What stops this pod, as the guard uses it: reached by the settings, looked at before, asked, and read back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Event
from typing import Any

from fptui.core.autostop import Autostop, AutostopStatus, Now, Order
from fptui.core.autostop_steps import ACCEPTED_BEFORE, tried
from fptui.core.provider import Attempt, PodState, Preflight, Provider
from fptui.guard.jobs import Jobs

_PREFLIGHT_EVERY, _PREFLIGHT_AGAIN = 600.0, 30.0
"""Seconds; the second while it fails."""
_OBSERVE_EVERY = 5.0

Addresses = Mapping[str, Sequence[str]]
Reach = Callable[[str, Sequence[str], Addresses], Provider | None]
"""What stops this machine: by choice (`auto`, `runpod`, …), the user's stop command, and the addresses of the service
as they were last known, by its hosts."""


class Service:
    """Asks in jobs of its own, `preflight`, `stop` and `observe`; what came of them is given back to `take`."""

    def __init__(
        self,
        provider: Reach,
        jobs: Jobs,
        log: Callable[[str], None],
    ) -> None:
        self._provide, self._jobs, self._log = provider, jobs, log
        self._provider: Provider | None = None
        self._provided: tuple[str, tuple[str, ...]] | None = None
        self._has_network_volume = False
        self._wanted = Event()
        """Whether the round under way is."""
        self.observed = PodState.UNKNOWN
        """What the pod was when it was last looked at."""

    def reach(self, state: Autostop) -> Autostop:
        """With the pod that `state` is about."""
        wanted = (state.provider, state.stop_command)
        if wanted != self._provided:
            self._provided, self._provider = wanted, self._provide(*wanted, state.addresses)
        if self._provider is None:
            return replace(state, pod_id=None, problem="Nothing here can be stopped: this is no pod that is known.")
        return replace(state, pod_id=self._provider.pod_id)

    def follow(self, order: Order | None, state: Autostop, *, is_safe: bool, now: float) -> None:
        """`is_safe`: every result is, for all that is known. `now`: on the monotonic clock."""
        provider = self._provider
        if provider is None:
            return
        if state.status is not AutostopStatus.STOPPED:
            again = _PREFLIGHT_EVERY if state.problem is None else _PREFLIGHT_AGAIN
            self._jobs.sometimes("preflight", again, now, lambda: (provider.preflight(), provider.resolve()))
        if order is Order.STOP:
            # A terminated pod's own disks are gone: only a network volume, with everything on it, allows that.
            terminate = state.policy.terminate and self._has_network_volume and is_safe
            wanted = self._wanted = Event()
            wanted.set()
            self._jobs.start("stop", lambda: provider.stop(terminate=terminate, wanted=wanted.is_set))
        elif order is Order.OBSERVE:
            self._jobs.sometimes("observe", _OBSERVE_EVERY, now, provider.observe)

    def look_anew(self) -> None:
        """The next preflight is due at once."""
        self._jobs.forget("preflight")

    def forget(self, state: Autostop) -> None:
        """What the pod was does not count for what comes now; and a round of a stop that is wanted no more ends."""
        self.observed = PodState.UNKNOWN
        if state.status not in (AutostopStatus.STOPPING, AutostopStatus.STOPPED):
            self._wanted.clear()

    def take(self, kind: str, result: Any, state: Autostop, now: Now) -> Autostop:
        """What a job came to: its answer, or the exception that ended it."""
        failed = isinstance(result, Exception)
        if kind == "stop":
            # Never a stop that is forgotten.
            attempts = [Attempt(now.wall, "guard", str(result), False)] if failed else result
            for attempt in attempts:
                self._log(f"stop by {attempt.via}: {attempt.outcome}")
            accepted = any(attempt.accepted for attempt in attempts)
            if accepted and state.status not in (AutostopStatus.STOPPING, AutostopStatus.STOPPED):
                self._log(ACCEPTED_BEFORE)
                state = replace(state, reason=ACCEPTED_BEFORE)
            return tried(state, attempts, now)
        if kind == "observe":
            self.observed = PodState.UNKNOWN if failed else result
        elif kind == "preflight" and not failed:
            found, addresses = result
            return self._look(found, addresses, state)
        return state

    def _look(self, found: Preflight, addresses: Addresses, state: Autostop) -> Autostop:
        price = state.policy.price_per_hour or found.price_per_hour or state.price_per_hour
        problem = None if found.ok else " ".join(found.problems) or "The service does not answer."
        if problem != state.problem:
            self._log(problem or "The service knows this pod and its key.")
        self._has_network_volume = found.network_volume is True
        known = {host: tuple(each) for host, each in addresses.items()} or state.addresses
        return replace(state, problem=problem, price_per_hour=price, was_asked=True, addresses=known)
