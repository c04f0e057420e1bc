"""When a run that was asked to stop is sent a signal, and which."""

import json
import signal
from pathlib import Path

from fptui.core.facts import LogFacts
from fptui.core.musubi.files import is_complete_state
from fptui.core.run import RunRecord

SAVE_LIMIT_SECONDS = 600.0
"""A save that is under way is waited for so long before a stop goes through it."""

_BETWEEN_REQUESTS = 2.0
_LADDER = (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
"""musubi-tuner handles none of them; SIGINT lets Python finish what `finally` and upload threads hold. Each further
step needs a further request by the user: a trainer that is still saving must not be hit twice by itself."""


class Stopping:
    """Fed with requests and with what the log says; answers with the signal to send now, if any."""

    def __init__(self, record: RunRecord) -> None:
        self._record = record
        self.mode: str | None = None
        self.sent = 0
        self._asked_at = 0.0
        self._states_before = 0
        self._waiting_since: float | None = None
        self.sentence: str | None = None
        """What is being waited for."""

    def ask(self, mode: str, facts: LogFacts, now: float) -> None:
        """A user's request; a later `now` overrules `at-save`, and a repeated `now` goes one step up the ladder."""
        if self.mode == "now" and mode == "now":
            if self.sent and now - self._asked_at >= _BETWEEN_REQUESTS and self._allowed < len(_LADDER):
                self._asked_at, self._allowed = now, self.sent + 1
            return
        if self.mode == "now":
            return
        self.mode, self._asked_at, self._allowed = mode, now, 1
        self._states_before = len(facts.states) + (facts.save_in_progress is not None)
        if mode == "at-save" and facts.save_in_progress is not None:
            self._states_before -= 1  # the save that is being written now is the next one

    _allowed = 0

    def signal(self, facts: LogFacts, now: float) -> signal.Signals | None:
        """The signal that is due, which counts as sent."""
        if self.mode is None or self.sent >= self._allowed:
            return None
        if self.sent == 0 and not self._ready(facts, now):
            return None
        self.sent += 1
        self.sentence = "stopping: waiting for the trainer and everything it started to end"
        return _LADDER[self.sent - 1]

    def _ready(self, facts: LogFacts, now: float) -> bool:
        if self.mode == "now":
            if facts.save_in_progress is None:
                return True
            self._waiting_since = self._waiting_since or now
            self.sentence = "stopping as soon as the save that is being written is complete"
            return now - self._waiting_since > SAVE_LIMIT_SECONDS
        self.sentence = "stopping at the next save"
        if len(facts.states) <= self._states_before or facts.save_in_progress is not None:
            return False
        newest = facts.states[-1]
        if not is_complete_state(Path(self._record.cwd) / newest.path):
            return False
        if self._record.saves.uploads and (facts.step or 0) <= (newest.step or 0):
            self.sentence = "the state is saved; waiting for its upload"
            return False
        return True


def read_request(path: Path) -> tuple[str, float] | None:
    """Mode and time of the request in stop.json, if there is one."""
    try:
        value = json.loads(path.read_bytes())
        mode, at = value["mode"], float(value["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return (mode, at) if mode in ("now", "at-save") else None
