"""What machines have in common that one interface with one request can stop."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fptui.adapters.http_json import Answer, HttpJson
from fptui.adapters.service_words import Keys, refusal
from fptui.core.provider import Attempt, PodState, Preflight

_REQUEST, _LEAST = 10.0, 1.0


class SimpleCloud:
    """Implements `core.provider.Provider`; a service says in its own class what it asks, and what answers mean."""

    name = ""
    address = ""
    _variables = ""
    """Where its id and key are to be set, for a sentence."""

    def __init__(
        self,
        pod_id: str | None,
        keys: Sequence[tuple[str, str]],
        *,
        url: str | None = None,
        clock: Callable[[], float] = time.time,
        resolved: Mapping[str, Sequence[str]] | None = None,
        http: HttpJson | None = None,
        limit: float = _REQUEST,
    ) -> None:
        self.pod_id = pod_id
        self._keys, self._url, self._clock, self._limit = Keys(keys), url or self.address, clock, limit
        self._http = http or HttpJson(resolved, clock=clock)

    def preflight(self) -> Preflight:
        """See `Provider`."""
        missing = self._missing()
        if missing is not None:
            return Preflight(False, (missing,))
        troubles: list[str] = []
        for source, key in self._keys:
            answer = self._look(key)
            state = self._state(answer)
            if state in (PodState.RUNNING, PodState.STOPPED):
                price, gpu = self._facts(answer.content)
                volume = self._has_volume(answer.content)
                gpu = self._keys.clean(gpu, 60) if gpu else None
                return Preflight(True, (), price, gpu, state, network_volume=volume, via=self.name)
            what = refusal(answer) if answer.status != 200 else "it does not know this machine"
            troubles.append(self._keys.clean(f"{self.name}: {what} ({source}). Look at {self._variables}."))
        return Preflight(False, tuple(troubles))

    def resolve(self) -> dict[str, list[str]]:
        """See `Provider`."""
        return self._http.hosts.resolve([self._url])

    def stop(self, *, terminate: bool = False, wanted: Callable[[], bool] = lambda: True) -> list[Attempt]:
        """See `Provider`."""
        refused = self._missing() or self._refused(terminate)
        if refused is not None:
            return [Attempt(self._clock(), self.name, refused, False)]
        attempts: list[Attempt] = []
        ends = time.monotonic() + 5 * self._limit
        for source, key in self._keys:
            if not wanted() or ends - time.monotonic() < _LEAST * min(1.0, self._limit):
                break
            answer = self._ask(key, terminate)
            accepted = answer.status in (200, 202, 204) and answer.trouble is None and self._is_yes(answer.content)
            said = "Accepted" if accepted else refusal(answer)
            outcome = self._keys.clean(f"{said} ({source}).")
            attempts.append(
                Attempt(self._clock(), self.name, outcome, accepted, None if accepted else answer.retry_after)
            )
            if accepted:
                break
        return attempts

    def observe(self) -> PodState:
        """See `Provider`."""
        found = PodState.UNKNOWN
        for _, key in self._keys if self._missing() is None else ():
            state = self._state(self._look(key))
            if state in (PodState.RUNNING, PodState.STOPPED):
                return state
            found = state if found is PodState.UNKNOWN else found
        return found

    def _missing(self) -> str | None:
        if self.pod_id is None or not self._is_id(self.pod_id):
            return f"There is no id of this machine that {self.name} could know: set {self._variables}."
        if not self._keys:
            return f"There is no usable key for {self.name}: set {self._variables}."
        return None

    # What a service says itself

    def _is_id(self, pod_id: str) -> bool:
        raise NotImplementedError

    def _ask(self, key: str, terminate: bool) -> Answer:
        raise NotImplementedError

    def _look(self, key: str) -> Answer:
        raise NotImplementedError

    def _is_yes(self, content: Any) -> bool:
        raise NotImplementedError

    def _state(self, answer: Answer) -> PodState:
        raise NotImplementedError

    def _facts(self, content: Any) -> tuple[float | None, str | None]:
        """Price per hour and GPU."""
        raise NotImplementedError

    def _has_volume(self, content: Any) -> bool | None:
        """Whether a disk of it outlives even its end; None: the service does not say."""
        return None

    def _refused(self, terminate: bool) -> str | None:
        """A sentence where the service cannot do that."""
        return None
