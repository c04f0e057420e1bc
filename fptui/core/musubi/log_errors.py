"""Why a trainer ended, out of what it printed: the true exception, not the launcher's and not what came after it."""

import re
from dataclasses import dataclass

from fptui.core.facts import LogError, Outcome

_TRACEBACK = "Traceback (most recent call last):"
_CHAINED = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
_NOT_FATAL = ("Exception in thread ", "Exception ignored in")
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?:: |:?$)")
_BARE = re.compile(r"(?:[\w.]*\.)?\w*(?:Error|Exception|Interrupt|Exit|Iteration|Timeout)$")
_MESSAGE_LIMIT = 4000

_LAUNCHER = re.compile(
    r"CalledProcessError: Command .* (?:died with <Signals\.(\w+): \d+>|returned non-zero exit status (\d+))"
)
_SHELL = re.compile(
    r"(?:\S+: line \d+: +\d+ )?(Killed|Terminated|Hangup|Segmentation fault|Aborted|Bus error)"
    r"(?: +\(core dumped\))?(?:  .*)?$"
)
_USAGE = re.compile(r"\S+: error: (.+)")
_NOT_STARTED = re.compile(
    r"\S*python[\d.]*: (?:Error while finding module specification|No module named|can't open file) .+"
    r"|.*: command not found$"
)
_ENDING = frozenset({"SIGKILL", "SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"})
_SHELL_SIGNALS = {
    "Killed": "SIGKILL", "Terminated": "SIGTERM", "Hangup": "SIGHUP",
    "Segmentation fault": "SIGSEGV", "Aborted": "SIGABRT", "Bus error": "SIGBUS",
}  # fmt: skip

_KINDS = (
    ("interrupted", re.compile(r"KeyboardInterrupt\b")),
    ("out-of-memory", re.compile(r"[\w.]*OutOfMemoryError\b|.*CUDA (?:error: )?out of memory|.*STATUS_ALLOC_FAILED")),
    (
        "host-out-of-memory",
        re.compile(r"MemoryError\b|.*DefaultCPUAllocator: (?:can't|not enough memory)|.*Cannot allocate memory"),
    ),
    ("disk-full", re.compile(r".*No space left on device|.*Disk quota exceeded|.*PytorchStreamWriter failed writing")),
    ("missing-cache", re.compile(r".*No training items found in the dataset")),
    ("missing-token", re.compile(r".*No API key configured|.*\b401 Client Error|.*GatedRepoError")),
    ("missing-module", re.compile(r"ModuleNotFoundError\b|ImportError\b|.*No module named ")),
    (
        "missing-file",
        re.compile(
            r"FileNotFoundError\b|NotADirectoryError\b"
            r"|.*(?:path does not exist|file not found|Cannot find safetensors|folder does not exist)"
        ),
    ),
    ("broken-config", re.compile(r"[\w.]*(?:MultipleInvalid|TomlDecodeError|TOMLDecodeError)\b")),
    ("worker-killed", re.compile(r".*DataLoader worker .*(?:killed by signal|exited unexpectedly)")),
)

_SIZE = r"(\d+(?:\.\d+)?) (bytes|[KMGT]iB)"
_TRIED = re.compile(rf"Tried to allocate {_SIZE}")
_FREE = re.compile(rf"{_SIZE} (?:is )?free")
_TOTAL = re.compile(rf"total capacity of {_SIZE}|{_SIZE} total capacity")
_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


@dataclass(frozen=True)
class _Found:
    error: LogError
    by_launcher: bool = False


