"""The start itself: what tmux is given, what lies on disk then, and that nothing half-made stays."""

import json
import os
import stat
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from fptui.actions import start
from fptui.actions.start import StartOptions, StartPlan, launch, plan_train
from fptui.adapters.tmux import Tmux
from fptui.core.project import Project
from fptui.core.run import RunFolder, RunRecord, read_run
from fptui.errors import FptuiError, Refused
from tests.actions.projects import NOW, musubi_project, training, write_config

TOKEN = f"hf_{'A' * 30}"
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HF_HOME": "/cache",
    "WANDB_API_KEY": "from the caller",
    "RUNPOD_API_KEY": f"rpa_{'B' * 30}",
    "FPTUI_RUNPOD_API_KEY": "rpa_other",
}


class FakeTmux(Tmux):
    """Keeps what it is asked for, looks at the disk as it is then, and fails if told to."""

    def __init__(self, error: BaseException | None = None, together: threading.Barrier | None = None) -> None:
        super().__init__("fake", {})
        self.windows: list[tuple[str, list[str], Path, list[str]]] = []
        self.handed_over: dict[str, str] = {}
        self.mode = 0
        self._error, self._together = error, together

    def check(self) -> None:
        if self._together is not None:
            self._together.wait(10)

    def open_window(self, name: str, argv: Sequence[str], cwd: Path, run_ids: Sequence[str]) -> None:
        self.windows.append((name, list(argv), cwd, list(run_ids)))
        handover = Path(argv[5])
        self.handed_over, self.mode = json.loads(handover.read_text()), stat.S_IMODE(handover.stat().st_mode)
        if self._error is not None:
            raise self._error


@pytest.fixture
def handover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the environments lie on their way to a supervisor."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / f"fptui-{os.geteuid()}"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Its latents are cached, its texts are not."""
    project = musubi_project(tmp_path / "p")
    write_config(project, huggingface_token=TOKEN)
    (project.configs / "v1/cache/a_fp_te.safetensors").unlink()
    return project


def plan(project: Project, environment: Mapping[str, str] = ENVIRONMENT, now: float = NOW) -> StartPlan:
    return training(project, environment=environment, now=now)[1]


def left(project: Project, handover: Path) -> list[str]:
    """What lies in runs/, and where environments lie, apart from the lock."""
    return sorted(path.name for folder in (project.runs, handover) if folder.is_dir() for path in folder.iterdir()
                  if path.name != ".lock")  # fmt: skip


def test_the_supervisor_and_its_runs(project: Project, handover: Path) -> None:
    tmux, planned = FakeTmux(), plan(project)
    records = launch(project, planned, environment=ENVIRONMENT, tmux=tmux)
    assert records == planned.records
    folders = [project.runs / record.id for record in records]
    ((name, argv, cwd, run_ids),) = tmux.windows
    assert (name, cwd) == (records[-1].id, project.path)
    assert run_ids == [RunFolder(folder).window for folder in folders]
    assert argv[:5] == [sys.executable, "-m", "fptui", "supervise", "--environment"]
    assert argv[6:] == [str(folder) for folder in folders]
    assert Path(argv[5]).parent == handover
    for folder, item in zip(folders, planned.planned, strict=True):
        assert read_run(folder / "run.json") == item.record
        assert sorted(path.name for path in folder.iterdir()) == ["config", "run.json"]
        assert {path.name: path.read_text() for path in (folder / "config").iterdir()} == item.texts
        assert TOKEN not in "".join(path.read_text() for path in folder.rglob("*.*") if path.is_file())


def test_the_environment_goes_by_a_private_file(project: Project, handover: Path) -> None:
    tmux = FakeTmux()
    launch(project, plan(project), environment=ENVIRONMENT, tmux=tmux)
    assert tmux.mode == 0o600
    assert tmux.handed_over == {
        "PATH": "/usr/bin:/bin",
        "HF_HOME": "/cache",
        "WANDB_API_KEY": "from the caller",
        "HF_TOKEN": TOKEN,
        # For the guard alone, which the supervisor may have to start again.
        **{name: ENVIRONMENT[name] for name in ENVIRONMENT if name not in ("HF_TOKEN", "WANDB_API_KEY")},
    }
    assert not any(value in " ".join(tmux.windows[0][1]) for value in (TOKEN, *list(ENVIRONMENT.values())[2:]))


