"""Nights of seconds with nothing imitated but the service: rehearsal runs in tmux, guard processes that are killed, a
RunPod on this machine that fails at first."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fptui.adapters.guard_files import GuardFiles
from fptui.core.autostop import AutostopStatus
from fptui.core.run import RunFolder, read_exit, read_heartbeat
from fptui.core.status import Status
from fptui.rehearsal.project import make_project
from tests.adapters.runpod_server import POD_KEY, RunPodServer
from tests.chaos.night import ENDINGS, FAULTS

GRACE = 4.0
_FAIL = {Status.FAILED: "crash@3", Status.OUT_OF_MEMORY: "out-of-memory@3"}
_MADE_TO_END = (Status.STOPPED, Status.LOST, Status.INTERRUPTED)
_KEEP_UP, _LIMIT = 8.0, 240.0
"""Seconds; a service that says yes and does nothing is asked again after 90."""


@dataclass(frozen=True)
class RealPlan:
    """What is drawn."""

    seed: int
    ending: Status
    faults: tuple[str, ...]
    """Of the first requests that the service gets."""
    kills: int
    """Of the guard's working process, at drawn moments."""
    second_run: bool
    """Another run starts during the countdown."""
    cancelled: bool


def draw_real(seed: int) -> RealPlan:
    """`hang` and `drip` take ten real seconds each: left out."""
    numbers = random.Random(seed)
    kinds = [fault for fault in FAULTS if fault not in ("hang", "")]
    return RealPlan(
        seed,
        ENDINGS[seed % len(ENDINGS)],
        tuple(numbers.choice(kinds) for _ in range(numbers.choice([0, 2, 6]))),
        numbers.choice([0, 1, 3]),
        numbers.random() < 0.3,
        numbers.random() < 0.15,
    )


@dataclass(frozen=True)
class RealResult:
    """How it went."""

    plan: RealPlan
    stopped_after: float | None
    """Seconds from the end of the last run until the service had stopped the pod; None: it did not."""
    under_a_run: bool
    ended_as_drawn: bool
    kills: int

    @property
    def is_right(self) -> bool:
        stopped = self.stopped_after is not None
        return stopped is not self.plan.cancelled and not self.under_a_run and self.ended_as_drawn


def spend_real(plan: RealPlan, root: Path) -> RealResult:
    """The night."""
    nights: list[_RealNight] = []
    with RunPodServer("k3x9", on_change=lambda pod: nights[0].on_stop()) as server:
        nights.append(night := _RealNight(plan, root, server))
        try:
            return night.spend()
        finally:
            night.clear_away()


