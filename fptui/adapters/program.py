"""Another program, run to its end or to a time limit, with bounded output. For what stops a machine: nothing here waits
for ever, neither for the program nor for a child that it left behind with its output open."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_KEPT = 64 * 1024
"""Bytes of each output's end."""
_AFTER_THE_END = 0.3
"""Seconds for what is still in the pipes."""


@dataclass(frozen=True)
class Ran:
    """`code` None: it did not begin, or did not end in time; `trouble` says which."""

    code: int | None
    out: str = ""
    err: str = ""
    trouble: str | None = None


def run_program(argv: Sequence[str], environment: Mapping[str, str], limit: float) -> Ran:
    """In a session of its own, without input; killed with all of that session after `limit` seconds. Never raises."""
    try:
        process = subprocess.Popen(
            list(argv),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "that is no command line"
        return Ran(None, trouble=f"could not be started: {reason}")
    try:
        return _watch(process, time.monotonic() + limit, limit)
    finally:
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _watch(process: "subprocess.Popen[bytes]", deadline: float, limit: float) -> Ran:
    assert process.stdout is not None and process.stderr is not None
    read = {process.stdout.fileno(): _Tail(), process.stderr.fileno(): _Tail()}
    out, err = read.values()
    with selectors.DefaultSelector() as selector:
        for descriptor in read:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map() and time.monotonic() < deadline:
            for key, _ in selector.select(0.05):
                data = os.read(key.fd, 65536)
                if not data:
                    selector.unregister(key.fd)
                read[key.fd].add(data)
            if process.poll() is not None:
                deadline = min(deadline, time.monotonic() + _AFTER_THE_END)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(max(deadline - time.monotonic(), 0.0))
    code = process.poll()
    if code is None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            # One that hangs in the kernel does not even end by that.
            process.wait(1.0)
    trouble = f"did not end within {limit:g} s" if code is None else None
    return Ran(code, out.text, err.text, trouble)


class _Tail:
    """The end of an output, in whole lines: half a key would not be known for one."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._is_in_cut_line = False

    def add(self, data: bytes) -> None:
        if self._is_in_cut_line:
            _, end, data = data.partition(b"\n")
            self._is_in_cut_line = not end
        self._data += data
        if len(self._data) > _KEPT:
            end_of_line = self._data.find(b"\n", len(self._data) - _KEPT)
            self._is_in_cut_line = end_of_line < 0
            del self._data[: end_of_line + 1 if end_of_line >= 0 else len(self._data)]

    @property
    def text(self) -> str:
        return self._data.decode("utf-8", "replace")


def last_line(text: str) -> str:
    """The last that is not empty."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
