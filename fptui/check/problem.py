"""One finding: what, where, and what to do."""

from dataclasses import dataclass
from enum import Enum

from fptui.core.text import plain


class Severity(str, Enum):
    """ERROR: it would end the run, or spoil it. WARNING: it costs money, time or quality. HINT: good to know."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True)
class Place:
    """Where to look. `file` as people write it: within the project relative to it."""

    file: str | None = None
    line: int | None = None
    """From 1."""
    key: str | None = None
    """As it stands there; `datasets[0].batch_size` within tables."""

    @property
    def text(self) -> str:
        """`configs/v8/config.toml:12`; empty when it is nowhere."""
        if self.file is None:
            return ""
        return plain(self.file) + (f":{self.line}" if self.line else "")


NOWHERE = Place()


@dataclass(frozen=True)
class Problem:
    """`message` and `fix` are one or two sentences each, with nothing in them that is not `plain`."""

    severity: Severity
    code: str
    """One of `fptui.check.codes`."""
    place: Place
    message: str
    fix: str


def error(code: str, place: Place, message: str, fix: str) -> Problem:
    return Problem(Severity.ERROR, code, place, message, fix)


def warning(code: str, place: Place, message: str, fix: str) -> Problem:
    return Problem(Severity.WARNING, code, place, message, fix)


def hint(code: str, place: Place, message: str, fix: str) -> Problem:
    return Problem(Severity.HINT, code, place, message, fix)
