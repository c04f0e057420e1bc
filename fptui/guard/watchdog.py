"""Keeps a piece of work going in a child process: started again when it dies, killed first when it hangs."""

import contextlib
import itertools
import os
import select
import signal
import time
from collections.abc import Callable
from functools import partial

HANGS_AFTER = 60.0
"""Seconds without a beat: a network volume that does not answer, or somebody has stopped it."""
_LONGEST_PAUSE = 30.0


def keep_alive(
    work: Callable[[Callable[[], None]], None], log: Callable[[str], None], hangs_after: float = HANGS_AFTER
) -> None:
    """Until `work` returns, or its process is ended by SIGTERM. It is to call what it is given again and again."""
    for deaths in itertools.count():
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            code = 1
            try:
                os.close(reading)
                os.set_blocking(writing, False)
                work(partial(_beat, writing))
                code = 0
            finally:
                os._exit(code)
        os.close(writing)
        if not _ends(reading, hangs_after):
            log(f"process {child} hangs: killed, and another begins")
            os.kill(child, signal.SIGKILL)
        os.close(reading)
        _, status = os.waitpid(child, 0)
        if status == 0 or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGTERM):
            return
        time.sleep(min(_LONGEST_PAUSE, deaths))


def _ends(pulse: int, hangs_after: float) -> bool:
    """Wait for the end of whoever has the other side; False when it hangs."""
    while select.select([pulse], [], [], hangs_after)[0]:
        if not os.read(pulse, 4096):
            return True
    return False


def _beat(pulse: int) -> None:
    with contextlib.suppress(OSError):
        os.write(pulse, b".")
