"""`fptui stop`"""

import time
from argparse import ArgumentParser, Namespace

from fptui.actions.stop import consequence, request
from fptui.cli.common import add_json, add_run, row_json, row_of, run_of
from fptui.cli.output import emit_json, say
from fptui.cli.waiting import DETACHED, wait_for
from fptui.core.status import Status
from fptui.errors import Refused

HELP = (
    "Stop a run and wait until it has ended. At its next save (the default): when that state is complete on disk; "
    "refused, and nothing is stopped, when no save will come. Now: at once; a save that is being written is let end. "
    "Exit codes: 0 ended, 1 it failed instead, 3 refused, 130 no longer waiting (the stop stays asked for)."
)
EXAMPLE = "fptui stop v8 --at-save"


def add_arguments(parser: ArgumentParser) -> None:
    add_run(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--at-save", dest="mode", action="store_const", const="at-save", help="at the next save")
    how.add_argument("--now", dest="mode", action="store_const", const="now", help="at once; says what is lost")
    parser.set_defaults(mode="at-save")
    parser.add_argument("--no-wait", action="store_true", help="return as soon as it has been asked for")
    add_json(parser)


def run(args: Namespace) -> int:
    _, folder = run_of(args)
    expected = consequence(folder, args.mode, time.time())
    if not expected.possible:
        raise Refused(expected.sentence)
    say(f"{folder.id}: {expected.sentence}")
    request(folder, args.mode, time.time())
    code = 0
    if not args.no_wait:
        try:
            last = wait_for([folder])[folder.id]
            code = 0 if last.status in (Status.STOPPED, Status.FINISHED) else 1
        except KeyboardInterrupt:
            say(f"No longer waiting. The stop of {folder.id} stays asked for; `fptui status {folder.id}` tells.")
            code = DETACHED
    if args.json:
        row = row_of(folder, time.time())
        emit_json(None if row is None else row_json(row))
    return code
