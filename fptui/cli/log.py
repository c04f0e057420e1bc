"""`fptui log`"""

import os
import sys
import time
from argparse import ArgumentParser, Namespace
from typing import BinaryIO

from fptui.cli.common import add_run, row_of, run_of
from fptui.cli.output import say
from fptui.core.musubi.log_stream import RecordStream, clean, split_bar
from fptui.core.run import RunFolder
from fptui.core.text import plain

HELP = (
    "A run's log, as a reader wants it: of a progress bar only what it came to. -f follows until the run ends. "
    "--raw gives the trainer's own bytes."
)
EXAMPLE = "fptui log -f"

_CHUNK = 1 << 18
_POLL_SECONDS = 0.3


def add_arguments(parser: ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the run ends")
    parser.add_argument("--raw", action="store_true", help="every byte as the trainer wrote it")


def run(args: Namespace) -> int:
    _, folder = run_of(args)
    if args.follow and not folder.log.exists():
        _wait_for_log(folder)
    if not folder.log.exists():
        say(f"{folder.id} has no log: its trainer has not started.")
        return 0
    lines = None if args.raw else LogLines()
    with folder.log.open("rb") as file:
        _copy(file, folder, lines, follow=args.follow)
    if lines is not None:
        _print(lines.close())
    return 0


def _wait_for_log(folder: RunFolder) -> None:
    say(f"Waiting for the log of {folder.id}. Ctrl-C ends this and leaves the run alone.")
    while _is_active(folder) and not folder.log.exists():
        time.sleep(_POLL_SECONDS)


def _copy(file: BinaryIO, folder: RunFolder, lines: "LogLines | None", *, follow: bool) -> None:
    ended = not follow
    while True:
        chunk = file.read(_CHUNK)
        if chunk and lines is not None:
            _print(lines.feed(chunk))
        elif chunk:
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
        elif ended:
            return
        else:
            ended = not _is_active(folder)  # then once more to the end: the last bytes may just have come
            if not ended:
                time.sleep(_POLL_SECONDS)


def _is_active(folder: RunFolder) -> bool:
    row = row_of(folder, time.time())
    return row is not None and row.status.is_active


def _print(lines: list[str]) -> None:
    if lines:
        sys.stdout.write("\n".join(lines) + os.linesep)
        sys.stdout.flush()


class LogLines:
    """Lines of text out of a trainer's bytes, in whatever pieces they come. A bar is held back until something else
    follows it, so that only its last state is shown."""

    def __init__(self) -> None:
        self._stream = RecordStream()
        self._bar: tuple[bytes, str] | None = None

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that are now complete."""
        return [
            line
            for block in self._stream.blocks(chunk)
            for record in block.replace(b"\r", b"\n").split(b"\n")
            for line in self._record(record)
        ]

    def close(self) -> list[str]:
        """What is left at the end of the stream."""
        lines = self._record(self._stream.close())
        if self._bar is not None:
            lines.append(self._bar[1])
            self._bar = None
        return lines

    def _record(self, record: bytes) -> list[str]:
        record = clean(record).rstrip()
        if not record.strip():
            return []
        bar, behind = split_bar(record)
        lines: list[str] = []
        if self._bar is not None and (bar is None or bar.description != self._bar[0]):
            lines.append(self._bar[1])
            self._bar = None
        if bar is None:
            return [*lines, plain(record)]
        self._bar = (bar.description, plain(record[: len(record) - len(behind)]))
        if behind.strip():
            lines += [self._bar[1], plain(behind)]
            self._bar = None
        return lines
