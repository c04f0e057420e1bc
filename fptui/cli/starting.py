"""What `train` and `cache` do once their runs are launched."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from fptui.actions.autostop import trouble_of_stop
from fptui.actions.start import StartPlan
from fptui.cli.common import environment, row_json, row_of
from fptui.cli.output import emit, emit_json, say
from fptui.cli.waiting import wait_or_detach
from fptui.core.project import Project
from fptui.core.run import RunFolder, RunRecord


def add_no_wait(parser: ArgumentParser) -> None:
    """The --no-wait flag."""
    parser.add_argument("--no-wait", action="store_true", help="return as soon as it has been started")


def finish_start(project: Project, plan: StartPlan, records: Sequence[RunRecord], args: Namespace) -> int:
    """Print the runs' ids, or with --json the runs, and wait for their end unless told not to."""
    trouble = trouble_of_stop(environment()) if plan.stops else None
    if trouble is not None:
        say(trouble)
    folders = [RunFolder(project.runs / record.id) for record in records]
    if not args.json:
        for record in records:
            emit(record.id)
    code = 0
    if args.no_wait:
        say(f"{folders[-1].id} is on its way: `fptui attach` shows its pane, `fptui` the dashboard.")
    else:
        _, code = wait_or_detach(folders)
    if args.json:
        rows = [row_of(folder, time.time()) for folder in folders]
        emit_json([row_json(row) for row in rows if row is not None])
    return code
