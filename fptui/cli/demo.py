"""`fptui demo`"""

import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import asdict
from pathlib import Path
from shlex import quote

from fptui.actions.demo import DemoResult, demo_folder, demo_result, make_demo, start_demo
from fptui.cli import dashboard
from fptui.cli.common import add_json, environment, loss_text
from fptui.cli.output import emit, emit_json, say
from fptui.cli.waiting import wait_or_detach
from fptui.core.run import RunFolder

HELP = (
    "Make a small project with a synthetic data set and train it with the rehearsal trainer, on the CPU, in a real "
    "tmux pane: caches, trains, saves and samples. Everything lies inside DIR. Shows the dashboard; with --no-ui, or "
    "without a terminal, waits and prints what came of it."
)
EXAMPLE = "fptui demo --no-ui --steps 100"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", metavar="DIR", help="an empty or new folder; default: ./fptui-demo, -2, …")
    parser.add_argument("--no-ui", action="store_true", help="wait and print the result instead of the dashboard")
    parser.add_argument("--steps", type=_steps, default=200, metavar="N", help="training steps; default: 200")
    add_json(parser)


def run(args: Namespace) -> int:
    folder = demo_folder(args.folder, Path(args.directory or "."))
    say(f"Making a project in {folder}.")
    project = make_demo(folder, args.steps)
    records = start_demo(project, environment(), time.time())
    if not args.no_ui and not args.json and dashboard.has_terminal():
        code = int(dashboard.run(str(project.path)))
        say(f"The demo lies in {project.path}: `fptui -C {quote(str(project.path))}` opens it again.")
        return code
    folders = [RunFolder(project.runs / record.id) for record in records]
    _, code = wait_or_detach(folders)
    if code:
        return code
    result = demo_result(project, folders[-1])
    if args.json:
        emit_json(asdict(result))
    else:
        for line in result_lines(result):
            emit(line)
    return 0


def result_lines(result: DemoResult) -> list[str]:
    """The result for people."""
    return [
        f"A rehearsal of {'?' if result.steps is None else result.steps} steps: a tiny network, not FramePack.",
        f"average loss  {loss_text(result.loss_first)} after the first step, {loss_text(result.loss_last)} at the end",
        f"saved         {result.checkpoints} checkpoints, {result.states} states, {result.samples} samples",
        f"in            {result.output or '?'}",
        f"look at it    fptui -C {quote(result.folder)}",
    ]


def _steps(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1_000_000):
        raise ArgumentTypeError(f"{text!r} is no number of steps: write one from 1 to 1000000")
    return int(text)