@pytest.mark.parametrize("error", [FptuiError("tmux refused"), KeyboardInterrupt()])
def test_a_start_that_fails_leaves_nothing(project: Project, handover: Path, error: BaseException) -> None:
    planned = plan(project)
    with pytest.raises(type(error)) as caught:
        launch(project, planned, environment=ENVIRONMENT, tmux=FakeTmux(error))
    assert caught.value is error
    assert left(project, handover) == []
    launch(project, planned, environment=ENVIRONMENT, tmux=FakeTmux())
    assert len(left(project, handover)) == 3


def test_a_runs_folder_that_cannot_be_made(project: Project, handover: Path) -> None:
    planned = plan(project)
    project.runs.touch()
    with pytest.raises(FptuiError, match=r"^\S+/runs cannot be written: File exists\.$"):
        launch(project, planned, environment=ENVIRONMENT, tmux=FakeTmux())


def test_a_run_folder_that_cannot_be_written(project: Project, handover: Path) -> None:
    """The second of two; the first is taken back."""
    planned, tmux = plan(project), FakeTmux()
    project.runs.mkdir()
    (project.runs / f".{planned.records[1].id}.{os.getpid()}").touch()
    with pytest.raises(
        FptuiError, match=rf"{planned.records[1].id} cannot be written: .*\. The run was not started\.$"
    ):
        launch(project, planned, environment=ENVIRONMENT, tmux=tmux)
    assert [name for name in left(project, handover) if not name.startswith(".")] == []
    assert tmux.windows == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_run_folder_that_is_cut_short(
    project: Project, handover: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def interrupted(path: Path, record: RunRecord) -> None:
        raise error

    monkeypatch.setattr(start, "write_record", interrupted)
    wanted = FptuiError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(wanted, match="No space left on device. The run was" if wanted is FptuiError else None):
        launch(project, plan(project), environment=ENVIRONMENT, tmux=FakeTmux())
    assert left(project, handover) == []


def test_a_project_whose_name_is_not_utf_8(tmp_path: Path, handover: Path) -> None:
    project = musubi_project(tmp_path / os.fsdecode(b"caf\xe9"))
    with pytest.raises(FptuiError, match=r"cannot be written: a path in it is not UTF-8\."):
        launch(project, plan(project), environment=ENVIRONMENT, tmux=FakeTmux())
    assert left(project, handover) == []


def test_one_of_two_starts_at_the_same_moment_wins(project: Project, handover: Path) -> None:
    together = threading.Barrier(2)
    planned, said, windows = plan(project), [], []

    def begin() -> None:
        tmux = FakeTmux(together=together)
        try:
            launch(project, planned, environment=ENVIRONMENT, tmux=tmux)
        except Refused as error:
            said.append(str(error))
        windows.extend(tmux.windows)

    threads = [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    first = planned.records[0].id
    assert said == [f"{first} was started a moment ago, by somebody else: look at it with `fptui ls`."]
    assert len(windows) == 1
    assert len(left(project, handover)) == 3


def test_what_came_between_the_plan_and_the_start_is_seen(project: Project, handover: Path) -> None:
    one, other = plan(project), plan(project, now=NOW + 1)
    launch(project, one, environment=ENVIRONMENT, tmux=FakeTmux())
    with pytest.raises(Refused, match="is still going on, and a version has one run at a time"):
        launch(project, other, environment=ENVIRONMENT, tmux=FakeTmux())
    assert len(left(project, handover)) == 3


def test_without_tmux_nothing_is_written(project: Project, handover: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"^tmux is not installed"):
        launch(project, plan(project), environment={"PATH": str(tmp_path)})
    assert not project.runs.exists()


def test_an_autostop_that_would_stop_nothing_is_refused(project: Project) -> None:
    with pytest.raises(Refused, match="--autostop would stop nothing"):
        plan_train(project, None, StartOptions(autostop="5m"), environment=ENVIRONMENT, now=1.0)
    assert plan_train(project, None, StartOptions(autostop="off"), environment=ENVIRONMENT, now=1.0).records
