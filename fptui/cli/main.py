"""The command line: finds the command, imports it alone, and is the only place where errors become exit codes."""

import os
import sys
from importlib import import_module

from fptui import __doc__ as summary
from fptui import __version__
from fptui.errors import FptuiError, WrongUse

TYPE_CHECKING = False  # as typing has it, whose import takes longer than all of this module
if TYPE_CHECKING:
    from types import ModuleType
    from typing import NoReturn

COMMANDS = {
    "check": "every problem that can be found before the GPU costs money",
    "train": "start a training run and follow it",
    "cache": "cache latents, then text encoder outputs",
    "stop": "stop a run, at its next save or now",
    "ls": "the runs, newest first",
    "status": "one run's numbers",
    "log": "a run's log",
    "attach": "a run's tmux pane",
    "inspect": "everything that a musubi-tuner log tells",
    "autostop": "the guard that stops this pod after its last run",
    "gpu": "the GPUs",
    "doctor": "this machine: tmux, driver, GPU, disk, environment, tokens",
    "demo": "make a small project and train it here, on the CPU",
}
"""What users call, and what `--help` says of each; `fptui.cli.NAME` gives HELP, EXAMPLE, add_arguments and run."""

INTERNAL = ("supervise", "guard")

OK, FAILED, WRONG_USE, REFUSED = 0, 1, 2, 3
INTERRUPTED = 130
BROKEN_PIPE = 141


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 well, 1 failed, 2 wrong use, 3 refused."""
    arguments = sys.argv[1:] if argv is None else argv
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except FptuiError as error:
        print(f"fptui: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has gone; keep the interpreter from complaining when it flushes for the last time.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:
        from fptui.cli.crash import report

        print(f"fptui: {report(error, arguments)}", file=sys.stderr)
        return FAILED


def _open_what_is_closed() -> None:
    """With a standard stream closed, Python has None for it, and the next file opened would get its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def _run(arguments: list[str]) -> int:
    directory, rest = _split(arguments)
    if not rest:
        module = import_module("fptui.cli.dashboard")
        return int(module.run(directory or "."))
    name = rest[0]
    if name in ("-h", "--help", "help"):
        print(overview())
        return OK
    if name == "--version":
        print(f"fptui {__version__}")
        return OK
    if name not in COMMANDS and name not in INTERNAL:
        return _wrong(f"{_unknown(name)} `fptui --help` lists the commands.")
    return _command(import_module(f"fptui.cli.{name}"), name, directory, rest[1:])


def _split(arguments: list[str]) -> tuple[str | None, list[str]]:
    """`-C DIR` in front of the command, and what follows."""
    if arguments and arguments[0] == "-C":
        if len(arguments) < 2:
            raise WrongUse("-C needs the project's folder: fptui -C DIR …")
        return arguments[1], arguments[2:]
    if arguments and arguments[0].startswith("-C"):
        return arguments[0][2:], arguments[1:]
    return None, arguments


def _command(module: "ModuleType", name: str, directory: str | None, arguments: list[str]) -> int:
    import argparse

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> "NoReturn":
            self.exit(_wrong(f"{message[:1].upper()}{message[1:]}. See `fptui {name} --help`."))

    parser = Parser(
        prog=f"fptui {name}",
        description=module.HELP,
        epilog=f"example: {module.EXAMPLE}",
        formatter_class=lambda prog: argparse.HelpFormatter(prog, width=_width()),
        allow_abbrev=False,
    )
    parser.add_argument("-C", dest="directory", metavar="DIR", default=directory, help="the project's folder")
    module.add_arguments(parser)
    try:
        parsed = parser.parse_args(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else OK
    return int(module.run(parsed))


def _width() -> int:
    """Said here, argparse does not import shutil to find it out, which takes a tenth of a light command's time."""
    try:
        return min(os.get_terminal_size(1).columns - 2, 118)
    except OSError:
        return 98


def _wrong(sentence: str) -> int:
    from fptui.core.text import plain

    print(f"fptui: {plain(sentence)}", file=sys.stderr)
    return WRONG_USE


def _unknown(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=1)
    return f"There is no command {name!r}" + (f"; did you mean {near[0]!r}?" if near else ".")


def overview() -> str:
    """What `fptui --help` prints."""
    lines = [
        "usage: fptui [-C DIR] [COMMAND …]",
        "",
        str(summary),
        "Without a command: the dashboard of the project in DIR (default: this folder or a parent with configs/).",
        "",
        "commands:",
        *(f"  {name:<9} {what}" for name, what in COMMANDS.items()),
        "",
        "Each has --help with an example. Exit codes: 0 well, 1 the thing failed, 2 wrong use, 3 refused by a check.",
        "",
        "example:",
        "  fptui demo",
    ]
    return "\n".join(lines)
