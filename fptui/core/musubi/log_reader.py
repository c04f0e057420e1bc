"""One incremental reader of the trainer's output: stdout and stderr mixed, from a pty or a pipe, in pieces of any size.

What it gives is a function of the bytes alone, however they were cut. A log with several programs one after another
gives the last one, and the warnings of all.
"""

from array import array

from fptui.core.facts import LogFacts
from fptui.core.musubi.log_patterns import LOG, STEPS_BAR
from fptui.core.musubi.log_program import Program, first_line
from fptui.core.musubi.log_steps import StepBars
from fptui.core.musubi.log_stream import Bar, RecordStream, clean, split_bar
from fptui.core.musubi.log_warnings import Warnings

_RUN_OF_BARS = 1000
"""Bytes between the ends of a line from which on they are tried in bulk, as training bars."""
_TRIES = 4
"""The first bar behind a save or a sample is not like the others."""
_PEEK_LIMIT = 4096


class LogReader:
    """`feed` it bytes as they come and `close` it at their end; `facts()` at any time."""

    def __init__(self) -> None:
        self._stream = RecordStream()
        self._bars = StepBars()
        self._warnings = Warnings()
        self._program = Program(self._bars, self._warnings)
        self._pauses_before = 0
        self._bar_drawn: Bar | None = None
        """The bar that stands at the end of the line that is being written, if one does."""
        self._is_closed = False
        self._facts: LogFacts | None = None

    @property
    def steps(self) -> "array[int]":
        """Finished steps, the trainer's own count; grows at its end only, but for a new `generation`."""
        return self._bars.steps

    @property
    def averages(self) -> "array[float]":
        """For each of `steps` the last average that was shown, NaN where none was; the last one may still change."""
        return self._bars.averages

    @property
    def generation(self) -> int:
        """Rises when `steps` began again because another program began in the same log."""
        return self._bars.generation

    @property
    def pauses(self) -> int:
        """How many saves and samplings have begun: a step during which it rises took longer than steps do."""
        return self._pauses_before + self._program.pauses

    @property
    def seconds_per_step(self) -> float | None:
        """By the bar's clock, which shows whole seconds; without saves and samples."""
        return self._bars.seconds_per_step

    def feed(self, chunk: bytes) -> None:
        """Read on. Never raises for what is in `chunk`."""
        if not chunk:
            return
        self._facts = None
        for block in self._stream.blocks(chunk):
            lines = block.split(b"\n")
            for line in lines[:-1]:
                if line:
                    self._records(line)
                if self._bar_drawn is not None:
                    # tqdm ends the line of a bar only when it closes it.
                    self._program.bar_closed(self._bar_drawn)
                    self._bar_drawn = None
            if lines[-1]:
                self._records(lines[-1])
        # A bar has no end of record until the next one is drawn, so the unfinished record is looked at as well.
        if 0 < self._stream.rest_length <= _PEEK_LIMIT:
            self._peek(clean(self._stream.rest))

    def close(self) -> None:
        """The log has ended: the last record is complete."""
        if not self._is_closed:
            self._is_closed = True
            self._facts = None
            self._record(self._stream.close())

    def facts(self) -> LogFacts:
        """Everything but the steps, as it stands now."""
        if self._facts is None:
            self._facts = self._program.facts(is_closed=self._is_closed)
        return self._facts

    def _records(self, line: bytes) -> None:
        last, at = line.rfind(b"\r"), 0
        for _ in range(_TRIES):
            # Not the last record: something may be glued behind its bar.
            if at and last - at > _RUN_OF_BARS and self._program.is_calm and self._bars.take_run(line[at - 1 : last]):
                at = last + 1
                break
            end = line.find(b"\r", at)
            if end < 0:
                break
            self._record(line[at:end])
            at = end + 1
        for record in line[at:].split(b"\r"):
            if record:
                self._record(record)

    def _record(self, record: bytes) -> None:
        record = clean(record)
        if not record or record.isspace():
            return
        bar, behind = split_bar(record)
        if bar is not None:
            self._bar_drawn = bar
            self._program.bar(bar)
            if not behind or behind.isspace():
                return
        self._bar_drawn = None
        self._text(behind.decode("utf-8", "replace").rstrip())

    def _peek(self, record: bytes) -> None:
        if record.lstrip(b" ").startswith(STEPS_BAR):
            bar, _ = split_bar(record)
            if bar is not None and bar.description == STEPS_BAR:
                self._program.bar(bar, is_whole=False)

    def _text(self, line: str) -> None:
        log = LOG.match(line.lstrip())
        level, message = (log[1], log[3].strip()) if log else (None, line.strip())
        place = first_line(message, log is not None)
        if place and self._program.has_passed(place):
            self._pauses_before += self._program.pauses
            self._program = Program(self._bars, self._warnings)
            self._bars.restart()
        self._program.text(line, message, level)
