"""RunPod: stops this pod, and looks whether it did.

Three ways, because they do not live equally long and a pod's own key may not go all of them: GraphQL (retired in early
2027 by RunPod's own word), REST v2, and `runpodctl stop pod`, which 1.14 and 2.x both know. REST v1 is gone, and so is
what `runpodctl pod stop` calls.

Facts about the wire: RunPod's API reference v2 and GraphQL pages, and the source of runpodctl 1.14 and 2.7.
"""

import os
import re
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fptui.adapters.http_json import Answer, HttpJson
from fptui.adapters.program import last_line, run_program
from fptui.adapters.runpod_http import (
    BASE_URL,
    RunPodHttp,
    cure,
    graphql_data,
    graphql_state,
    is_pod,
    is_pod_not_found,
    is_problem,
    rest_state,
)
from fptui.adapters.service_words import Keys, dollars, refusal
from fptui.core.provider import Attempt, PodState, Preflight
from fptui.core.secrets import SECRET_NAMES

_POD_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OF_KEY = (200, 401, 403, 404, 409, 422, 429)
"""Answers that may be other ones for another key."""


@dataclass(frozen=True)
class Limits:
    """Seconds."""

    request: float = 10.0
    program: float = 15.0
    stop: float = 55.0
    look: float = 25.0
    least: float = 1.0
    """With less left of a round nothing new is begun."""


@dataclass(frozen=True)
class _Tried:
    """What came of one way with one key."""

    accepted: bool
    outcome: str
    retry_after: float | None = None
    is_of_key: bool = True
    """Another key may do better by the same way."""


