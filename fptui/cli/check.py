"""`fptui check`"""

from argparse import ArgumentParser, Namespace
from typing import Any

from fptui.actions.check import check_version
from fptui.check.check import Report
from fptui.check.problem import Problem, Severity
from fptui.cli.common import add_json, environment, project_of
from fptui.cli.output import emit, emit_json, say, table

HELP = (
    "Every problem of a version that can be found before the GPU costs money, with its place and its cure. "
    "Exit code 3 when something would end the run or spoil it, else 0."
)
EXAMPLE = "fptui check v8"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("version", nargs="?", metavar="V", help="a version, such as v8; default: the newest")
    add_json(parser)


def run(args: Namespace) -> int:
    report = check_version(project_of(args), args.version, environment())
    if args.json:
        emit_json(_json(report))
    else:
        for line in problem_lines(report.problems):
            emit(line)
        for line in bucket_lines(report):
            emit(line)
        say(summary(report))
    return 3 if report.is_refused else 0


def problem_lines(problems: tuple[Problem, ...]) -> list[str]:
    """For people: the place as editors and terminals understand it, and what to do on a line of its own."""
    lines = []
    for problem in problems:
        where = f"{problem.place.text}: " if problem.place.text else ""
        lines += [
            f"{problem.severity.value:<7}  {where}{problem.message}",
            f"{'':<9}-> {problem.fix}  [{problem.code}]",
        ]
    return lines


def bucket_lines(report: Report) -> list[str]:
    """What an epoch is made of."""
    if report.buckets is None or not report.buckets.rows:
        return []
    rows = [
        (str(row.data_set), f"{row.width}x{row.height}", str(row.items), str(row.batches))
        for row in report.buckets.rows
    ]
    return ["", *table(("DATA SET", "BUCKET", "ITEMS", "BATCHES"), rows, ("DATA SET", "ITEMS", "BATCHES"))]


def summary(report: Report) -> str:
    """`v8: 2 errors, 1 warning`."""
    counts = [(report.count(severity), severity.value) for severity in Severity]
    found = ", ".join(f"{count} {word}{'s' * (count != 1)}" for count, word in counts if count)
    return f"{report.version}: {found or 'nothing found'}."


def _json(report: Report) -> dict[str, Any]:
    return {
        "version": report.version,
        "problems": [
            {
                "severity": problem.severity.value,
                "code": problem.code,
                "file": problem.place.file,
                "line": problem.place.line,
                "key": problem.place.key,
                "message": problem.message,
                "fix": problem.fix,
            }
            for problem in report.problems
        ],
    }
