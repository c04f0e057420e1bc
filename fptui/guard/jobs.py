"""What takes long, beside the guard's ticks: a service that does not answer must not stop the clock."""

import queue
import threading
from collections.abc import Callable
from typing import Any


class Jobs:
    """At most one job of each kind at a time, each in a daemon thread."""

    def __init__(self) -> None:
        self._running: set[str] = set()
        self._begun: dict[str, float] = {}
        self._done: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def start(self, kind: str, work: Callable[[], Any]) -> bool:
        """False while one of this kind is at work."""
        if kind in self._running:
            return False
        self._running.add(kind)
        threading.Thread(target=self._run, args=(kind, work), name=kind, daemon=True).start()
        return True

    def is_running(self, kind: str) -> bool:
        """Whether what it comes to has not been given out yet."""
        return kind in self._running

    def sometimes(self, kind: str, every: float, now: float, work: Callable[[], Any]) -> None:
        """`start`, `every` seconds behind the last time at most; `now` on the monotonic clock."""
        last = self._begun.get(kind)
        if (last is None or now - last >= every) and self.start(kind, work):
            self._begun[kind] = now

    def forget(self, kind: str) -> None:
        """When it last began: the next time comes at once."""
        self._begun.pop(kind, None)

    @property
    def is_busy(self) -> bool:
        """Whether a job is at work."""
        return len(self._running) > self._done.qsize()

    def finished(self) -> list[tuple[str, Any]]:
        """Results since the last call: what the work returned, or the exception that it raised."""
        found = []
        while not self._done.empty():
            kind, result = self._done.get()
            self._running.discard(kind)
            found.append((kind, result))
        return found

    def _run(self, kind: str, work: Callable[[], Any]) -> None:
        try:
            self._done.put((kind, work()))
        except Exception as error:
            self._done.put((kind, error))
