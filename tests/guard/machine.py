"""A machine whose time passes as it is told: a guard over real run folders and files, a service that obeys or not."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fptui.adapters.guard_files import GuardFiles, Request
from fptui.core.autostop import Autostop, AutostopStatus, Now, Policy, Unsafe
from fptui.core.notices import Notice
from fptui.core.provider import Attempt, PodState, Preflight
from fptui.core.run import ExitRecord, Heartbeat, RunFolder, RunRecord, write_record
from fptui.core.status import Stage, Status
from fptui.guard.guard import Guard, Outside
from fptui.guard.runs import Runs


class Service:
    """A provider: what it answers is set from outside."""

    def __init__(self) -> None:
        self.name: str = "fake"
        self.pod_id: str | None = "pod1"
        self.accepts, self.state, self.ok = True, PodState.RUNNING, True
        self.stops = 0
        self.network_volume = False
        self.terminated = False
        self.raises: Exception | None = None
        self.wanted: Callable[[], bool] = lambda: True

    def preflight(self) -> Preflight:
        problems = () if self.ok else ("The key is refused.",)
        return Preflight(self.ok, problems, price_per_hour=2.5, network_volume=self.network_volume)

    def resolve(self) -> dict[str, list[str]]:
        return {"service.example": ["192.0.2.1"]}

    def stop(self, *, terminate: bool = False, wanted: Callable[[], bool] = lambda: True) -> list[Attempt]:
        self.stops += 1
        self.wanted = wanted
        self.terminated = terminate
        if self.raises is not None:
            raise self.raises
        if self.accepts:
            self.state = PodState.STOPPED
        return [Attempt(0.0, "fake", "stops" if self.accepts else "refused", self.accepts)]

    def observe(self) -> PodState:
        return self.state


class Machine:
    """`tick(seconds)` lets time pass; `kill` ends the guard as SIGKILL would, and the next tick has a new one."""

    def __init__(self, root: Path) -> None:
        self.project = root / "project"
        (self.project / "runs").mkdir(parents=True)
        self.files = GuardFiles(root / "state")
        self.files.folder.mkdir()
        self.service = Service()
        self.unsafe: tuple[Unsafe, ...] = ()
        self.made_safe = 0
        self.told: list[Notice] = []
        self.gpus_work: bool | None = None
        self.wall, self.monotonic, self.boot = 1.7e9, 1000.0, "b"
        self.alive: set[str] = set()
        self.said: list[str] = []
        self.trainers: list[str] = []
        """Configs of the trainers that are at work, whoever started them."""
        self.reached: list[Mapping[str, Sequence[str]]] = []
        """The addresses that were known each time when the service was reached."""
        self._started = 0
        self._guard: Guard | None = None

    @property
    def state(self) -> Autostop:
        return self.files.read_state()

    @property
    def status(self) -> AutostopStatus:
        return self.state.status

    @property
    def guard(self) -> Guard:
        if self._guard is None:
            outside = Outside(
                provider=self._reach,
                unsafe=lambda projects, terminate: self.unsafe,
                make_safe=self._make_safe,
                gpus_work=lambda: self.gpus_work,
                notify=lambda projects, notice: self.told.append(notice),
                clock=lambda: Now(self.wall, self.monotonic, self.boot),
                log=self.said.append,
            )
            self._guard = Guard(self.files, outside, Runs("pod1", self._is_alive, lambda: self.trainers))
        return self._guard

    def kill(self) -> None:
        self._guard = None

    def tick(self, seconds: float = 1.0, times: int = 1) -> None:
        for _ in range(times):
            self.wall += seconds
            self.monotonic += seconds
            self.guard.tick()
            self._settle()

    def until(self, status: AutostopStatus, limit: int = 3000) -> int:
        """Ticks of a second until it is in this status; how many there were."""
        for number in range(limit):
            if self.status is status:
                return number
            self.tick()
        raise AssertionError(f"never {status.value}: {self.state}")

    def arm(self, *runs: str, policy: Policy | None = None) -> None:
        windows = tuple(self.folder(run).window for run in runs)
        self.files.submit(Request("arm", self.wall, str(self.project), windows, policy=policy))
        self.tick()

    def ask(self, do: str, seconds: float = 0.0) -> None:
        self.files.submit(Request(do, self.wall, seconds=seconds))
        self.tick()

    def folder(self, run: str) -> RunFolder:
        return RunFolder(self.project / "runs" / f"v1-train-{run}")

    def start(self, run: str, *, autostop: str | None = None, pod: str = "pod1") -> RunFolder:
        folder = self.folder(run)
        folder.path.mkdir()
        write_record(folder.record, RunRecord(folder.id, "v1", Stage.TRAIN, "rehearsal", ("x",), "/", self.wall,
                                              pod_id=pod, autostop=autostop))  # fmt: skip
        self._started += 1
        pid = self._started
        self.alive.add(str(pid))
        write_record(folder.heartbeat, Heartbeat(self.wall, pid, 1, "b", "h", Status.TRAINING, started_at=self.wall))
        return folder

    def end(self, run: str, status: Status = Status.FINISHED) -> None:
        started = self.wall - 3000
        write_record(self.folder(run).exit, ExitRecord(status, 0, None, started, self.wall))

    def lose(self) -> None:
        """Every supervisor is killed."""
        self.alive.clear()

    def _reach(self, choice: str, command: Sequence[str], known: Mapping[str, Sequence[str]]) -> Service:
        self.reached.append(known)
        return self.service

    def _is_alive(self, beat: Heartbeat) -> bool:
        return str(beat.pid) in self.alive

    def _make_safe(self) -> None:
        self.made_safe += 1

    def _settle(self) -> None:
        """Until the jobs of this tick are done: their threads take no time that counts."""
        deadline = time.monotonic() + 5
        while self.guard.is_busy:
            assert time.monotonic() < deadline
            time.sleep(0.0005)


def interrupted(machine: Machine, at: int) -> Callable[[], None]:
    """Makes the guard die at its `at`-th look at the outside from now on; call what it gives to mend that."""
    count = 0
    originals = {name: getattr(machine.files, name) for name in ("write_state", "forget", "pending", "request")}

    def wrapped(name: str) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            nonlocal count
            count += 1
            if count == at:
                raise KeyboardInterrupt
            return originals[name](*arguments)

        return call

    for name in originals:
        setattr(machine.files, name, wrapped(name))

    def mend() -> None:
        for name in originals:
            delattr(machine.files, name)

    return mend
