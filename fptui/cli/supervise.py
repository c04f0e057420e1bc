"""`fptui supervise`: what a run's tmux window executes. Not for users."""

import argparse
import time
from pathlib import Path

from fptui.errors import FptuiError

HELP = "own the runs in this window (fptui starts this itself)"
EXAMPLE = "fptui supervise --environment FILE runs/v8-train-20261122-103000"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The handover file and the runs."""
    parser.add_argument(
        "--environment", type=Path, required=True, help="the environment of the trainer; removed as it is read"
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders, one after another")


def run(args: argparse.Namespace) -> int:
    """0 when every run finished."""
    from fptui.adapters.handover import take_environment
    from fptui.supervise.supervisor import refuse, supervise

    runs = [path.resolve() for path in args.runs]
    try:
        environment = take_environment(args.environment)
    except FptuiError as error:
        refuse(runs, str(error), time.time())
        raise
    return supervise(runs, environment)
