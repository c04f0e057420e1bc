"""Owns runs: starts each trainer, keeps its log, shows it in the pane, stops it when asked, and writes how it ended."""

import contextlib
import fcntl
import os
import pty
import selectors
import signal
import socket
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fptui.adapters.processes import boot_id, descendants, start_ticks
from fptui.core.facts import LogFacts, Phase
from fptui.core.musubi.log_reader import LogReader
from fptui.core.run import ExitRecord, Heartbeat, RunFolder, read_run, write_record
from fptui.core.status import Status
from fptui.core.terminal import COLUMNS, LINES
from fptui.errors import FptuiError
from fptui.supervise import leader
from fptui.supervise.ending import ended, not_reached
from fptui.supervise.pane import Pane
from fptui.supervise.recording import Recording
from fptui.supervise.step_clock import StepClock
from fptui.supervise.stopping import Stopping, read_request

_TICK_SECONDS = 0.5
_HEARTBEAT_SECONDS = 2.0
_CTRL_C = b"\x03"
_STATUS = {
    Phase.STARTING: Status.STARTING,
    Phase.LOADING: Status.LOADING,
    Phase.CACHING: Status.TRAINING,
    Phase.TRAINING: Status.TRAINING,
    Phase.SAMPLING: Status.SAMPLING,
    Phase.SAVING: Status.SAVING,
    Phase.ENDED: Status.SAVING,
}


def supervise(run_paths: Sequence[Path], environment: Mapping[str, str]) -> int:
    """Do the runs one after another; the first that does not finish ends the rest. 0 when all finished."""
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGTTOU, signal.SIGTTIN):
        signal.signal(number, signal.SIG_IGN)
    pane = Pane()
    wakeup, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    failed: tuple[str, Status] | None = None
    try:
        for path in run_paths:
            folder = RunFolder(path)
            if failed is not None:
                write_record(folder.exit, not_reached(*failed, time.time()))
                continue
            outcome = _Run(folder, environment, pane, wakeup).through()
            if outcome.status is not Status.FINISHED:
                failed = (folder.id, outcome.status)
    finally:
        pane.close()
    return 0 if failed is None else 1


