"""The runs that hold this pod, and those that have ended here."""

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fptui.adapters.processes import is_alive
from fptui.core.autostop import Active, End
from fptui.core.project import Project, Settings
from fptui.core.run import Heartbeat, RunFolder
from fptui.core.run_status import row
from fptui.core.status import Status
from fptui.core.units import parse_duration
from fptui.core.view import RunRow

_MOST = 500
"""Ended runs that are told of: fewer than autostop remembers, so that none is ever taken for a new one."""


class Runs:
    """Looks at the runs of some projects, again and again. Runs of other pods on a shared volume are none of ours."""

    def __init__(self, pod_id: str | None, alive: Callable[[Heartbeat], bool] = is_alive) -> None:
        self._pod_id, self._host = pod_id, os.uname().nodename
        self._alive = alive
        self._over: dict[str, RunRow | None] = {}
        """By folder: runs with an exit record, which do not change any more. None: another pod's."""
        self.at_work: list[tuple[RunFolder, RunRow]] = []
        """The active ones of the last look."""

    def look(self, projects: Sequence[str], now: float | None = None) -> tuple[tuple[Active, ...], tuple[End, ...]]:
        """The active ones, newest first, and the ended ones, the last to end first; a lost one may have been that."""
        active: list[Active] = []
        ended: list[tuple[float, End]] = []
        self.at_work = []
        for folder, run in self._rows(projects, time.time() if now is None else now):
            counts = run.record.autostop != "off"
            grace = parse_duration(run.record.autostop) if counts and run.record.autostop else None
            if run.status.is_active:
                active.append(Active(folder.window, counts, grace))
                self.at_work.append((folder, run))
            else:
                at = math.inf if run.ended_at is None else run.ended_at
                ended.append((at, End(folder.window, run.status, run.seconds(0.0), counts, grace)))
        ended.sort(key=lambda item: item[0], reverse=True)
        return tuple(active), tuple(end for _, end in ended[:_MOST])

    def _rows(self, projects: Sequence[str], now: float) -> Iterator[tuple[RunFolder, RunRow]]:
        for path in projects:
            for folder in Project(Path(path), "", Settings()).run_folders():
                if not _is_text(folder.id):
                    continue  # fptui makes no such name, and nothing could be written down of it
                key = str(folder.path)
                run = self._over[key] if key in self._over else row(folder, now, self._alive)
                if run is not None and not self._is_ours(run):
                    run = self._over[key] = None
                if run is None:
                    continue
                if not run.status.is_active and run.status is not Status.LOST:
                    self._over[key] = run
                yield folder, run

    def _is_ours(self, run: RunRow) -> bool:
        if self._pod_id is not None and run.record.pod_id is not None:
            return run.record.pod_id == self._pod_id
        return run.record.host in ("", self._host)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