class ErrorTracker:
    """Fed every line of text (bars left out), in order."""

    def __init__(self) -> None:
        self._found: _Found | None = None
        self._inside = False
        self._replaces = False
        self._fatal = True
        self._continues = False

    @property
    def error(self) -> LogError | None:
        return self._found.error if self._found else None

    @property
    def is_quiet(self) -> bool:
        """Nothing found, and no traceback begun."""
        return self._found is None and not self._inside

    @property
    def outcome(self) -> Outcome | None:
        """None while nothing speaks for an end."""
        if self._found is None:
            return None
        return {
            "out-of-memory": Outcome.OUT_OF_MEMORY,
            "interrupted": Outcome.INTERRUPTED,
            "killed": Outcome.INTERRUPTED,
        }.get(self._found.error.kind, Outcome.FAILED)

    def survived(self) -> LogError | None:
        """The trainer went on: what was found did not end it. Returns what it was."""
        error = self.error
        self._found = None
        self._inside = False
        return error

    def fail(self, kind: str, message: str) -> None:
        """An error that comes without a traceback."""
        self._note(LogError(kind, message[:_MESSAGE_LIMIT]))

    def take(self, line: str, is_log: bool) -> None:
        """`line` with its indentation; `is_log`: it is a record of logging."""
        if _TRACEBACK in line:
            self._inside = True
            self._replaces = self._replaces or line.lstrip().startswith("Original ")
        elif line.startswith(_CHAINED):
            self._replaces = True
        elif line.startswith(_NOT_FATAL):
            self._fatal = False
        elif is_log:
            return
        elif self._inside:
            self._traceback_line(line)
        elif self._continues:
            self._continues = False
            if self._found and line[:1].isspace():
                message = f"{self._found.error.message} {line.strip()}"[:_MESSAGE_LIMIT]
                self._found = _Found(_classified(message))
        else:
            self._plain_line(line.strip())

    def _traceback_line(self, line: str) -> None:
        if line[:1].isspace() or not _EXCEPTION.match(line):
            return
        if not (": " in line or _BARE.match(line.rstrip(": "))):
            return
        self._inside = False
        fatal, self._fatal = self._fatal, True
        replaces, self._replaces = self._replaces, False
        launcher = _LAUNCHER.search(line)
        if launcher:
            self._launcher(*launcher.groups())
        elif fatal:
            before = self._found
            self._note(_classified(line[:_MESSAGE_LIMIT]), replaces)
            self._continues = self._found is not before and line.endswith(":")

    def _plain_line(self, line: str) -> None:
        if not line:
            return
        usage = _USAGE.match(line) if ": error: " in line[:300] else None
        shell = _SHELL.match(line)
        if usage:
            self.fail("wrong-use", line)
        elif shell:
            self._launcher(_SHELL_SIGNALS[shell[1]], None)
        elif line == "KeyboardInterrupt":
            self.fail("interrupted", line)
        elif _NOT_STARTED.match(line):
            self.fail("missing-module" if "odule" in line else "missing-file", line)

    def _launcher(self, signal: str | None, code: str | None) -> None:
        if self._found:
            return
        number = int(code) if code and len(code) < 9 else None
        if number is not None and number in (129, 130, 131, 137, 143):
            signal = {129: "SIGHUP", 130: "SIGINT", 131: "SIGQUIT", 137: "SIGKILL", 143: "SIGTERM"}[number]
        if signal in _ENDING:
            self._found = _Found(LogError("killed", f"The trainer was ended from outside by {signal}."), True)
        elif signal:
            self._found = _Found(LogError("crashed", f"The trainer crashed: {signal}."), True)
        else:
            self._found = _Found(LogError("exit", f"The trainer ended with exit code {code} and gave no reason."), True)

    def _note(self, error: LogError, replaces: bool = False) -> None:
        found = self._found
        if found is None or found.by_launcher or (replaces and found.error.kind != "out-of-memory"):
            self._found = _Found(error)


def _classified(line: str) -> LogError:
    kind = next((kind for kind, pattern in _KINDS if pattern.match(line)), "exception")
    if kind != "out-of-memory":
        return LogError(kind, line)
    return LogError(kind, line, _bytes(_TRIED, line), _bytes(_FREE, line), _bytes(_TOTAL, line))


def _bytes(pattern: re.Pattern[str], line: str) -> int | None:
    match = pattern.search(line)
    if match is None:
        return None
    number, unit = (group for group in match.groups() if group is not None)
    return round(float(number) * _UNITS[unit])
