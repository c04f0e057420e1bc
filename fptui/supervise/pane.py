"""The supervisor's own terminal: the pane, as long as there is one."""

import contextlib
import fcntl
import os
import termios
import tty

_BACKLOG = 1 << 20


class Pane:
    """Raw keys in, the trainer's bytes out. Never blocks, and a pane that is gone is no error: the run goes on."""

    def __init__(self) -> None:
        self._backlog = bytearray()
        self._saved: list[object] | None = None
        self.alive = os.isatty(0) and os.isatty(1)
        if self.alive:
            with contextlib.suppress(termios.error):
                self._saved = termios.tcgetattr(0)
                tty.setraw(0)
                modes = termios.tcgetattr(0)
                modes[1] |= termios.OPOST | termios.ONLCR  # the inner terminal adds no carriage returns; the pane does
                termios.tcsetattr(0, termios.TCSANOW, modes)
            for descriptor in (0, 1):
                flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
                fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_NONBLOCK)

    def keys(self) -> bytes:
        """What was typed since the last call."""
        try:
            typed = os.read(0, 4096)
        except BlockingIOError:
            return b""
        except OSError:
            typed = b""
        if not typed:
            self.alive = False
        return typed

    def show(self, chunk: bytes) -> None:
        """Pass bytes on as they are; what a slow pane does not take within a mebibyte is dropped, for the pane only."""
        if not self.alive:
            return
        self._backlog += chunk
        del self._backlog[:-_BACKLOG]
        self.flush()

    def say(self, sentence: str) -> None:
        """A line of fptui's own."""
        self.show(f"\r\n\x1b[7m fptui \x1b[0m {sentence}\r\n".encode())

    def flush(self) -> None:
        """Show what the pane did not take before."""
        try:
            while self.alive and self._backlog:
                del self._backlog[: os.write(1, self._backlog)]
        except BlockingIOError:
            pass
        except OSError:
            self.alive = False

    def close(self) -> None:
        """Give the terminal back as it was."""
        if self._saved is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(0, termios.TCSANOW, self._saved)  # type: ignore[arg-type]
