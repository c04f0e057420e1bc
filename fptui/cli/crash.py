"""What a user gets instead of a traceback: one sentence, and a file that only they can read."""

import os
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

from fptui import __version__
from fptui.core.state_home import state_folder
from fptui.core.text import plain


def report(error: Exception, arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> str:
    """One sentence about `error`, with the path of the report that was written."""
    path = _write(error, arguments, environment)
    where = f"The details are in {path}." if path else "The details could not be written anywhere."
    if isinstance(error, OSError) and error.strerror:
        name = f" ({plain(str(error.filename))})" if error.filename is not None else ""
        return f"{error.strerror}{name}. {where}"
    return f"Unexpected {type(error).__name__}. {where} This is a fault in fptui; please report it with that file."


def _write(error: Exception, arguments: Sequence[str], environment: Mapping[str, str]) -> Path | None:
    text = "".join(
        [
            f"fptui {__version__}, Python {sys.version.split()[0]}, {time.strftime('%Y-%m-%d %H:%M:%S %z')}\n",
            f"arguments: {list(arguments)!r}\n\n",
            *traceback.format_exception(error),
        ]
    )
    text = _without_secrets(text, environment)
    for folder in (state_folder(environment), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8",
                           errors="backslashreplace") as file:  # fmt: skip
                file.write(text)
        except OSError:
            continue
        return path
    return None


def _without_secrets(text: str, environment: Mapping[str, str]) -> str:
    for name, value in environment.items():
        if len(value) >= 8 and any(word in name.upper() for word in ("TOKEN", "KEY", "SECRET", "PASSWORD")):
            text = text.replace(value, f"<{name}>")
    return text
