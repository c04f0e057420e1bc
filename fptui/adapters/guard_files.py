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
from fptui.core.text import plain
from fptui.core.units import duration

FRESH_SECONDS = 30.0
"""A guard that has given no sign of life for so long hangs, if it lives at all."""
_UNWRITTEN_SECONDS = 5.0


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


class GuardFiles:
    """Their places, and how they are read and written. Readers never see half a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = folder / "guard.lock"
        self.life = folder / "guard.json"
        self.state = folder / "autostop.json"
        self.spare = folder / "autostop-spare.json"
        """The same once more: whose runs hold the pod must not be lost with one file."""
        self.log = folder / "guard.log"
        self.requests = folder / "requests"

    def make(self) -> None:
        """The folder, for this user alone: what a service said stands in it."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(exist_ok=True, mode=0o700)

    @property
    def is_state_torn(self) -> bool:
        """There is one, and neither it nor its spare can be read."""
        return self.state.exists() and self._readable() is None

    @property
    def needs_guard(self) -> bool:
        """Whether one must be alive for what was promised; where that cannot be read it must."""
        return self.is_state_torn or self.read_state().needs_guard

    def read_state(self) -> Autostop:
        """OFF where there is none, or none that can be read."""
        return self._readable() or Autostop()

    def write_state(self, state: Autostop) -> None:
        write_json(self.state, asdict(state))
        write_json(self.spare, asdict(state))

    def _readable(self) -> Autostop | None:
        return read_record(self.state, Autostop) or read_record(self.spare, Autostop)

    def living(self) -> Life | None:
        """The guard's last sign of life, where that process is still there."""
        life = read_record(self.life, Life)
        if life is None or life.boot_id != boot_id() or start_ticks(life.pid) != life.pid_started:
            return None
        return life

    def is_guarded(self, now: float | None = None) -> bool:
        """Whether a guard lives and does its work."""
        life = self.living()
        # The wall clock may have been set; a guard from the future is as good as one of now.
        return life is not None and (time.time() if now is None else now) - self._heard(life) < FRESH_SECONDS

    def trouble(self, now: float) -> str | None:
        """One sentence where a guard that is needed is not at work, or not all of it."""
        life = self.living()
        if life is None:
            return f"No guard is at work; it is started again. Its log: {plain(str(self.log))}"
        heard = self._heard(life)
        if now - heard >= FRESH_SECONDS:
            return f"The guard has not been heard of for {duration(now - heard)}. Its log: {plain(str(self.log))}"
        if heard - life.at > _UNWRITTEN_SECONDS:
            return f"The guard cannot write to {plain(str(self.folder))}: free some space there."
        return life.trouble

    def _heard(self, life: Life) -> float:
        """When it last gave a sign: where it cannot write one it touches the file."""
        try:
            return max(life.at, self.life.stat().st_mtime)
        except OSError:
            return life.at

    def submit(self, request: Request) -> str:
        """Leave a request; returns its name. Later ones have later names."""
        self.make()
        self.requests.mkdir(exist_ok=True)
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
