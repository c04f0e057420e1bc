"""What can be read out of a trainer's log, as frozen values. Steps and epochs are the trainer's own counters."""

from dataclasses import dataclass
from enum import Enum

from fptui.core.status import Status


class Phase(str, Enum):
    """What the log says the trainer is doing."""

    STARTING = "starting"
    LOADING = "loading"
    CACHING = "caching"
    TRAINING = "training"
    SAMPLING = "sampling"
    SAVING = "saving"
    ENDED = "ended"

    @property
    def status(self) -> Status:
        """That of a run whose trainer is in this phase: behind its end, the last files are being written."""
        return Status.SAVING if self is Phase.ENDED else Status(self.value)


class Outcome(str, Enum):
    """How the program ended, as far as its log tells."""

    RUNNING = "running"
    FINISHED = "finished"
    OUT_OF_MEMORY = "out-of-memory"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True)
class LogError:
    """The true cause, not the launcher's traceback. `kind`: `out-of-memory`, `missing-cache`, `missing-file`, …"""

    kind: str
    message: str
    tried_bytes: int | None = None
    free_bytes: int | None = None
    total_bytes: int | None = None


@dataclass(frozen=True)
class Saved:
    """A checkpoint or a state that the log says was written, with the trainer's step (None: not told, an epoch's)."""

    step: int | None
    path: str


@dataclass(frozen=True)
class Sample:
    """One prompt that was sampled."""

    step: int | None
    prompt: str
    seed: int | None


@dataclass(frozen=True)
class LogWarning:
    """A kind of warning, how often, and one example."""

    kind: str
    count: int
    message: str


@dataclass(frozen=True)
class LogFacts:
    """Everything but the per-step series, which the reader keeps as arrays."""

    trainer: str = "musubi"
    program: str | None = None
    phase: Phase = Phase.STARTING
    outcome: Outcome = Outcome.RUNNING
    error: LogError | None = None
    step: int | None = None
    total_steps: int | None = None
    epoch: int | None = None
    epochs: int | None = None
    resumed_from: Saved | None = None
    num_train_items: int | None = None
    batches_per_epoch: int | None = None
    batch_size: tuple[int, ...] = ()
    gradient_accumulation_steps: int | None = None
    average_loss: float | None = None
    items_cached: int | None = None
    """Caching programs: how far."""
    items_to_cache: int | None = None
    save_in_progress: Saved | None = None
    """A save whose end the log does not yet prove."""
    checkpoints: tuple[Saved, ...] = ()
    states: tuple[Saved, ...] = ()
    samples: tuple[Sample, ...] = ()
    warnings: tuple[LogWarning, ...] = ()
    """Among the kinds: `nan-latents`, `upload-failed`, `items-dropped`."""
    wandb_url: str | None = None
    uploads: int = 0
    """Uploads of states that were announced; those of checkpoints are silent."""
    upload_in_progress: bool = False
    """One of them is not known to be over."""
