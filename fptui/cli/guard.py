"""`fptui guard`: the process that stops the pod. Not for users."""

from argparse import ArgumentParser, Namespace

from fptui.cli.common import environment

HELP = "stop this pod when its work is over (fptui starts this itself)"
EXAMPLE = "fptui guard"


def add_arguments(parser: ArgumentParser) -> None:
    """None."""


def run(args: Namespace) -> int:
    from fptui.guard.main import guard

    return guard(environment())
