"""The runs that hold this pod, and those that have ended here."""

import math
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fptui.adapters.processes import is_alive
from fptui.adapters.trainer_processes import real_trainers_at_work
from fptui.core.autostop import Active, End
from fptui.core.project import Project, Settings
from fptui.core.run import Heartbeat, RunFolder
from fptui.core.run_status import row
from fptui.core.status import Status
from fptui.core.text import plain
from fptui.core.units import parse_duration
from fptui.core.view import RunRow

_MOST = 500
"""Ended runs that are told of: fewer than autostop remembers, so that none is ever taken for a new one."""
_TRAINERS_EVERY = 5.0
_LISTED_FOR, _SETTLED = 10_000_000_000, 1_000_000_000
"""Nanoseconds."""


@dataclass(frozen=True)
class _Listing:
    """The folders below `runs`, as of its last change; None: listed anew each time."""

    changed: int | None
    at: int
    folders: list[RunFolder]


class Runs:
    """Looks at the runs of some projects, again and again, once a second: a run that has ended costs nothing any more.
    Runs of other pods on a shared volume are none of ours."""

    def __init__(
        self,
        pod_id: str | None,
        alive: Callable[[Heartbeat], bool] = is_alive,
        trainers: Callable[[], Iterable[str]] = real_trainers_at_work,
    ) -> None:
        """`trainers`: the configs of those that are at work on this machine, whoever started them."""
        self._pod_id, self._host = pod_id, os.uname().nodename
        self._alive, self._trainers = alive, trainers
        self._strangers: tuple[float, list[Active]] = (-math.inf, [])
        self._over: dict[str, tuple[float, End] | None] = {}
        """By folder: when and how runs with an exit record ended, which does not change any more. None: another
        pod's."""
        self._listed: dict[str, _Listing] = {}
        self.at_work: list[tuple[RunFolder, RunRow]] = []
        """The active ones of the last look."""

    def look(
        self, projects: Sequence[str], now: float | None = None, *, is_last: bool = False
    ) -> tuple[tuple[Active, ...], tuple[End, ...]]:
        """The active ones, newest first, and the ended ones, the last to end first; a lost one may have been that.
        `is_last`: a stop may come of it, so that nothing in it may be of some seconds ago."""
        now = time.time() if now is None else now
        active: list[Active] = []
        ended: list[tuple[float, End]] = []
        self.at_work = []
        for folder in (folder for path in projects for folder in self._folders(path)):
            key = str(folder.path)
            if key in self._over:
                known = self._over[key]
                ended += [known] if known is not None else []
                continue
            run = row(folder, now, self._alive)
            if run is None:
                continue
            if not self._is_ours(run):
                self._over[key] = None
                continue
            counts = run.record.autostop != "off"
            grace = parse_duration(run.record.autostop) if counts and run.record.autostop else None
            if run.status.is_active:
                active.append(Active(folder.window, counts, grace))
                self.at_work.append((folder, run))
                continue
            at = math.inf if run.ended_at is None else run.ended_at
            ended.append((at, End(folder.window, run.status, run.seconds(0.0), counts, grace)))
            if run.status is not Status.LOST:
                self._over[key] = ended[-1]
        ended.sort(key=lambda item: item[0], reverse=True)
        active += [] if active else self._others(-math.inf if is_last else now)
        return tuple(active), tuple(end for _, end in ended[:_MOST])

    def _others(self, now: float) -> list[Active]:
        """Trainers that are no run of these projects: started by hand, or their run's folder cannot be seen now. What
        an ended run has left at work is its own matter: its results are not safe."""
        at, found = self._strangers
        if not 0 <= now - at < _TRAINERS_EVERY:
            ours = {str(folder.config) for listing in self._listed.values() for folder in listing.folders}
            configs = sorted({config for config in self._trainers() if str(Path(config).parent) not in ours})
            found = [_other(config) for config in configs]
            self._strangers = now, found
        return found

    def _folders(self, path: str) -> list[RunFolder]:
        project = Project(Path(path), "", Settings())
        try:
            changed = project.runs.stat().st_mtime_ns
        except OSError:
            changed = None
        known, now = self._listed.get(path), time.time_ns()
        if known is None or changed is None or known.changed != changed or not 0 <= now - known.at < _LISTED_FOR:
            # fptui makes no name that is no text, and nothing could be written down of it.
            folders = [folder for folder in project.possible_runs() if _is_text(folder.id)]
            # A folder made in the very moment of the look might leave no trace in the time of the change.
            is_settled = changed is not None and now - changed > _SETTLED
            known = _Listing(changed if is_settled else None, now, folders)
            self._listed[path] = known
            gone = set(self._over) - {str(each.path) for one in self._listed.values() for each in one.folders}
            for key in gone:
                del self._over[key]
        return known.folders

    def _is_ours(self, run: RunRow) -> bool:
        if self._pod_id is not None and run.record.pod_id is not None:
            return run.record.pod_id == self._pod_id
        return run.record.host in ("", self._host)


def _other(config: str) -> Active:
    shown = plain(config, 200)
    return Active(f"a trainer with {shown}", counts=False, why=f"A trainer is at work with {shown}: it is waited for.")


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
