"""A run's folder and the three records in it: what was asked for, the sign of life, how it ended."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from zlib import crc32

from fptui.core.records import read_record, write_json
from fptui.core.status import Stage, Status


@dataclass(frozen=True)
class Saves:
    """How often the trainer of a run saves, from its config; None: never by that count."""

    every_n_steps: int | None = None
    every_n_epochs: int | None = None
    state: bool = False
    uploads: bool = False
    """Whether every save is uploaded too: a stop waits for that."""


@dataclass(frozen=True)
class RunRecord:
    """`run.json`: what was asked for. Never changes. Holds names of secrets, never their values."""

    id: str
    version: str
    stage: Stage
    trainer: str
    """`musubi` or `rehearsal`."""
    argv: tuple[str, ...]
    cwd: str
    created_at: float
    """Seconds since the epoch, as every time in these records."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Set on top of the caller's environment; nothing secret."""
    secret_names: tuple[str, ...] = ()
    gpus: tuple[int, ...] = ()
    host: str = ""
    pod_id: str | None = None
    git_commit: str | None = None
    step_offset: int = 0
    """True step = step_offset + the trainer's own step: the trainer counts from 0 again after a resume."""
    total_steps: int | None = None
    """The true step at which the run will have finished, when the config says so."""
    resumed_from: str | None = None
    """The state folder that this run started from."""
    resumes_run: str | None = None
    follows: str | None = None
    """The run that must finish first; both are in one pane, under one supervisor."""
    output_dir: str | None = None
    output_name: str | None = None
    logging_dir: str | None = None
    saves: Saves = Saves()
    autostop: str | None = None
    """As asked for at the start: `off`, a duration, or None for the project's own."""
    max_hours: float | None = None
    max_cost: float | None = None
    """Dollars. Behind either the guard stops the run at its next save."""
    max_batches: int | None = None
    """Caching runs: how many items there are to do, for progress; None when unknown."""


@dataclass(frozen=True)
class Heartbeat:
    """`heartbeat.json`: replaced by the supervisor every second or two while it lives. Steps are the trainer's own."""

    at: float
    pid: int
    """The supervisor's."""
    pid_started: int
    """Field 22 of /proc/PID/stat: with boot_id it tells this process from a later one with the same number."""
    boot_id: str
    host: str
    status: Status
    trainer_pid: int | None = None
    started_at: float | None = None
    step: int | None = None
    total_steps: int | None = None
    epoch: int | None = None
    epochs: int | None = None
    loss: float | None = None
    """The trainer's average."""
    seconds_per_step: float | None = None
    stop: str | None = None
    """`at-save` or `now` once a stop was asked for."""
    message: str | None = None


@dataclass(frozen=True)
class ExitRecord:
    """`exit.json`: how it ended. Written once. Steps are the trainer's own."""

    status: Status
    exit_code: int | None
    signal: int | None
    started_at: float | None
    ended_at: float
    step: int | None = None
    total_steps: int | None = None
    epoch: int | None = None
    epochs: int | None = None
    loss: float | None = None
    seconds_per_step: float | None = None
    error_kind: str | None = None
    error_message: str | None = None
    reason: str | None = None
    """One sentence for the user when the status needs one."""


class RunFolder:
    """Where the parts of one run lie: `PROJECT/runs/ID/`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "run.json"
        self.config = path / "config"
        self.log = path / "output.log"
        self.times = path / "output.times"
        self.heartbeat = path / "heartbeat.json"
        self.exit = path / "exit.json"
        self.stop_request = path / "stop.json"

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def window(self) -> str:
        """By what its tmux window is found: two projects may have runs of the same id."""
        project = os.fsencode(os.path.realpath(self.path.parent))
        return f"{self.id}@{crc32(project):08x}"


def write_record(path: Path, record: RunRecord | Heartbeat | ExitRecord, *, durable: bool = True) -> None:
    """Write one of the three records."""
    write_json(path, asdict(record), durable=durable)


def read_run(path: Path) -> RunRecord | None:
    """The record in `path`, or None where there is none or it cannot be one."""
    return read_record(path, RunRecord)


def read_heartbeat(path: Path) -> Heartbeat | None:
    """Likewise."""
    return read_record(path, Heartbeat)


def read_exit(path: Path) -> ExitRecord | None:
    """Likewise."""
    return read_record(path, ExitRecord)
