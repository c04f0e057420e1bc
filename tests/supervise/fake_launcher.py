"""`accelerate launch`: starts the program as its child, waits, forwards nothing, ends at once by a signal."""

import signal
import subprocess
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)
code = subprocess.Popen([sys.executable, *sys.argv[1:]]).wait()
if code:
    how = f"died with <Signals.{signal.Signals(-code).name}: {-code}>." if code < 0 else (
        f"returned non-zero exit status {code}.")  # fmt: skip
    sys.exit(f"Traceback (most recent call last):\nsubprocess.CalledProcessError: Command '[]' {how}")
