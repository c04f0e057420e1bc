"""The demo: a small project in a folder of its own, its training run, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fptui.actions.start import StartOptions, launch, plan_train
from fptui.core.musubi.log_reader import LogReader
from fptui.core.project import Project, find_project
from fptui.core.run import RunFolder, RunRecord, read_run
from fptui.core.text import plain
from fptui.errors import FptuiError, Refused, WrongUse

FOLDER_NAME = "fptui-demo"
_CHUNK = 1 << 18


@dataclass(frozen=True)
class DemoResult:
    """What the training of a demo came to. Steps are the trainer's own, which are true ones: a demo does not resume."""

    folder: str
    run: str
    steps: int | None
    loss_first: float | None
    """The trainer's average after the first step, and after the last."""
    loss_last: float | None
    checkpoints: int
    states: int
    samples: int
    output: str | None


def demo_folder(named: str | None, here: Path) -> Path:
    """Where the demo goes: an empty or new folder that was named, else `fptui-demo` here, `-2` when that is taken."""
    path = str(here.absolute() / (named or ""))
    try:
        path.encode()
    except UnicodeEncodeError:
        raise WrongUse(
            "The name of the demo's folder is not UTF-8, and no TOML file could name it: use another."
        ) from None
    if " --" in path or not path.isprintable():
        raise WrongUse(
            f"{plain(path)} holds ' --' or an unprintable character, and no prompts file could name it: use another "
            "folder for the demo."
        )
    if named is not None:
        folder = here / Path(named).expanduser()
        if folder.exists() and not folder.is_dir():
            raise WrongUse(f"{plain(str(folder))} is a file: name a folder for the demo.")
        if folder.is_dir() and any(folder.iterdir()):
            raise Refused(
                f"{plain(str(folder))} is not empty, and the demo writes over nothing: name a new folder, or none."
            )
        return folder.resolve()
    number, folder = 1, here / FOLDER_NAME
    while folder.exists():
        number += 1
        folder = here / f"{FOLDER_NAME}-{number}"
    return folder.resolve()


def make_demo(folder: Path, steps: int) -> Project:
    """The project with its synthetic data set; everything lies inside `folder`."""
    from fptui.rehearsal.project import make_project

    try:
        make_project(folder, steps=steps)
    except OSError as error:
        where = plain(str(error.filename or folder))
        raise FptuiError(f"{where}: {error.strerror}. Name another folder for the demo.") from None
    return find_project(folder)


def start_demo(project: Project, environment: Mapping[str, str], now: float) -> tuple[RunRecord, ...]:
    """Start its caching and training. Nothing about the pod is armed."""
    options = StartOptions(autostop="off")
    return launch(
        project, plan_train(project, None, options, environment=environment, now=now), environment=environment
    )


def demo_result(project: Project, folder: RunFolder) -> DemoResult:
    """Read out of the run's log, once it has ended."""
    reader = LogReader()
    with folder.log.open("rb") as file:
        while chunk := file.read(_CHUNK):
            reader.feed(chunk)
    reader.close()
    facts, record = reader.facts(), read_run(folder.record)
    return DemoResult(
        folder=str(project.path),
        run=folder.id,
        steps=facts.step,
        loss_first=reader.averages[0] if reader.averages else None,
        loss_last=reader.averages[-1] if reader.averages else None,
        checkpoints=len(facts.checkpoints),
        states=len(facts.states),
        samples=len(facts.samples),
        output=None if record is None else record.output_dir,
    )
