"""`fptui cache`"""

import time
from argparse import ArgumentParser, Namespace

from fptui.actions.start import AllCached, launch, plan_cache
from fptui.cli.common import add_json, environment, project_of
from fptui.cli.output import emit_json, say
from fptui.cli.starting import add_no_wait, finish_start

HELP = (
    "Cache a version's latents, then its text encoder outputs; what is there already is kept, and where all of it is "
    "there that is success. Exit codes as `fptui train`."
)
EXAMPLE = "fptui cache v8"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("version", nargs="?", metavar="V", help="a version, such as v8; default: the newest")
    parser.add_argument(
        "--force", action="store_true", help="cache everything again, and start although another run uses the GPU"
    )
    add_no_wait(parser)
    add_json(parser)


def run(args: Namespace) -> int:
    project, variables = project_of(args), environment()
    try:
        plan = plan_cache(project, args.version, environment=variables, now=time.time(), force=args.force)
    except AllCached as nothing:
        say(str(nothing))
        if args.json:
            emit_json([])
        return 0
    for note in plan.notes:
        say(note)
    return finish_start(project, plan, launch(project, plan, environment=variables), args)