class RunPod:
    """Implements `core.provider.Provider` for the pod that this runs on."""

    name = "RunPod"

    def __init__(
        self,
        pod_id: str | None,
        keys: Sequence[tuple[str, str]],
        *,
        base_url: str = BASE_URL,
        runpodctl: str | None = None,
        clock: Callable[[], float] = time.time,
        resolved: Mapping[str, Sequence[str]] | None = None,
        limits: Limits | None = None,
        http: HttpJson | None = None,
    ) -> None:
        """`keys`: name of its source and key, the pod's own first. `runpodctl`: the program; None: what PATH has.
        `resolved`: addresses by host, for when names cannot be looked up."""
        self.pod_id = pod_id
        self._keys = Keys(keys)
        self._runpodctl = runpodctl if runpodctl is not None else shutil.which("runpodctl")
        self._clock = clock
        self._limits = limits or Limits()
        base = base_url.rstrip("/")
        self._service = RunPodHttp(pod_id, http or HttpJson(resolved, clock=clock), f"{base}/graphql", f"{base}/v2")
        self._in_vain: set[tuple[str, str]] = set()
        """Ways and keys by which a stop was accepted that did not come, or it would not be asked for again."""

    def resolve(self) -> Mapping[str, list[str]]:
        """The addresses of the service now, for a later `resolved`."""
        return self._service.resolve()

    # Stop

    def stop(self, *, terminate: bool = False, wanted: Callable[[], bool] = lambda: True) -> list[Attempt]:
        """One round; see `Provider`. What was accepted last time, in vain, comes last."""
        if self.pod_id is None or not _POD_ID.fullmatch(self.pod_id):
            return [Attempt(self._clock(), self.name, self._no_pod(), False)]
        try:
            return self._round(terminate, wanted)
        except Exception as error:  # never raises: whoever stops a pod goes on
            return [
                Attempt(self._clock(), self.name, f"The stop could not be asked for ({type(error).__name__}).", False)
            ]

    def _round(self, terminate: bool, wanted: Callable[[], bool]) -> list[Attempt]:
        ways = self._ways()
        if not ways:
            return [Attempt(self._clock(), self.name, self._keys.missing("RunPod"), False)]
        attempts: list[Attempt] = []
        ends = time.monotonic() + self._limits.stop
        while ways and wanted() and (left := ends - time.monotonic()) > self._limits.least:
            via, source, key = ways.popleft()
            tried = self._try(via, key, terminate, left)
            outcome = self._keys.clean(f"{tried.outcome} ({source})." if source else f"{tried.outcome}.")
            attempts.append(Attempt(self._clock(), via, outcome, tried.accepted, tried.retry_after))
            if tried.accepted:
                self._in_vain.add((via, source))
                break
            if not tried.is_of_key:
                # Not the key's fault: the other ways first.
                ways = deque(sorted(ways, key=lambda way: way[0] == via))
        return attempts

    def _ways(self) -> deque[tuple[str, str, str]]:
        """Via, source of the key, key."""
        vias = ["GraphQL", "REST v2", *(["runpodctl"] if self._runpodctl else [])]
        ways = [(via, source, key) for via in vias for source, key in self._keys]
        if not ways and self._runpodctl:
            # It may have a key of its own in ~/.runpod/config.toml.
            ways = [("runpodctl", "", "")]
        if all((via, source) in self._in_vain for via, source, _ in ways):
            self._in_vain.clear()
        return deque(sorted(ways, key=lambda way: (way[0], way[1]) in self._in_vain))

    def _try(self, via: str, key: str, terminate: bool, left: float) -> _Tried:
        if via == "GraphQL":
            return self._by_graphql(key, terminate, left)
        if via == "REST v2":
            return self._by_rest(key, terminate, left)
        return self._by_runpodctl(key, terminate, left)

    def _by_graphql(self, key: str, terminate: bool, left: float) -> _Tried:
        name = "podTerminate" if terminate else "podStop"
        answer = self._service.stop_by_graphql(key, terminate, self._limit(left))
        data, refused = graphql_data(answer)
        if refused is not None:
            gone = terminate and is_pod_not_found(answer)
            return _Tried(gone, refused, answer.retry_after, answer.status in _OF_KEY)
        if terminate and name in data and data[name] is None:
            return _Tried(True, "Accepted: the pod is terminated")
        pod = data.get(name)
        if isinstance(pod, dict) and pod.get("id") == self.pod_id:
            status = pod.get("desiredStatus")
            if status in ("EXITED", "TERMINATED"):
                return _Tried(True, "Accepted: the pod is to stop")
            return _Tried(False, f"Not stopped: the pod's status is {status}")
        return _Tried(False, "Answered without saying that the pod stops")

    def _by_rest(self, key: str, terminate: bool, left: float) -> _Tried:
        answer = self._service.stop_by_rest(key, terminate, self._limit(left))
        if answer.trouble is None and answer.status in (200, 202, 204):
            if answer.status == 204 or answer.content is None or is_pod(answer.content, self.pod_id):
                return _Tried(True, "Accepted")
            return _Tried(False, "Answered without saying anything of this pod")
        outcome = refusal(answer)
        if terminate and answer.status in (404, 410) and is_problem(answer):
            return _Tried(True, f"There is no such pod any more: {outcome}")
        if answer.status == 409:
            # Stopped already, or locked.
            state = self._rest_state(key, left / 2)
            gone = (PodState.GONE,) if terminate else (PodState.GONE, PodState.STOPPED)
            return _Tried(state in gone, f"It is {state.value} already: {outcome}" if state in gone else outcome)
        return _Tried(False, outcome, answer.retry_after, answer.status in _OF_KEY)

    def _by_runpodctl(self, key: str, terminate: bool, left: float) -> _Tried:
        """By what it prints: `stop pod` ends with 0 also when the pod goes on."""
        assert self._runpodctl is not None and self.pod_id is not None
        environment = {name: value for name, value in os.environ.items() if name not in SECRET_NAMES}
        if key:
            environment["RUNPOD_API_KEY"] = key
        argv = [self._runpodctl, "remove" if terminate else "stop", "pod", self.pod_id]
        ran = run_program(argv, environment, min(self._limits.program, left))
        if ran.trouble is not None:
            return _Tried(False, f"{self._runpodctl} {ran.trouble}", is_of_key=False)
        yes = f'pod "{self.pod_id}" {"removed" if terminate else "stopped"}'
        if any(line.strip() == yes for line in ran.out.splitlines()):
            return _Tried(True, f"Accepted: {yes}")
        words = last_line(ran.err) or last_line(ran.out) or "nothing"
        return _Tried(False, f"Not accepted: runpodctl ended with {ran.code} and says {words}")

    # Look

    def observe(self) -> PodState:
        """By REST v2; by GraphQL, which knows only what is wanted, where v2 says nothing or denies the pod."""
        if self.pod_id is None or not _POD_ID.fullmatch(self.pod_id):
            return PodState.UNKNOWN
        try:
            ends = time.monotonic() + self._limits.look
            by_rest = self._first(lambda key: self._rest_state(key, ends - time.monotonic()))
            if by_rest in (PodState.RUNNING, PodState.STOPPED):
                return by_rest
            by_graphql = self._first(lambda key: self._graphql_state(key, ends - time.monotonic()))
            # A pod that one of the two still has is not gone.
            return by_graphql if by_graphql is not PodState.UNKNOWN else by_rest
        except Exception:  # never raises
            return PodState.UNKNOWN

    def _first(self, look: Callable[[str], PodState]) -> PodState:
        """What the first key that sees the pod says; a key may see less than there is."""
        found = PodState.UNKNOWN
        for _, key in self._keys:
            state = look(key)
            if state in (PodState.RUNNING, PodState.STOPPED):
                return state
            found = state if found is PodState.UNKNOWN else found
        return found

    def _rest_state(self, key: str, left: float) -> PodState:
        return rest_state(self._service.look_by_rest(key, self._limit(left)), self.pod_id)

    def _graphql_state(self, key: str, left: float) -> PodState:
        return graphql_state(self._service.look_by_graphql(key, self._limit(left)), self.pod_id)

    # Before

    def preflight(self) -> Preflight:
        """See `Provider`. It shows that keys, names and certificates are well, not that a stop is allowed."""
        if self.pod_id is None or not _POD_ID.fullmatch(self.pod_id):
            return Preflight(False, (self._no_pod(),))
        if not self._keys:
            return Preflight(False, (self._keys.missing("RunPod"),))
        try:
            return self._preflight()
        except Exception as error:  # never raises
            return Preflight(False, (f"RunPod could not be asked ({type(error).__name__}).",))

    def _preflight(self) -> Preflight:
        ends = time.monotonic() + self._limits.look
        troubles: list[str] = []
        by_graphql = self._answered("GraphQL", troubles, ends)
        by_rest = self._answered("REST v2", troubles, ends)
        if by_graphql is None and by_rest is None:
            return Preflight(False, tuple(troubles), via=None)
        pod: dict[str, Any] = graphql_data(by_graphql)[0]["pod"] if by_graphql else {}
        rest: dict[str, Any] = by_rest.content if by_rest else {}
        state = rest_state(by_rest, self.pod_id) if by_rest else PodState.UNKNOWN
        if state is PodState.UNKNOWN and by_graphql:
            state = graphql_state(by_graphql, self.pod_id)
        locked = rest.get("locked") if isinstance(rest.get("locked"), bool) else None
        mounts = rest.get("mounts")
        problems = tuple(self._problems(state, locked))
        machine, gpu = pod.get("machine"), rest.get("gpu")
        return Preflight(
            not problems,
            problems,
            dollars(pod.get("costPerHr")) or dollars(rest.get("cost")),
            self._name(machine, "gpuDisplayName") or self._name(gpu, "id"),
            state,
            locked,
            bool(mounts.get("network")) if isinstance(mounts, dict) else None,
            "GraphQL" if by_graphql else "REST v2",
        )

    def _answered(self, via: str, troubles: list[str], ends: float) -> Answer | None:
        """The first answer that knows the pod; else what went wrong joins `troubles`."""
        is_graphql = via == "GraphQL"
        look, state = (
            (self._service.look_by_graphql, graphql_state) if is_graphql else (self._service.look_by_rest, rest_state)
        )
        for source, key in self._keys:
            answer = look(key, self._limit(ends - time.monotonic()))
            if state(answer, self.pod_id) in (PodState.RUNNING, PodState.STOPPED):
                return answer
            refused = graphql_data(answer)[1] if is_graphql else None if answer.status == 200 else refusal(answer)
            what = refused or "It does not know this pod"
            troubles.append(self._keys.clean(f"{via}: {what} ({source}). {cure(answer)}"))
        return None

    def _problems(self, state: PodState, locked: bool | None) -> Iterator[str]:
        if locked:
            yield f"Pod {self.pod_id} is locked, and a locked pod refuses to stop: unlock it in RunPod's console."
        if state is PodState.STOPPED:
            yield f"RunPod says that pod {self.pod_id} is stopped, so it is not this one: set RUNPOD_POD_ID to its id."

    def _name(self, holder: object, field: str) -> str | None:
        value = holder.get(field) if isinstance(holder, dict) else None
        return self._keys.clean(value, 60) if isinstance(value, str) and value else None

    def _no_pod(self) -> str:
        if self.pod_id is None:
            return (
                "There is no pod id: RUNPOD_POD_ID is neither in this shell nor in /proc/1/environ nor in "
                "/etc/rp_environment. Set it to the id that RunPod's console shows."
            )
        return f"{self._keys.clean(self.pod_id, 80)} is not a pod id: set RUNPOD_POD_ID to what RunPod's console shows."

    def _limit(self, left: float) -> float:
        return max(min(self._limits.request, left), 0.1)
