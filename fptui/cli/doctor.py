"""`fptui doctor`"""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path

from fptui.actions.doctor import examine
from fptui.cli.common import add_json, environment
from fptui.cli.output import emit, emit_json, say
from fptui.core.doctor import Finding, Grade

HELP = (
    "This machine, line by line: what is well, what is missing and what to do. Exit code 1 when something stops "
    "training or would lose its files, else 0."
)
EXAMPLE = "fptui doctor"


def add_arguments(parser: ArgumentParser) -> None:
    add_json(parser)


def run(args: Namespace) -> int:
    findings = examine(Path(args.directory or "."), environment())
    if args.json:
        emit_json({"findings": [{**asdict(finding), "grade": finding.grade.value} for finding in findings]})
    else:
        for line in finding_lines(findings):
            emit(line)
    problems = sum(finding.grade is Grade.PROBLEM for finding in findings)
    if problems and not args.json:
        say(f"{problems} {'problem stops' if problems == 1 else 'problems stop'} training here.")
    return 1 if problems else 0


def finding_lines(findings: list[Finding]) -> list[str]:
    """The findings for people; what to do stands on a line of its own."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.grade.value:<8} {finding.about:<12} {finding.message}")
        if finding.fix and finding.grade is not Grade.OK:
            lines.append(f"{'':<21} -> {finding.fix}")
    return lines
