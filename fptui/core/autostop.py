"""What autostop is, what it was told, and what it sees; `core.autostop_steps` leads from one to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from fptui.core.provider import Attempt, PodState
from fptui.core.status import Status


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


@dataclass(frozen=True)
class Watched:
    """A project whose runs hold the pod."""

    project: str
    """Its folder."""
    policy: Policy | None = None
    """As it was last armed with; None: it never was."""


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
    why: str | None = None
    """One sentence, where people would not see by themselves that it holds the pod."""


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
    """Of the project that was armed last; what may lose data only as far as all that are watched allow it."""
    watched: tuple[Watched, ...] = ()
    reason: str | None = None
    """One sentence: why it counts, stops, stays."""
    problem: str | None = None
    """One sentence while a stop would not work, by the last look at the service."""
    was_asked: bool = False
    """Whether the service has been looked at since this was armed."""
    guard_trouble: str | None = None
    """One sentence: what keeps the guard from its work, as whoever reads this finds it. None on disk."""
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of the service, by its hosts, for when names cannot be looked up."""
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
        return self.status not in (AutostopStatus.OFF, AutostopStatus.CANCELLED)

    @property
    def is_ending(self) -> bool:
        """The stop was asked for, and may come at any moment."""
        return self.status in (AutostopStatus.STOPPING, AutostopStatus.STOPPED)

    @property
    def projects(self) -> tuple[str, ...]:
        """The folders of those that are watched."""
        return tuple(each.project for each in self.watched)

    @property
    def shown(self) -> AutostopStatus:
        """What people are told: one that could not stop the pod is not armed."""
        would_fail = self.status is AutostopStatus.ARMED and self.problem is not None
        if would_fail or (self.needs_guard and self.guard_trouble is not None):
            return AutostopStatus.FAILED
        return self.status

    def remaining(self, now: Now) -> float | None:
        """Seconds of the countdown; None when none is under way."""
        if self.status is not AutostopStatus.COUNTING or self.deadline_monotonic is None:
            return None
        return max(0.0, self.deadline_monotonic - now.monotonic)
