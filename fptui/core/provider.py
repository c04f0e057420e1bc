"""What stops the machine: the small protocol behind which RunPod and every other provider stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class PodState(str, Enum):
    """What the service says the pod is. GONE: terminated, or not known to it any more."""

    RUNNING = "running"
    STOPPED = "stopped"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Attempt:
    """One request that the pod be stopped, and what came of it."""

    at: float
    """Seconds since the epoch."""
    via: str
    """`GraphQL`, `REST v2`, `runpodctl`, `command`, …"""
    outcome: str
    """One sentence; never holds a key."""
    accepted: bool
    """The service said that it stops, or has stopped, the pod. Only `Provider.observe` knows whether it did."""
    retry_after: float | None = None
    """Seconds that the service asked to be left alone."""


@dataclass(frozen=True)
class Preflight:
    """What can be known without touching the pod. `problems` are sentences with their cures; `ok` means that there is
    a pod, a key, and a service that knows both."""

    ok: bool
    problems: tuple[str, ...]
    price_per_hour: float | None = None
    """Dollars."""
    gpu: str | None = None
    state: PodState = PodState.UNKNOWN
    locked: bool | None = None
    """A locked pod refuses to stop."""
    network_volume: bool | None = None
    via: str | None = None


class Provider(Protocol):
    """Nothing here raises: a failure is an answer."""

    name: str
    pod_id: str | None

    def preflight(self) -> Preflight:
        """Has no side effects."""

    def resolve(self) -> Mapping[str, Sequence[str]]:
        """The addresses of the service now, by its hosts, for when names cannot be looked up."""

    def stop(self, *, terminate: bool = False, wanted: Callable[[], bool] = lambda: True) -> list[Attempt]:
        """One round over every way and key until one is accepted, or it is `wanted` no more; under a minute."""

    def observe(self) -> PodState:
        """What the pod is now, as the service sees it."""
