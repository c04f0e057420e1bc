"""The words for what a run is doing and what it did, and how they follow from what is on disk."""

from enum import Enum


class Stage(str, Enum):
    """What a run does."""

    CACHE_LATENTS = "cache-latents"
    CACHE_TEXT = "cache-text"
    SMOKE = "smoke"
    TRAIN = "train"
    TUNE = "tune"
    INFER = "infer"

    @property
    def is_caching(self) -> bool:
        """Whether it makes caches, item by item, and no steps."""
        return self in (Stage.CACHE_LATENTS, Stage.CACHE_TEXT)


class Status(str, Enum):
    """What a run is doing, or how it ended. STOPPED was asked for, INTERRUPTED was killed from elsewhere, LOST has
    neither an exit record nor a living supervisor. None of the three is a success."""

    QUEUED = "queued"
    STARTING = "starting"
    LOADING = "loading"
    CACHING = "caching"
    TRAINING = "training"
    SAMPLING = "sampling"
    SAVING = "saving"
    STOPPING = "stopping"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    OUT_OF_MEMORY = "out-of-memory"
    INTERRUPTED = "interrupted"
    LOST = "lost"

    @classmethod
    def _missing_(cls, value: object) -> "Status":
        """A word that another version of fptui wrote."""
        return cls.LOST

    @property
    def is_active(self) -> bool:
        """Whether a trainer may still be working."""
        return self in _ACTIVE


_ACTIVE = frozenset(
    {
        Status.QUEUED,
        Status.STARTING,
        Status.LOADING,
        Status.CACHING,
        Status.TRAINING,
        Status.SAMPLING,
        Status.SAVING,
        Status.STOPPING,
    }
)
