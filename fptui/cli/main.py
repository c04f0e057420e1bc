"""The command line: finds the command, and is the only place where errors become exit codes."""

import sys


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 well, 1 failed, 2 wrong use, 3 refused."""
    del argv
    print("fptui: no command yet", file=sys.stderr)
    return 2
