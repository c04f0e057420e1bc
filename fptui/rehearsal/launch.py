"""`accelerate launch` for the rehearsal: starts the program as its child, waits, forwards no signal.

Imitates accelerate 1.6.0 with one process: the notice about values not passed, the traceback when the child failed.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="launch", allow_abbrev=False)
    parser.add_argument("--num_processes", type=int)
    parser.add_argument("--num_machines", type=int)
    parser.add_argument("--mixed_precision", choices=["no", "fp16", "bf16", "fp8"])
    parser.add_argument("--dynamo_backend")
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("-q", "--quiet", action="store_true")
    parser.add_argument("-m", "--module", action="store_true", help="the program is a module's name")
    parser.add_argument("training_script")
    parser.add_argument("training_script_args", nargs=argparse.REMAINDER)
    return parser


def _notice(given: argparse.Namespace) -> None:
    defaults = {"num_processes": "0", "num_machines": "1", "mixed_precision": "'no'", "dynamo_backend": "'no'"}
    missing = [(name, value) for name, value in defaults.items() if getattr(given, name) is None]
    if not missing:
        return
    lines = ["The following values were not passed to `accelerate launch` and had defaults used instead:"]
    lines += [f"\t`--{name}` was set to a value of `{value}`" for name, value in missing]
    lines += ["To avoid this warning pass in values for each of the problematic parameters or run `accelerate config`."]
    print("\n".join(lines), file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the program to its end.

    Raises CalledProcessError when it failed; a KeyboardInterrupt ends the launcher and nothing else.
    """
    given = _options().parse_args(arguments)
    _notice(given)
    command = [sys.executable, *(["-m"] if given.module else []), given.training_script, *given.training_script_args]
    environment = {**os.environ, "ACCELERATE_MIXED_PRECISION": given.mixed_precision or "no"}
    process = subprocess.Popen(command, env=environment)
    process.wait()
    if process.returncode != 0:
        if given.quiet:
            sys.exit(1)
        raise subprocess.CalledProcessError(returncode=process.returncode, cmd=command)


if __name__ == "__main__":
    main()
