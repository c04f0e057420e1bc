"""When a run that was asked to stop is sent a signal, and which."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

from fptui.core.facts import LogFacts, Phase, Saved
from fptui.core.musubi.files import is_complete_safetensors, is_complete_state
from fptui.core.run import RunRecord

SAVE_LIMIT_SECONDS = 600.0
"""A save that is under way is waited for so long before a stop goes through it."""
BETWEEN_REQUESTS_SECONDS = 2.0
"""A request that follows another more closely is the same one: a key held down, a command beside a key."""
SETTLE_SECONDS = 1.0
"""A save is whole on disk, or the log has left it: so long the state that belongs to it may take to be announced."""

LADDER = (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
"""musubi-tuner handles none of them (its sources use no `signal`); SIGINT lets Python finish what `finally` and upload
threads hold. Each further step needs a further request by the user: a trainer that is still saving must not be hit
twice by itself."""


class Stopping:
    """Fed with requests and with what the log says; answers with the signal to send now, if any. `now` is any clock
    that does not go back, in seconds."""

    def __init__(self, record: RunRecord, is_whole: Callable[[Path], bool] | None = None) -> None:
        self._record = record
        self._is_whole = is_whole or is_whole_on_disk
        self.mode: str | None = None
        self.sent = 0
        """How many signals."""
        self.sentence: str | None = None
        """What is being waited for, for the user."""
        self._allowed = 0
        self._forced = False
        self._asked_at = 0.0
        self._states_before = 0
        self._settling_since: float | None = None

    @property
    def is_waiting(self) -> bool:
        """Asked for, and no signal sent yet."""
        return self.mode is not None and not self.sent

    def ask(self, mode: str, facts: LogFacts, now: float) -> None:
        """A user's request; `now` overrules `at-save`, and a repeated `now` goes one step up the ladder."""
        if mode == "at-save":
            if self.mode is None:
                self.mode, self._allowed, self._asked_at = mode, 1, now
                self._states_before = len(facts.states)
        elif self.mode != "now" and not self.sent:
            self.mode, self._allowed, self._asked_at = "now", 1, now
        elif now - self._asked_at >= BETWEEN_REQUESTS_SECONDS:
            self.mode, self._asked_at, self._forced = "now", now, True
            self._allowed = min(self.sent + 1, len(LADDER))

    def signal(self, facts: LogFacts, now: float) -> signal.Signals | None:
        """The signal that is due, which counts as sent."""
        if self.mode is None or self.sent >= self._allowed or not (self.sent or self._forced or self._due(facts, now)):
            return None
        number = LADDER[self.sent]
        again = " again" if number in LADDER[: self.sent] else ""
        self.sent += 1
        self.sentence = f"{number.name} sent{again}: waiting until the trainer and everything it started has ended"
        return number

    def _due(self, facts: LogFacts, now: float) -> bool:
        return self._now_is_due(facts, now) if self.mode == "now" else self._save_is_through(facts, now)

    def _now_is_due(self, facts: LogFacts, now: float) -> bool:
        if not self._is_writing(facts, now):
            return True
        if now - self._asked_at > SAVE_LIMIT_SECONDS:
            return True
        self.sentence = "stopping as soon as the save that is being written is complete; asked again, without it"
        return False

    def _save_is_through(self, facts: LogFacts, now: float) -> bool:
        self.sentence = "stopping at the next save"
        if _is_last_step(facts):
            self.sentence = "its last step is done: it may finish"
            return False
        if len(facts.states) <= self._states_before:
            return False
        if not self._is_whole(self._path(facts.states[-1])):
            self.sentence = "stopping at the next save: the last one is not complete on disk"
            return False
        if facts.upload_in_progress or (self._record.saves.uploads and facts.phase is Phase.SAVING):
            self.sentence = "the state is saved; stopping after its upload"
            return False
        return not self._is_writing(facts, now)

    def _is_writing(self, facts: LogFacts, now: float) -> bool:
        """Whether a save is under way that is not whole on disk yet."""
        save = facts.save_in_progress
        if facts.phase is not Phase.SAVING:
            self._settling_since = None
            return False
        if _is_last_step(facts):
            return True  # the last state and the last checkpoint follow each other, and then it ends by itself
        if save is None and not self._state_is_due(facts):
            return False
        if save is not None and not self._is_whole(self._path(save)):
            self._settling_since = None
            return True
        if self._settling_since is None:
            self._settling_since = now
        return now - self._settling_since < SETTLE_SECONDS

    def _state_is_due(self, facts: LogFacts) -> bool:
        """The trainer writes a checkpoint, says `saving state at step`, and names the state a moment later."""
        if not (self._record.saves.state and facts.checkpoints):
            return False
        return not facts.states or facts.states[-1].step != facts.checkpoints[-1].step

    def _path(self, saved: Saved) -> Path:
        return Path(self._record.cwd) / saved.path


def is_whole_on_disk(path: Path) -> bool:
    """A checkpoint or a state folder."""
    return is_complete_state(path) if path.suffix != ".safetensors" else is_complete_safetensors(path)


def _is_last_step(facts: LogFacts) -> bool:
    return facts.step is not None and facts.step == facts.total_steps


def read_request(path: Path) -> tuple[str, float] | None:
    """Mode and time of the request in stop.json, if there is one."""
    try:
        value = json.loads(path.read_bytes())
        mode, at = value["mode"], float(value["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return (mode, at) if mode in ("now", "at-save") else None
