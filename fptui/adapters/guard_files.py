"""What the guard and those who talk to it leave for each other, in a folder of this machine: it belongs to the pod, not
to the volume that several pods may share."""

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from fptui.adapters.processes import boot_id, start_ticks
from fptui.core.autostop import Autostop, Policy
from fptui.core.records import read_record, write_json
from fptui.core.state_home import state_folder

_FRESH_SECONDS = 30.0
"""A guard that has given no sign of life for so long hangs, if it lives at all."""


@dataclass(frozen=True)
class Life:
    """The guard's sign of life."""

    at: float
    pid: int
    pid_started: int
    boot_id: str
    trouble: str | None = None
    """One sentence: what keeps it from its work."""


@dataclass(frozen=True)
class Request:
    """What a user, or the start of a run, asks of the guard. `runs`: ids in `project` that are about to start."""

    do: str
    """`arm`, `cancel`, `extend`, or `watch`, which only names a project."""
    at: float
    project: str | None = None
    runs: tuple[str, ...] = ()
    seconds: float = 0.0
    policy: Policy | None = None
    provider: str = "auto"
    stop_command: tuple[str, ...] = ()


@dataclass(frozen=True)
class Watched:
    """The projects whose runs hold the pod."""

    projects: tuple[str, ...] = ()


class GuardFiles:
    """Their places, and how they are read and written. Readers never see half a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = folder / "guard.lock"
        self.life = folder / "guard.json"
        self.state = folder / "autostop.json"
        self.watched = folder / "watched.json"
        self.log = folder / "guard.log"
        self.requests = folder / "requests"

    @property
    def is_state_torn(self) -> bool:
        """There is one, and it cannot be read."""
        return self.state.exists() and read_record(self.state, Autostop) is None

    @property
    def needs_guard(self) -> bool:
        """Whether one must be alive for what was promised; where that cannot be read it must."""
        return self.is_state_torn or self.read_state().needs_guard

    def read_state(self) -> Autostop:
        """OFF where there is none, or none that can be read."""
        return read_record(self.state, Autostop) or Autostop()

    def write_state(self, state: Autostop) -> None:
        write_json(self.state, asdict(state))

    def read_watched(self) -> tuple[str, ...]:
        return (read_record(self.watched, Watched) or Watched()).projects

    def write_watched(self, projects: tuple[str, ...]) -> None:
        write_json(self.watched, asdict(Watched(projects)))

    def is_guarded(self, now: float | None = None) -> bool:
        """Whether a guard lives and does its work."""
        life = read_record(self.life, Life)
        if life is None or life.boot_id != boot_id() or start_ticks(life.pid) != life.pid_started:
            return False
        # The wall clock may have been set; a guard from the future is as good as one of now.
        return (time.time() if now is None else now) - life.at < _FRESH_SECONDS

    def submit(self, request: Request) -> str:
        """Leave a request; returns its name. Later ones have later names."""
        self.requests.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{time.time_ns():020d}-{os.getpid()}.json"
        write_json(self.requests / name, asdict(request))
        return name

    def pending(self) -> list[str]:
        """Names, oldest first."""
        try:
            entries = [entry for entry in self.requests.iterdir() if not entry.name.startswith(".")]
            return sorted(entry.name for entry in entries if entry.is_file())
        except OSError:
            return []

    def request(self, name: str) -> Request | None:
        """None for what cannot be read as one."""
        return read_record(self.requests / name, Request)

    def forget(self, name: str) -> None:
        """One that cannot be removed is among those that were answered."""
        with contextlib.suppress(OSError):
            (self.requests / name).unlink(missing_ok=True)


def guard_files(environment: Mapping[str, str]) -> GuardFiles:
    """This machine's."""
    return GuardFiles(state_folder(environment))
