"""What several commands share: the project, the run, and a run as product JSON."""

import os
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fptui.core.project import Project
    from fptui.core.run import RunFolder
    from fptui.core.view import RunRow


def project_of(args: Namespace) -> "Project":
    """The project that `-C` names, or that of this folder."""
    from fptui.core.project import find_project

    return find_project(Path(args.directory or "."))


def run_of(args: Namespace) -> "tuple[Project, RunFolder]":
    """The project and the run that was named: its id, the beginning of it, or a version; without a name the newest
    that is active, else the newest."""
    from fptui.core.project import find_run

    project = project_of(args)
    now = time.time()

    def is_active(folder: "RunFolder") -> bool:
        if folder.exit.exists():
            return False
        row = row_of(folder, now)
        return row is not None and row.status.is_active

    return project, find_run(project, args.run, is_active)


def add_run(parser: ArgumentParser) -> None:
    """The RUN argument."""
    parser.add_argument(
        "run",
        nargs="?",
        metavar="RUN",
        help="a run's id, the beginning of one, or a version (its newest run); "
        "default: the newest that is active, else the newest",
    )


def add_json(parser: ArgumentParser) -> None:
    """The --json flag."""
    parser.add_argument("--json", action="store_true", help="print JSON on stdout")


def seconds(text: str) -> float:
    """A duration as argparse wants it."""
    from fptui.core.units import parse_duration

    found = parse_duration(text)
    if not found:
        raise ArgumentTypeError(f"{text!r} is no duration such as 90s, 10m or 1h30m")
    return float(found)


def environment() -> dict[str, str]:
    """This process's environment, as the functions below `cli` are given it."""
    return dict(os.environ)


def row_of(folder: "RunFolder", now: float) -> "RunRow | None":
    """What the run's records say now."""
    from fptui.adapters.processes import is_alive
    from fptui.core.run_status import row

    return row(folder, now, is_alive)


def row_json(row: "RunRow") -> dict[str, Any]:
    """A run as `fptui ls --json` lists it. Times are seconds since the epoch; steps are true, counted over resumes."""
    return {
        "id": row.record.id,
        "version": row.record.version,
        "stage": row.record.stage.value,
        "trainer": row.record.trainer,
        "status": row.status.value,
        "step": row.step,
        "total_steps": row.total_steps,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "exit_code": row.exit_code,
        "message": row.message,
    }


def steps_text(step: int | None, total: int | None) -> str:
    """`412/5000`, with `?` for what is unknown."""
    return f"{'?' if step is None else step}/{'?' if total is None else total}"


def loss_text(loss: float | None) -> str:
    """Three significant figures; `?` when unknown."""
    return "?" if loss is None else f"{loss:.3g}"
