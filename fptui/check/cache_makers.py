"""With which models caches were made, as far as records of runs and times of files tell."""

import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from fptui.check.subject import Subject
from fptui.core.run import RunRecord, read_run
from fptui.core.status import Stage
from fptui.core.text import plain

MODELS: Mapping[Stage, tuple[str, ...]] = {
    Stage.CACHE_LATENTS: ("vae", "image_encoder"),
    Stage.CACHE_TEXT: ("text_encoder1", "text_encoder2"),
}
_MOST_RUNS = 50


@dataclass(frozen=True)
class Reason:
    """Why a cache is stale. `words` go on from its name: `is older than a.png`."""

    words: str
    key: str | None = None
    """The setting at fault, where it is one: all caches that it made stale are one problem."""


class Makers:
    """Of the caches of one stage of one version."""

    def __init__(self, subject: Subject, stage: Stage) -> None:
        self._subject, self._stage = subject, stage
        self._now = time.time_ns()

    def reason(self, modified_ns: int) -> Reason | None:
        """Why a file of this time is of other models; None where it is of these, or nothing is known."""
        for key, changed in self._changed.items():
            # A time to come is a wrong clock's: caches would never be new enough.
            if modified_ns < changed <= self._now:
                return Reason(f"is older than {key}, which has changed since", key)
        record = next((each for each in self._records if each.created_at * 1e9 <= modified_ns), None)
        return self._difference(record) if record is not None else None

    @cached_property
    def _changed(self) -> dict[str, int]:
        found = {}
        for key in MODELS[self._stage]:
            path = self._subject.path(key)
            try:
                status = path.stat() if path is not None else None
                if status is not None and stat.S_ISREG(status.st_mode):
                    found[key] = status.st_mtime_ns
            except (OSError, ValueError):
                continue
        return found

    @cached_property
    def _records(self) -> list[RunRecord]:
        """Of the caching runs of this version, newest first: each made the files since then, up to the next."""
        mine = f"{self._subject.name}-{self._stage.value}-"
        folders = [each for each in self._subject.project.possible_runs() if each.id.startswith(mine)][:_MOST_RUNS]
        records = [read_run(each.record) for each in folders]
        return sorted((each for each in records if each is not None), key=lambda each: -each.created_at)

    def _difference(self, record: RunRecord) -> Reason | None:
        if record.trainer != self._subject.project.settings.trainer:
            return Reason(f"was made by the {plain(record.trainer, 40)} trainer", "trainer")
        for key in MODELS[self._stage]:
            now, then = self._subject.path(key), _option(record.argv, key)
            if now is not None and then is not None and self._subject.project.path / then != now:
                return Reason(f"was made with another {key}", key)
        return None


def _option(argv: tuple[str, ...], key: str) -> str | None:
    flag = f"--{key}"
    return next((value for name, value in pairwise(argv) if name == flag), None)