class _RealNight:
    def __init__(self, plan: RealPlan, root: Path, server: RunPodServer) -> None:
        self.plan, self.server, self.numbers = plan, server, random.Random(plan.seed + 1)
        self.project, self.files = root / "project", GuardFiles(root / "state" / "fptui")
        self.socket = f"fptui-chaos-{os.getpid()}-{plan.seed}"
        self.kills, self.lost, self.under_a_run = 0, set[Path](), False
        make_project(self.project, steps=40)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("RUNPOD_", "FPTUI_"))}
        self.environment = {
            **clean, "XDG_STATE_HOME": str(root / "state"), "FPTUI_TMUX_SOCKET": self.socket, "RUNPOD_POD_ID": "k3x9",
            "RUNPOD_API_KEY": POD_KEY, "RUNPOD_VOLUME_ID": "vol", "RUNPOD_API_BASE_URL": server.url(),
            "FPTUI_REHEARSAL_STEP_SECONDS": "1" if plan.ending in _MADE_TO_END else "0.4",
            "FPTUI_REHEARSAL_FAIL": _FAIL.get(plan.ending, ""),
        }  # fmt: skip

    def spend(self) -> RealResult:
        plan = self.plan
        self.fptui("train", "--smoke", "--no-wait", "--autostop", f"{GRACE:g}s")
        # Later than the start's own look at the service.
        self.server.faults.extend(plan.faults)
        if plan.kills:
            self.kill_guard()
        self.end()
        if plan.second_run:
            self.wait(lambda: self.status is not AutostopStatus.ARMED)
            self.environment["FPTUI_REHEARSAL_FAIL"] = ""
            # Refused where the stop has been asked for already.
            self.fptui("train", "--smoke", "--autostop", f"{GRACE:g}s", codes=(0, 3))
        ended_as_drawn = self.ending() is plan.ending
        ended = time.monotonic()
        if plan.cancelled:
            self.wait(lambda: self.status is not AutostopStatus.ARMED)
            self.fptui("autostop", "cancel", codes=(0, 3))
        for _ in range(plan.kills - 1):
            time.sleep(self.numbers.uniform(0.2, 2.5))
            self.kill_guard()
        stopped = self.wait(lambda: self.server.pod.asked > 0, _KEEP_UP + GRACE if plan.cancelled else _LIMIT)
        after = time.monotonic() - ended if stopped else None
        return RealResult(plan, after, self.under_a_run, ended_as_drawn, self.kills)

    def end(self) -> None:
        """In the drawn way: by itself, or made to."""
        folder = self.runs()[-1]
        if self.plan.ending in _MADE_TO_END:
            self.wait(lambda: self.is_training(folder))
        beat = read_heartbeat(folder.heartbeat)
        if self.plan.ending is Status.STOPPED:
            self.fptui("stop", folder.id, "--now", codes=(0, 3))
        elif self.plan.ending is Status.LOST and beat is not None:
            self.lost.add(folder.path)
            os.kill(beat.pid, signal.SIGKILL)
            return
        elif self.plan.ending is Status.INTERRUPTED and beat is not None and beat.trainer_pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(os.getpgid(beat.trainer_pid), signal.SIGINT)
        self.wait(folder.exit.exists)

    def ending(self) -> Status | None:
        """Of the first run."""
        folder = next(each for each in self.runs() if "smoke" in each.id)
        found = read_exit(folder.exit)
        return Status.LOST if folder.path in self.lost and found is None else found.status if found else None

    def kill_guard(self) -> None:
        life = self.files.living()
        if life is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(life.pid, signal.SIGKILL)
                self.kills += 1

    def on_stop(self) -> None:
        """The service has been asked to stop the pod."""
        self.under_a_run |= any(not run.exit.exists() and run.path not in self.lost for run in self.runs())

    @property
    def status(self) -> AutostopStatus:
        return self.files.read_state().status

    def runs(self) -> list[RunFolder]:
        runs = self.project / "runs"
        return [
            RunFolder(path.parent) for path in sorted(runs.glob("v*/run.json"), key=lambda path: path.stat().st_mtime)
        ]

    @staticmethod
    def is_training(folder: RunFolder) -> bool:
        beat = read_heartbeat(folder.heartbeat)
        return beat is not None and bool(beat.step) and beat.trainer_pid is not None

    def fptui(self, *arguments: str, codes: Sequence[int] = (0,)) -> None:
        argv = [sys.executable, "-m", "fptui", "-C", str(self.project), *arguments]
        done = subprocess.run(argv, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120, check=False)  # fmt: skip
        assert done.returncode in codes, (arguments, done.returncode, done.stderr)

    @staticmethod
    def wait(comes: Callable[[], bool], seconds: float = 40.0) -> bool:
        deadline = time.monotonic() + seconds
        while not comes():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def clear_away(self) -> None:
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                mine = f"XDG_STATE_HOME={self.environment['XDG_STATE_HOME']}\0".encode()
                if mine in (process / "environ").read_bytes() and b"\0guard\0" in (process / "cmdline").read_bytes():
                    # Parent and child: one alone would begin the other anew.
                    os.kill(int(process.name), signal.SIGKILL)
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], check=False, capture_output=True)
