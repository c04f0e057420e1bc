"""One night: what happens in it is drawn from a seed, and then it happens."""

import contextlib
import random
from dataclasses import dataclass
from pathlib import Path

from fptui.adapters.runpod import Limits, RunPod
from fptui.core.autostop import Policy, Unsafe
from fptui.core.status import Status
from tests.adapters.runpod_server import POD_KEY, RunPodServer
from tests.guard.machine import Machine, interrupted

ENDINGS = (Status.FINISHED, Status.FINISHED, Status.STOPPED, Status.FAILED, Status.OUT_OF_MEMORY, Status.INTERRUPTED,
           Status.LOST)  # fmt: skip
FAULTS = ("", "", "hang", "half-close", "reset", "html", "html-502", "not-json", "wrong-types", "deep", "redirect",
          "429:3", "401", "403", "410", "500", "503:3", "errors-in-200", "data-null", "200-does-nothing")  # fmt: skip
NIGHT = 8 * 3600.0
UPLOADING = Unsafe("An upload is still going.", is_lost_by_stop=False)
LIMITS = Limits(request=0.15, program=0.1, stop=2.0, look=2.0)


@dataclass(frozen=True)
class Plan:
    """What is drawn. Times in seconds after the end of the last run, unless they say otherwise."""

    seed: int
    ending: Status
    minutes: int
    """How long the run takes."""
    fault: str
    outage: float
    """How long every request meets the fault."""
    upload: float
    """How long the results are not safe."""
    kills: float
    """Of the guard, by chance at each tick."""
    cancelled: bool
    second_run: float | None
    """Another run starts so long after the end of the first, and takes as long."""
    wall_jump: float
    has_pod_id: bool
    """In the shell that makes the article's line."""
    pane_stays: bool
    """After make has ended there."""


def draw(seed: int) -> Plan:
    numbers = random.Random(seed)
    fault = numbers.choice(FAULTS)
    return Plan(
        seed=seed,
        ending=numbers.choice(ENDINGS),
        minutes=numbers.randint(1, 90),
        fault=fault,
        outage=numbers.choice([0.0, 300.0, 1200.0, 5400.0]) if fault else 0.0,
        upload=numbers.choice([0.0, 0.0, 0.0, 120.0, 900.0, 1500.0]),
        kills=numbers.choice([0.0, 0.0, 0.02, 0.1]),
        cancelled=numbers.random() < 0.08,
        second_run=numbers.choice([None, None, None, 60.0, 400.0]),
        wall_jump=numbers.choice([0.0, 0.0, -3600.0, 3600.0]),
        has_pod_id=numbers.random() < 0.7,
        pane_stays=numbers.random() < 0.8,
    )


@dataclass(frozen=True)
class Result:
    """How it went. Minutes are simulated ones."""

    plan: Plan
    stopped_after: float | None
    """Minutes from the end of the last run until the service had stopped the pod; None: not in that night."""
    under_a_run: bool
    before_safe: bool
    kills: int
    asked: int

    @property
    def is_right(self) -> bool:
        should = not self.plan.cancelled
        return (self.stopped_after is not None) is should and not self.under_a_run and not self.before_safe

    @property
    def idle_minutes(self) -> float:
        return NIGHT / 60 if self.stopped_after is None else self.stopped_after


def article(plan: Plan) -> Result:
    """`sleep 10m ; runpodctl stop pod $(RUNPOD_POD_ID) &`, the recipe's last line: reached only if the line before it
    succeeded, and it asks once. Ctrl-C cancels it, too."""
    reached = plan.ending is Status.FINISHED and plan.has_pod_id and plan.pane_stays and not plan.cancelled
    obeyed = reached and plan.outage <= 600.0
    runs = plan.second_run is not None and plan.second_run < 600.0
    return Result(plan, 10.0 if obeyed else None, obeyed and runs, obeyed and plan.upload > 600.0, 0, int(reached))


class Outage:
    """In place of the server's list of faults: the same one while it lasts."""

    def __init__(self, fault: str) -> None:
        self.fault, self.is_on = fault, False

    def __bool__(self) -> bool:
        return self.is_on

    def popleft(self) -> str:
        return self.fault


def spend(plan: Plan, root: Path) -> Result:
    """The night, with the guard's own code."""
    machine, numbers = Machine(root), random.Random(plan.seed + 1)
    with RunPodServer("pod1", clock=lambda: machine.monotonic) as server:
        server.stop_seconds = 20.0
        outage = Outage(plan.fault)
        server.faults = outage  # type: ignore[assignment]
        machine.service = RunPod(  # type: ignore[assignment]
            "pod1", [("test", POD_KEY)], base_url=server.url(),
            runpodctl="/nonexistent", clock=lambda: machine.wall, limits=LIMITS,
        )  # fmt: skip
        return _Night(plan, machine, server, outage, numbers).spend()


class _Night:
    def __init__(
        self, plan: Plan, machine: Machine, server: RunPodServer, outage: Outage, numbers: random.Random
    ) -> None:
        self.plan, self.machine, self.server, self.outage, self.numbers = plan, machine, server, outage, numbers
        self.is_running, self.safe_at = False, 0.0
        self.kills, self.asked = 0, 0
        self.under_a_run = self.before_safe = False

    def spend(self) -> Result:
        plan, machine = self.plan, self.machine
        machine.arm("a", policy=Policy())
        self._run("a")
        if plan.second_run is not None:
            self._pass(plan.second_run)
            if self.server.pod.status == "RUNNING":
                self._run("b")
        machine.wall += plan.wall_jump
        if plan.cancelled:
            self._pass(30.0)
            machine.ask("cancel")
        ended = machine.monotonic
        deadline = ended + (7200.0 if plan.cancelled else NIGHT)
        while self.server.pod.status == "RUNNING" and machine.monotonic < deadline:
            self._tick(10.0, ended)
        stopped = self.server.pod.status != "RUNNING"
        after = (machine.monotonic - ended) / 60 if stopped else None
        return Result(plan, after, self.under_a_run, self.before_safe, self.kills, self.asked)

    def _run(self, name: str) -> None:
        machine = self.machine
        machine.start(name)
        self.is_running = True
        for _ in range(self.plan.minutes):
            self._tick(60.0, None)
        if self.plan.ending is Status.LOST:
            machine.lose()
        else:
            machine.end(name, self.plan.ending)
        self.is_running = False
        self.safe_at = machine.monotonic + self.plan.upload

    def _pass(self, seconds: float) -> None:
        ended = self.machine.monotonic
        while self.machine.monotonic < ended + seconds:
            self._tick(10.0, ended)

    def _tick(self, seconds: float, ended: float | None) -> None:
        machine = self.machine
        machine.unsafe = () if machine.monotonic + seconds >= self.safe_at else (UPLOADING,)
        self.outage.is_on = ended is not None and machine.monotonic - ended < self.plan.outage
        if self.numbers.random() < self.plan.kills:
            self.kills += 1
            mend = interrupted(machine, self.numbers.randint(1, 4))
            with contextlib.suppress(KeyboardInterrupt):
                machine.tick(seconds)
            mend()
            machine.kill()
        else:
            machine.tick(seconds)
        self.server.pod.settle(machine.monotonic)
        asked = self.server.pod.asked
        if asked > self.asked:
            self.asked = asked
            self.under_a_run |= self.is_running
            self.before_safe |= machine.unsafe != ()  # no upload of a plan takes as long as the limit