class _Run:
    """One run from its start to its exit record."""

    def __init__(self, folder: RunFolder, environment: Mapping[str, str], pane: Pane, wakeup: int) -> None:
        record = read_run(folder.record)
        if record is None:
            raise FptuiError(f"{folder.record} is not a run's record: start the run again.")
        self._folder, self._record, self._pane, self._wakeup = folder, record, pane, wakeup
        self._environment = {**environment, **record.environment}
        self._reader, self._clock = LogReader(), StepClock()
        self._stopping = Stopping(record)
        self._recording = Recording(folder.log, folder.times)
        self._started_at: float | None = None
        self._launcher: int | None = None
        self._leader = 0
        self._wait_status: int | None = None
        self._not_started: str | None = None
        self._request: tuple[str, float] | None = None
        self._beat_at = 0.0
        self._said = ""
        self._facts = LogFacts()

    def through(self) -> ExitRecord:
        """Start, watch until the last descendant has ended, record."""
        self._beat(time.time())
        master, slave = pty.openpty()
        _prepare(slave)
        report, reporting = os.pipe()
        self._started_at = time.time()
        self._leader = leader.start(self._record.argv, self._record.cwd, self._environment, slave, reporting)
        os.close(slave)
        os.close(reporting)
        os.set_blocking(master, False)
        try:
            self._watch(master, report)
        finally:
            os.close(master)
            os.close(report)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._leader, 0)
        return self._record_end()

    def _watch(self, master: int, report: int) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(master, selectors.EVENT_READ, lambda: self._read_output(master))
            selector.register(report, selectors.EVENT_READ, lambda: self._read_report(report))
            selector.register(self._wakeup, selectors.EVENT_READ, self._read_signals)
            if self._pane.alive:
                selector.register(0, selectors.EVENT_READ, lambda: self._read_keys(master))
            while report in selector.get_map():
                for key, _ in selector.select(_TICK_SECONDS):
                    if not key.data():
                        selector.unregister(key.fd)
                self._tick(time.time())
        while self._read_output(master):
            pass

    def _read_output(self, master: int) -> bool:
        """False when there is no more now, and none will come: the kernel says EIO once nobody holds the other side."""
        try:
            chunk = os.read(master, 1 << 16)
        except OSError:
            return False
        if chunk:
            self._recording.write(chunk, time.time())
            self._pane.show(chunk)
            self._reader.feed(chunk)
        return bool(chunk)

    def _read_report(self, report: int) -> bool:
        """What the leader tells; False when it has ended, and so everyone that the trainer started."""
        told = os.read(report, 1 << 16)
        for line in told.decode("utf-8", "replace").splitlines():
            word, _, rest = line.partition(" ")
            if word == "pid":
                self._launcher = int(rest)
            elif word == "status":
                self._wait_status = int(rest)
            elif word == "error":
                self._not_started = rest
        return bool(told)

    def _read_signals(self) -> bool:
        os.read(self._wakeup, 64)
        self._ask("now")
        return True

    def _read_keys(self, master: int) -> bool:
        typed = self._pane.keys()
        if _CTRL_C in typed:
            typed = typed.replace(_CTRL_C, b"")
            self._ask("now")
        with contextlib.suppress(OSError):
            os.write(master, typed)
        return self._pane.alive

    def _ask(self, mode: str) -> None:
        self._stopping.ask(mode, self._reader.facts(), time.time())

    def _tick(self, now: float) -> None:
        self._facts = self._reader.facts()
        self._clock.saw(self._facts.step, now)
        request = read_request(self._folder.stop_request)
        if request is not None and request != self._request:
            self._request = request
            self._ask(request[0])
        due = self._stopping.signal(self._facts, now)
        if due is not None:
            self._send(due)
        self._say(self._stopping.sentence)
        self._recording.flush(now)
        self._pane.flush()
        if now - self._beat_at >= _HEARTBEAT_SECONDS:
            self._beat(now)

    def _send(self, number: signal.Signals) -> None:
        """To the trainer's whole group, and to those of its descendants that left it."""
        sent = set()
        if self._launcher is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                sent = {pid for pid in descendants(self._leader) if os.getpgid(pid) == self._launcher}
                os.killpg(self._launcher, number)
        for pid in descendants(self._leader):
            if pid not in sent:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)

    def _say(self, sentence: str | None) -> None:
        if sentence and sentence != self._said:
            self._said = sentence
            self._pane.say(sentence)

    def _beat(self, now: float) -> None:
        self._beat_at = now
        facts, stopping = self._facts, self._stopping
        status = Status.STOPPING if stopping.sent else _STATUS[facts.phase]
        beat = Heartbeat(
            at=now,
            pid=os.getpid(),
            pid_started=start_ticks(os.getpid()) or 0,
            boot_id=boot_id(),
            host=socket.gethostname(),
            status=status,
            trainer_pid=self._launcher,
            started_at=self._started_at,
            step=facts.step,
            total_steps=facts.total_steps,
            epoch=facts.epoch,
            epochs=facts.epochs,
            loss=facts.average_loss,
            seconds_per_step=self._clock.seconds_per_step,
            stop=stopping.mode,
            message=self._recording.problem or stopping.sentence,
        )
        with contextlib.suppress(OSError):
            write_record(self._folder.heartbeat, beat)

    def _record_end(self) -> ExitRecord:
        now = time.time()
        self._recording.close(now)
        self._reader.close()
        record = ended(
            self._reader.facts(),
            wait_status=self._wait_status,
            not_started=self._not_started,
            stop_sent=self._stopping.sent > 0,
            started_at=self._started_at,
            now=now,
            seconds_per_step=self._clock.seconds_per_step,
        )
        _insist(lambda: write_record(self._folder.exit, record))
        why = record.error_message or record.reason
        self._pane.say(f"{self._folder.id}: {record.status.value}{f' - {why}' if why else ''}")
        return record


def _prepare(terminal: int) -> None:
    """A fixed width, so that the progress bar is whole; no output processing, so that the log is what was written."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    modes = termios.tcgetattr(terminal)
    modes[1] &= ~termios.OPOST
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, modes)


def _insist(write: Callable[[], None]) -> None:
    """The exit record must come: a full disk is tried again for ten minutes."""
    for _ in range(120):
        try:
            return write()
        except OSError:
            time.sleep(5)
    return None
