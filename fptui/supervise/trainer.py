"""A trainer on a terminal of its own, below a leader that stays until everyone that it started has ended."""

import contextlib
import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import Mapping, Sequence

from fptui.adapters.guard_process import started_here
from fptui.adapters.processes import descendants
from fptui.core.terminal import COLUMNS, LINES
from fptui.supervise import leader

_CHUNK = 1 << 16


class Trainer:
    """Starts when made. `terminal` and `report` become readable when `read` and `read_report` have something."""

    def __init__(self, argv: Sequence[str], cwd: str, environment: Mapping[str, str]) -> None:
        self.launcher: int | None = None
        """The process that was started: `accelerate launch`, say. Leads the group that keys and signals go to."""
        self.wait_status: int | None = None
        """The launcher's, once it has ended."""
        self.orphan_status: int | None = None
        """That of the last descendant that outlived its parent: of the trainer, when the launcher ended first."""
        self.not_started: str | None = None
        self.terminal, inner = pty.openpty()
        _prepare(inner)
        self.report, reporting = os.pipe()
        self._told = b""
        self._leader = leader.start(argv, cwd, environment, inner, reporting)
        os.close(inner)
        os.close(reporting)
        os.set_blocking(self.terminal, False)

    def read(self) -> bytes | None:
        """What it wrote; None when there is nothing now, empty when nothing will come any more."""
        try:
            return os.read(self.terminal, _CHUNK)
        except BlockingIOError:
            return None
        except OSError:  # EIO: nobody holds the other side any more
            return b""

    def read_report(self) -> bool:
        """Take in what the leader tells. False: it has ended, and so has everyone below it."""
        told = os.read(self.report, _CHUNK)
        *lines, self._told = (self._told + told).split(b"\n")
        for line in lines:
            word, _, rest = line.decode("utf-8", "replace").partition(" ")
            if word == "pid":
                self.launcher = int(rest)
            elif word == "status":
                self.wait_status = int(rest)
            elif word == "orphan":
                self.orphan_status = int(rest)
            elif word == "error":
                self.not_started = rest
        return bool(told)

    def type(self, keys: bytes) -> None:
        """Keys for whoever reads its terminal; dropped when nobody does and the kernel's queue is full."""
        with contextlib.suppress(OSError):
            os.write(self.terminal, keys)

    def send(self, number: signal.Signals) -> None:
        """To the launcher's whole group, as a terminal would; to every descendant when the group is empty already, or
        when nobody shall be left."""
        below = descendants(self._leader)
        group = [pid for pid in below if _group(pid) == self.launcher]
        if self.launcher is not None and group:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.launcher, number)
        if not group or number is signal.SIGKILL:
            for pid in below:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)

    def left(self) -> list[int]:
        """Whoever still lives, once `read_report` was False: only after somebody killed the leader is there anyone."""
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        guards = {pid for guard in started_here for pid in (guard, *descendants(guard))}
        return [pid for pid in descendants(os.getpid()) if pid not in guards]

    def below_leader(self) -> int:
        """How many processes there are."""
        return len(descendants(self._leader))

    def close(self) -> None:
        """After its end."""
        os.close(self.terminal)
        os.close(self.report)


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _prepare(terminal: int) -> None:
    """A fixed width, so that the progress bar is whole. No output processing and no echo, so that the log is what was
    written. No keys that send signals or hold the output: Ctrl-Z or Ctrl-S would stop a trainer and not the bill."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    modes = termios.tcgetattr(terminal)
    modes[0] &= ~(termios.IXON | termios.IXOFF)
    modes[1] &= ~termios.OPOST
    modes[3] &= ~(termios.ECHO | termios.ISIG)
    termios.tcsetattr(terminal, termios.TCSANOW, modes)
