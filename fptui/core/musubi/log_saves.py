"""Checkpoints and states that a log announces, and which of them it proves to be written."""

from dataclasses import dataclass

from fptui.core.facts import Saved
from fptui.core.musubi.log_patterns import EPOCH_IN_NAME, STEP_IN_NAME


@dataclass(frozen=True)
class _Save:
    path: str
    step: int | None
    is_final: bool
    is_state: bool


class Saves:
    """The trainer says that it begins to write; that it has written shows in what it says next."""

    def __init__(self) -> None:
        self._under_way: _Save | None = None
        self._checkpoints: list[_Save] = []
        self._states: list[_Save] = []
        self.step: int | None = None
        """Of the last save with a step in its name; the trainer's own."""

    @property
    def is_writing(self) -> bool:
        return self._under_way is not None

    @property
    def has_final_checkpoint(self) -> bool:
        """The log proves that the checkpoint of the end is written."""
        return bool(self._checkpoints) and self._checkpoints[-1].is_final

    def begin(self, path: str, step: int | None, epoch: int | None, *, is_state: bool) -> None:
        """`path` is about to be written at `step` of `epoch`. The trainer writes one thing at a time, so what was under
        way is written."""
        self.proven()
        in_name, epoch_in_name = STEP_IN_NAME.search(path), EPOCH_IN_NAME.search(path)
        its_epoch = int(epoch_in_name[1]) if epoch_in_name else None
        if in_name:
            self.step = int(in_name[1])
            self._under_way = _Save(path, self.step, False, is_state)
        elif its_epoch is not None and epoch is not None and its_epoch <= epoch:
            # A line that comes late does not tell at which step it was printed.
            self._under_way = _Save(path, step if its_epoch == epoch else None, False, is_state)
        else:
            self._under_way = _Save(path, step, True, is_state)

    def proven(self) -> None:
        """What was under way is complete."""
        if self._under_way is not None:
            (self._states if self._under_way.is_state else self._checkpoints).append(self._under_way)
            self._under_way = None

    def checkpoint_proven(self) -> None:
        """The same, but for a state, which takes several lines."""
        if self._under_way is not None and not self._under_way.is_state:
            self.proven()

    def under_way(self, last: int | None) -> Saved | None:
        """`last`: the step of the end, which the final checkpoint and state do not have in their names."""
        return _saved(self._under_way, last) if self._under_way else None

    def checkpoints(self, last: int | None) -> tuple[Saved, ...]:
        return tuple(_saved(save, last) for save in self._checkpoints)

    def states(self, last: int | None) -> tuple[Saved, ...]:
        return tuple(_saved(save, last) for save in self._states)


def _saved(save: _Save, last: int | None) -> Saved:
    return Saved(last if save.is_final else save.step, save.path)
