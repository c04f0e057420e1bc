"""The reading thread: one snapshot a second, handed over as one message, and never two that wait."""

import threading
from collections.abc import Callable

from textual.message import Message
from textual.message_pump import MessagePump

from fptui.tui.snapshot import Snapshot, Snapshots
from fptui.tui.threads import sentence


class Looked(Message):
    """A snapshot, or the sentence why there is none."""

    def __init__(self, snapshot: Snapshot | None, problem: str | None = None) -> None:
        super().__init__()
        self.snapshot = snapshot
        self.problem = problem

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Looked)


class Reading:
    """Polls in a thread of its own. `selected` and `log_lines` may be set at any time; `look` hurries the next poll."""

    def __init__(self, snapshots: Snapshots, clock: Callable[[], float], period: float, target: MessagePump) -> None:
        self.selected: str | None = None
        self.log_lines = 100
        self._snapshots = snapshots
        self._clock = clock
        self._period = period
        self._target = target
        self._hurry = threading.Event()
        self._seen = threading.Event()
        self._seen.set()
        self._ended = False

    def begin(self) -> None:
        threading.Thread(target=self._run, name="fptui-reading", daemon=True).start()

    def look(self) -> None:
        """Poll now rather than at the next second."""
        self._hurry.set()

    def seen(self) -> None:
        """The last message was handled: the next may be sent. Until then nothing piles up."""
        self._seen.set()

    def end(self) -> None:
        self._ended = True
        self._hurry.set()
        self._seen.set()

    def _run(self) -> None:
        while not self._ended:
            self._hurry.clear()
            self._seen.clear()
            try:
                message = Looked(self._snapshots.take(self._clock(), self.selected, self.log_lines))
            except Exception as error:
                message = Looked(None, f"Reading failed, and is tried again: {sentence(error)}")
            if self._ended or not self._target.post_message(message):
                return
            self._seen.wait()
            self._hurry.wait(self._period)
