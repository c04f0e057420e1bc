"""The supervisor's own terminal: the pane, as long as there is one."""

import contextlib
import fcntl
import os
import select
import termios
import tty

from fptui.core.text import plain

_BACKLOG = 1 << 20
_LAST_WORDS_SECONDS = 1.0


class Pane:
    """Raw keys in, the trainer's bytes out. Never blocks, and a pane that is gone is no error: the run goes on."""

    def __init__(self, keyboard: int = 0, screen: int = 1) -> None:
        self.keyboard, self.screen = keyboard, screen
        self._backlog = bytearray()
        self._saved: list[object] | None = None
        self.alive = os.isatty(keyboard) and os.isatty(screen)
        if self.alive:
            with contextlib.suppress(termios.error):
                self._saved = termios.tcgetattr(keyboard)
                tty.setraw(keyboard)
                modes = termios.tcgetattr(keyboard)
                modes[1] |= termios.OPOST | termios.ONLCR  # the inner terminal adds no carriage returns; the pane does
                termios.tcsetattr(keyboard, termios.TCSANOW, modes)
            for descriptor in (keyboard, screen):
                flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
                fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_NONBLOCK)

    @property
    def is_behind(self) -> bool:
        """Something waits until the pane takes it."""
        return self.alive and bool(self._backlog)

    def keys(self) -> bytes:
        """What was typed since the last call."""
        try:
            typed = os.read(self.keyboard, 4096)
        except BlockingIOError:
            return b""
        except OSError:
            typed = b""
        if not typed:
            self.alive = False
        return typed

    def show(self, chunk: bytes) -> None:
        """Pass bytes on as they are; what a slow pane does not take within a mebibyte is dropped, for the pane only."""
        if self.alive:
            self._backlog += chunk
            del self._backlog[:-_BACKLOG]
            self.flush()

    def say(self, sentence: str) -> None:
        """A line of fptui's own."""
        self.show(f"\r\n\x1b[0;7m fptui \x1b[0m {plain(sentence, 500)}\r\n".encode())

    def flush(self) -> None:
        """Show what the pane did not take before."""
        try:
            while self.alive and self._backlog:
                del self._backlog[: os.write(self.screen, self._backlog)]
        except BlockingIOError:
            pass
        except OSError:
            self.alive = False

    def close(self) -> None:
        """Show the last words, and give the terminal back as it was."""
        if self.is_behind and select.select([], [self.screen], [], _LAST_WORDS_SECONDS)[1]:
            self.flush()
        if self._saved is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self.keyboard, termios.TCSANOW, self._saved)  # type: ignore[arg-type]
