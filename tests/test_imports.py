"""What each part loads, seen in fresh interpreters."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "fptui"
NEVER = {"torch", "wandb", "runpod", "accelerate", "musubi_tuner", "tensorboard"}
NOT_IN_CORE = {"textual", "rich", "libtmux", "pynvml", "numpy", "PIL", "subprocess", "socket"}
NOT_BESIDE_THE_TRAINER = {"textual", "rich", "libtmux", "pynvml", "numpy", "PIL", "tqdm"}
NOT_IN_LIGHT_COMMANDS = NOT_BESIDE_THE_TRAINER | {"tomllib", "tomli", "toml", "subprocess", "socket"}


def loaded(program: str, *arguments: str, cwd: Path | None = None) -> set[str]:
    """The top-level modules that `program` has loaded when it ends."""
    tail = "\nimport sys, json\nprint('\\n' + json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", program + tail, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def modules_below(folder: str) -> list[str]:
    names = (path.relative_to(PACKAGE.parent).with_suffix("") for path in sorted((PACKAGE / folder).rglob("*.py")))
    return [".".join(name.parts).removesuffix(".__init__") for name in names]


def test_the_core_is_free_of_the_outside() -> None:
    names = loaded("".join(f"import {name}\n" for name in modules_below("core")))
    assert names & (NOT_IN_CORE | NEVER) == set()


def test_nothing_loads_the_trainers_world() -> None:
    everything = [
        name for folder in (".", "rehearsal") for name in modules_below(folder) if not name.endswith("__main__")
    ]
    assert loaded("".join(f"import {name}\n" for name in everything)) & NEVER == set()


@pytest.mark.parametrize(
    "argv",
    [["--version"], ["--help"], ["ls"], ["ls", "--json"], ["status"], ["status", "--json"]],
    ids=" ".join,
)
def test_light_commands_load_light_modules(argv: list[str], finished_run: Path) -> None:
    program = "import sys\nfrom fptui.cli.main import main\nassert main(sys.argv[1:]) == 0"
    assert loaded(program, *argv, cwd=finished_run) & (NOT_IN_LIGHT_COMMANDS | NEVER) == set()


BESIDE_THE_TRAINER = ["supervise", "log", "stop", "attach", "train", "cache", "inspect"]


@pytest.mark.parametrize("name", BESIDE_THE_TRAINER)
def test_what_runs_beside_the_trainer_is_light(name: str) -> None:
    program = f"from fptui.cli.main import main\nassert main(['{name}', '--help']) == 0"
    assert loaded(program) & (NOT_BESIDE_THE_TRAINER | NEVER) == set()


def test_the_supervisor_is_light() -> None:
    assert loaded("import fptui.supervise.supervisor") & (NOT_BESIDE_THE_TRAINER | NEVER) == set()


@pytest.fixture
def finished_run(tmp_path: Path) -> Path:
    """A project with one run, that has finished and left no log."""
    from fptui.core.run import ExitRecord, RunFolder, RunRecord, write_record
    from fptui.core.status import Stage, Status

    (tmp_path / "configs" / "v1").mkdir(parents=True)
    (tmp_path / "configs" / "v1" / "config.toml").touch()
    folder = RunFolder(tmp_path / "runs" / "v1-train-20260101-000000")
    folder.path.mkdir(parents=True)
    write_record(folder.record, RunRecord(folder.id, "v1", Stage.TRAIN, "musubi", ("true",), "/", created_at=1e9))
    write_record(folder.exit, ExitRecord(Status.FINISHED, 0, None, 1e9, 1e9 + 60, step=100, total_steps=100, loss=0.02))
    return tmp_path
