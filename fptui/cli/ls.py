"""`fptui ls`"""

import time
from argparse import ArgumentParser, Namespace

from fptui.cli.common import add_json, loss_text, project_of, row_json, row_of, steps_text
from fptui.cli.output import emit, emit_json, say, table
from fptui.core.units import duration

HELP = "The runs of this project, newest first. Steps are true ones, counted over resumes."
EXAMPLE = "fptui ls --json | jq '.[0].status'"


def add_arguments(parser: ArgumentParser) -> None:
    add_json(parser)


def run(args: Namespace) -> int:
    project, now = project_of(args), time.time()
    found = [row for folder in project.run_folders() if (row := row_of(folder, now)) is not None]
    if args.json:
        emit_json([row_json(row) for row in found])
        return 0
    if not found:
        say(f"No run in {project.path} yet. `fptui train` starts one.")
        return 0
    lines = [
        (
            row.record.id,
            row.status.value,
            steps_text(row.step, row.total_steps),
            loss_text(row.loss),
            _when(row.started_at if row.started_at is not None else row.record.created_at),
            duration(row.seconds(now)),
            row.message or "",
        )
        for row in found
    ]
    for line in table(("RUN", "STATUS", "STEP", "LOSS", "STARTED", "TOOK", ""), lines, right=("STEP", "LOSS", "TOOK")):
        emit(line)
    return 0


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
