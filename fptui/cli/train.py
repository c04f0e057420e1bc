"""`fptui train`"""

import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from fptui.actions.start import StartOptions, launch, plan_train
from fptui.cli.common import add_json, environment, project_of
from fptui.cli.output import say
from fptui.cli.starting import add_no_wait, finish_start
from fptui.core.units import parse_duration
from fptui.errors import WrongUse

HELP = (
    "Start a training run in tmux and follow it. Latents and text encoder outputs are cached first where that is "
    "needed. Prints the ids of the runs on stdout and their progress on stderr. Ctrl-C while waiting only detaches: "
    "the run goes on. Exit codes: 0 finished; 1 failed, out of memory, interrupted, lost, or stopped before its last "
    "step; 3 refused; 130 detached."
)
EXAMPLE = "fptui train v8 --smoke && fptui train v8 --no-wait"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("version", nargs="?", metavar="V", help="a version, such as v8; default: the newest")
    parser.add_argument("--smoke", action="store_true", help="5 steps without saves and uploads, to see that it works")
    parser.add_argument(
        "--resume",
        nargs="?",
        const="newest",
        metavar="STATE",
        help="go on from a state (its folder's name or path); default: the newest that is complete on disk",
    )
    parser.add_argument("--gpu", type=_gpus, default=(), metavar="0[,1]", help="the GPUs to train on; default: all")
    parser.add_argument(
        "--force", action="store_true", help="go on in spite of a failed check; never writes over files"
    )
    parser.add_argument(
        "--autostop",
        type=_autostop,
        metavar="10m|off",
        help="stop the pod so long after its last run; default: the project's",
    )
    parser.add_argument("--max-hours", type=_positive, metavar="H", help="stop the run at its next save after H hours")
    parser.add_argument(
        "--max-cost", type=_positive, metavar="$", help="stop the run at its next save when it cost so much"
    )
    add_no_wait(parser)
    add_json(parser)


def run(args: Namespace) -> int:
    project = project_of(args)
    if args.version is None and args.resume in project.version_names():  # fptui train --resume v8
        args.version, args.resume = args.resume, "newest"
    if args.smoke and args.resume:
        raise WrongUse("A smoke run begins anew: --smoke or --resume, not both.")
    options = StartOptions(
        smoke=args.smoke, resume=args.resume, gpus=args.gpu, force=args.force, autostop=args.autostop,
        max_hours=args.max_hours, max_cost=args.max_cost,
    )  # fmt: skip
    variables = environment()
    plan = plan_train(project, args.version, options, environment=variables, now=time.time())
    for note in plan.notes:
        say(note)
    return finish_start(project, plan, launch(project, plan, environment=variables), args)


def _gpus(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts) or len(set(parts)) < len(parts):
        raise ArgumentTypeError(f"{text!r} names no GPUs: write 0, or 0,1")
    return tuple(map(int, parts))


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:
        raise ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def _autostop(text: str) -> str:
    if text != "off" and parse_duration(text) is None:
        raise ArgumentTypeError(f"{text!r} is neither off nor a duration such as 90s, 10m or 1h30m")
    return text
