"""One run from its start to its exit record."""

import contextlib
import os
import selectors
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fptui.core.facts import LogFacts, Outcome
from fptui.core.musubi.log_reader import LogReader
from fptui.core.pace import Pace
from fptui.core.run import ExitRecord, RunFolder, RunRecord
from fptui.supervise.ending import Ending, ended, last_words
from fptui.supervise.exit_file import ExitFile
from fptui.supervise.heartbeat import HeartbeatFile
from fptui.supervise.pane import Pane
from fptui.supervise.recording import SECONDS_BETWEEN_TIMES, Recording
from fptui.supervise.stopping import Stopping, read_request
from fptui.supervise.trainer import Trainer

_TICK_SECONDS = 0.5
_HEARTBEAT_SECONDS = 1.0
_CTRL_C = b"\x03"
_SMALL = 2048
_GATHER_SECONDS = 0.02
"""After a small chunk more is let come, so that a trainer that writes much wakes the supervisor 50 times a second."""


@dataclass(frozen=True)
class Surroundings:
    """What the runs of one supervisor share."""

    environment: Mapping[str, str]
    pane: Pane
    wakeup: int
    """Readable once a signal has come that asks for a stop."""
    clock: Callable[[], float]


class SupervisedRun:
    """Holds the trainer and everything that is kept of it."""

    def __init__(self, folder: RunFolder, record: RunRecord, around: Surroundings) -> None:
        self._folder, self._record = folder, record
        self._pane, self._wakeup, self._clock = around.pane, around.wakeup, around.clock
        # TERM: the caller's terminal is not the one that the trainer's output is shown on.
        self._environment = {**around.environment, "TERM": os.environ.get("TERM", "dumb"), **record.environment}
        self._exit = ExitFile(folder)
        self._heartbeat = HeartbeatFile(folder.heartbeat)
        self._recording = Recording(folder.log, folder.times)
        self._reader, self._pace, self._facts = LogReader(), Pace(), LogFacts()
        self._stopping = Stopping(record)
        self._failed_before_stop = False
        self._request: tuple[str, float] | None = None
        self._nobody_left = False
        self._said: str | None = None
        self._trouble: str | None = None
        self._beat_at = 0.0
        self._started_at = around.clock()

    def through(self, on_tick: Callable[[float], None]) -> ExitRecord:
        """Start, watch until the last descendant has ended, and record that. `on_tick` is called twice a second."""
        self._write_heartbeat(None)
        try:
            trainer = Trainer(self._record.argv, self._record.cwd, self._environment)
        except OSError as error:
            return self._record_end(Ending(not_started=f"no terminal or process for it ({error.strerror})"))
        try:
            self._watch(trainer, on_tick)
            while self._take(trainer.read()):
                pass
        finally:
            trainer.close()
        stop_sent = self._stopping.sent > 0 and not self._failed_before_stop
        return self._record_end(Ending(trainer.wait_status, trainer.orphan_status, trainer.not_started, stop_sent))

    def _watch(self, trainer: Trainer, on_tick: Callable[[float], None]) -> None:
        pane = self._pane
        with selectors.DefaultSelector() as selector:
            selector.register(trainer.terminal, selectors.EVENT_READ, lambda: self._read_output(trainer))
            selector.register(trainer.report, selectors.EVENT_READ, lambda: self._read_report(trainer))
            selector.register(self._wakeup, selectors.EVENT_READ, self._read_signals)
            if pane.alive:
                selector.register(pane.keyboard, selectors.EVENT_READ, lambda: self._read_keys(trainer))
            next_tick = 0.0
            while not (self._nobody_left and not trainer.left()):
                for key, _ in selector.select(self._patience(next_tick)):
                    if not key.data():
                        selector.unregister(key.fd)
                self._recording.flush(self._clock())
                pane.flush()
                # A stop that waits for a save looks at every chunk: the next save may begin within a tick.
                if time.monotonic() >= next_tick or self._stopping.is_waiting:
                    next_tick = time.monotonic() + _TICK_SECONDS
                    self._survive(lambda: self._tick(trainer))
                    on_tick(self._clock())

    def _patience(self, next_tick: float) -> float:
        if self._recording.is_pending or self._pane.is_behind or self._nobody_left:
            return SECONDS_BETWEEN_TIMES
        return max(0.0, next_tick - time.monotonic())

    # What comes in. Each returns whether more may come.

    def _read_output(self, trainer: Trainer) -> bool:
        chunk = trainer.read()
        if self._take(chunk) and len(chunk or b"") < _SMALL:
            time.sleep(_GATHER_SECONDS)
        return chunk != b""

    def _take(self, chunk: bytes | None) -> bool:
        if not chunk:
            return False
        now = self._clock()
        self._recording.write(chunk, now)
        self._pane.show(chunk)
        self._survive(lambda: self._understand(chunk, now))
        return True

    def _understand(self, chunk: bytes, now: float) -> None:
        reader = self._reader
        reader.feed(chunk)
        self._pace.note(now, reader.steps[-1] if reader.steps else None, reader.pauses)

    def _read_report(self, trainer: Trainer) -> bool:
        self._nobody_left = not trainer.read_report()
        return not self._nobody_left

    def _read_signals(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wakeup, 64)
        self._ask("now")
        return True

    def _read_keys(self, trainer: Trainer) -> bool:
        typed = self._pane.keys()
        if _CTRL_C in typed:
            typed = typed.replace(_CTRL_C, b"")
            self._ask("now")
        if typed:
            trainer.type(typed)
        return self._pane.alive

    # What goes out

    def _ask(self, mode: str) -> None:
        self._stopping.ask(mode, self._reader.facts(), time.monotonic())

    def _tick(self, trainer: Trainer) -> None:
        self._facts = self._reader.facts()
        request = read_request(self._folder.stop_request)
        if request is not None and request != self._request:
            self._request = request
            self._ask(request[0])
        due = self._stopping.signal(self._facts, time.monotonic())
        if due is not None:
            if self._stopping.sent == 1:
                self._failed_before_stop = self._facts.outcome in (Outcome.FAILED, Outcome.OUT_OF_MEMORY)
            trainer.send(due)
        self._say(self._stopping.sentence)
        if self._clock() - self._beat_at >= _HEARTBEAT_SECONDS or self._clock() < self._beat_at:
            self._write_heartbeat(trainer)

    def _survive(self, work: Callable[[], None]) -> None:
        """What only looks at the run must not end it."""
        try:
            work()
        except Exception as error:
            self._trouble = f"fptui's supervisor met an error of its own ({error!r}); the run goes on."
            self._say(self._trouble)

    def _say(self, sentence: str | None) -> None:
        if sentence and sentence != self._said:
            self._said = sentence
            self._pane.say(sentence)

    def _write_heartbeat(self, trainer: Trainer | None) -> None:
        self._beat_at = self._clock()
        self._heartbeat.write(
            self._facts,
            now=self._beat_at,
            started_at=self._started_at,
            trainer_pid=trainer.launcher if trainer else None,
            seconds_per_step=self._pace.seconds_per_step,
            stop=self._stopping.mode,
            is_stopping=self._stopping.sent > 0,
            message=self._recording.problem or self._trouble or self._stopping.sentence or _left_over(trainer),
        )

    def _record_end(self, ending: Ending) -> ExitRecord:
        now = self._clock()
        self._recording.close(now)
        self._survive(self._reader.close)
        record = ended(
            self._reader.facts(),
            ending,
            started_at=self._started_at,
            now=now,
            seconds_per_step=self._pace.seconds_per_step,
        )
        self._exit.write(record)
        self._pane.say(last_words(self._record, record))
        return record


def _left_over(trainer: Trainer | None) -> str | None:
    """The launcher has ended and others have not: a save, an upload, or something that was forgotten."""
    if trainer is None or trainer.wait_status is None:
        return None
    count = trainer.below_leader()
    return (
        f"the launcher has ended; waiting for {count} process{'es' * (count != 1)} that it started" if count else None
    )
