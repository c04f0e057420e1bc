"""What was written is on disk: a stop of the pod waits for no cache."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from fptui.core.text import plain

_PYTHON = "import os; os.sync()"


class Flush:
    """`flush` at any time, from one thread."""

    def __init__(self) -> None:
        self._under_way: threading.Thread | None = None

    def flush(self, paths: Sequence[str], seconds: float = 60.0) -> str | None:
        """Write the file systems of these paths out. None when they are, else a sentence. A dead network volume blocks
        whoever asks for this, SIGKILL or not, so that a process of its own does: it is left behind after `seconds`, and
        no other is started before it has ended."""
        if not paths:
            return None
        deadline = time.monotonic() + seconds
        if self._under_way is not None:
            self._under_way.join(seconds)
        if self._under_way is None or not self._under_way.is_alive():
            self._problem: str | None = None
            self._under_way = threading.Thread(target=self._run, args=(list(paths),), daemon=True)
            self._under_way.start()
            self._under_way.join(max(0.0, deadline - time.monotonic()))
        if self._under_way.is_alive():
            return f"The disk of {plain(paths[0])} has not taken in what was written to it within {seconds:.0f} s."
        return self._problem

    def _run(self, paths: list[str]) -> None:
        # sync(2) would wait for the disks of everyone on this host: `sync -f` takes those of the paths.
        sync = shutil.which("sync")
        argv = [sync, "-f", *paths] if sync else [sys.executable, "-c", _PYTHON]
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        except (OSError, ValueError) as error:
            self._problem = f"What was written could not be flushed: {plain(str(error))}."
            return
        if done.returncode:
            said = plain(done.stderr.strip()[-300:]) or f"exit code {done.returncode}"
            self._problem = f"What was written could not be flushed: {said.rstrip('.')}."
