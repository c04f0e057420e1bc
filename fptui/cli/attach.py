"""`fptui attach`"""

import os
from argparse import ArgumentParser, Namespace

from fptui.cli.common import add_run, environment, run_of
from fptui.errors import WrongUse

HELP = (
    "Show a run's tmux pane. Ctrl-B D comes back and leaves the run alone; Ctrl-C in the pane asks the run to stop. "
    "Works from inside tmux too."
)
EXAMPLE = "fptui attach v8"


def add_arguments(parser: ArgumentParser) -> None:
    add_run(parser)


def run(args: Namespace) -> int:
    from fptui.actions.attach import attach_command

    _, folder = run_of(args)
    if not (os.isatty(0) and os.isatty(1)):
        raise WrongUse("fptui attach needs a terminal; `fptui log -f` shows the log without one.")
    argv, variables = attach_command(folder, environment())
    os.execvpe(argv[0], argv, variables)
