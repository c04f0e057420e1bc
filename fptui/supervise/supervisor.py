"""Owns runs, one after another: the trainer of each, its log, its pane, its stop and how it ended.

What a supervisor's end does to its trainer: SIGTERM and SIGINT are a stop. After SIGKILL nobody holds the other side
of the inner terminal; the leader keeps the kernel's hangup from the trainer, which goes on until it next writes there,
gets EIO and ends by that exception. So a save that is being written is completed, and a run without a supervisor
(`lost`) soon has no trainer either.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fptui.core.run import ExitRecord, RunFolder, read_run
from fptui.core.secrets import trainer_environment
from fptui.core.status import Status
from fptui.supervise.ending import without_a_start
from fptui.supervise.exit_file import write_exit
from fptui.supervise.guard_keeper import GuardKeeper
from fptui.supervise.leader import adopt_orphans
from fptui.supervise.pane import Pane
from fptui.supervise.stopping import read_request
from fptui.supervise.supervised_run import SupervisedRun, Surroundings

_Clock = Callable[[], float]


def supervise(run_paths: Sequence[Path], environment: Mapping[str, str], clock: _Clock = time.time) -> int:
    """Do the runs one after another; the first that does not finish ends the rest. 0 when all finished."""
    folders = [RunFolder(path) for path in run_paths]
    wakeup = _take_signals()
    adopt_orphans()
    pane = Pane()
    around = Surroundings(trainer_environment(environment), pane, wakeup, clock)
    # A guard that has died is started again with everything that the start had, the keys too.
    keeper = GuardKeeper(environment, folders)
    before: tuple[str, Status] | None = None
    try:
        for index, folder in enumerate(folders):
            if before is None:
                record = _through(folder, folders[index + 1 :], around, keeper)
                if record.status is not Status.FINISHED:
                    before = folder.id, record.status
            elif not folder.exit.exists():
                reason = f"Not started: {before[0]} ended as {before[1].value}."
                write_exit(folder, without_a_start(Status.STOPPED, reason, clock()))
    finally:
        pane.close()
    return 0 if before is None else 1


def refuse(run_paths: Sequence[Path], reason: str, now: float) -> None:
    """None of the runs can be started: their records say why."""
    for path in run_paths:
        folder = RunFolder(path)
        if folder.path.is_dir() and not folder.exit.exists():
            write_exit(folder, without_a_start(Status.FAILED, reason, now, "not-started"))


def withdraw(waiting: Sequence[RunFolder], now: float) -> None:
    """Runs that were stopped before their turn; one that is to stop at a save begins and gets there."""
    for folder in waiting:
        request = read_request(folder.stop_request)
        if request is not None and request[0] == "now" and not folder.exit.exists():
            write_exit(folder, without_a_start(Status.STOPPED, "Stopped before it began.", now))


def _through(folder: RunFolder, waiting: Sequence[RunFolder], around: Surroundings, keeper: GuardKeeper) -> ExitRecord:
    clock = around.clock
    withdraw([folder], clock())
    if folder.exit.exists():  # withdrawn, or this very supervisor was started twice
        return without_a_start(Status.STOPPED, "", clock())
    record = read_run(folder.record)
    if record is None:
        reason = f"{folder.record} is not a run's record. Start the run again."
        ending = without_a_start(Status.FAILED, reason, clock(), "not-started")
        write_exit(folder, ending)
        around.pane.say(reason)
        return ending

    def on_tick(now: float) -> None:
        withdraw(waiting, now)
        keeper.look(now)

    return SupervisedRun(folder, record, around).through(on_tick)


def _take_signals() -> int:
    """SIGTERM and SIGINT wake the loop through a pipe, whose reading end is returned; the end of a terminal is no
    event."""
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGTTOU, signal.SIGTTIN, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    wakeup, waking = os.pipe()
    os.set_blocking(wakeup, False)
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return wakeup
