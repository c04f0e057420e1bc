import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fptui.actions.start import AllCached, StartOptions
from fptui.cli import cache, starting, train
from fptui.cli.main import main
from fptui.core.run import RunFolder, RunRecord, write_record
from fptui.core.status import Stage
from fptui.errors import Refused


class Calls:
    """Stands in for `actions.start`: keeps what was asked for and gives two runs."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.planned: list[tuple[Any, ...]] = []
        self.refusal: str | None = None

    def plan_train(self, project: Any, version: str | None, options: StartOptions, **_: Any) -> Any:
        self.planned.append((version, options))
        if self.refusal:
            raise Refused(self.refusal)
        return SimpleNamespace(notes=("Resumes at step 60.",), stops=False)

    def plan_cache(self, project: Any, version: str | None, *, force: bool = False, **_: Any) -> Any:
        self.planned.append((version, force))
        if self.refusal:
            raise AllCached(self.refusal)
        return SimpleNamespace(notes=(), stops=False)

    def launch(self, project: Any, plan: Any, **_: Any) -> tuple[RunRecord, ...]:
        records = []
        for stage in (Stage.CACHE_TEXT, Stage.TRAIN):
            folder = RunFolder(self.project / "runs" / f"v8-{stage.value}-20260101-000000")
            folder.path.mkdir(parents=True)
            records.append(RunRecord(folder.id, "v8", stage, "rehearsal", ("true",), "/", created_at=1e9))
            write_record(folder.record, records[-1])
        return tuple(records)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Calls:
    for version in ("v7", "v8"):
        (tmp_path / "configs" / version).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    calls = Calls(tmp_path)
    for module, name in ((train, "plan_train"), (train, "launch"), (cache, "plan_cache"), (cache, "launch")):
        monkeypatch.setattr(module, name, getattr(calls, name))
    monkeypatch.setattr(starting, "wait_or_detach", lambda folders: ({}, 1))
    return calls


@pytest.mark.parametrize(
    ("argv", "version", "options"),
    [
        ([], None, StartOptions()),
        (["v7", "--smoke", "--gpu", "0,1"], "v7", StartOptions(smoke=True, gpus=(0, 1))),
        (["--resume"], None, StartOptions(resume="newest")),
        (["v7", "--resume"], "v7", StartOptions(resume="newest")),
        (["--resume", "v7"], "v7", StartOptions(resume="newest")),
        (["--resume", "out/lora-step00000060-state"], None, StartOptions(resume="out/lora-step00000060-state")),
        (["--force", "--autostop", "off"], None, StartOptions(force=True, autostop="off")),
        (["--autostop", "1h30m"], None, StartOptions(autostop="1h30m")),
    ],
)
def test_train_hands_on_what_was_asked_for(
    calls: Calls, argv: list[str], version: str | None, options: StartOptions
) -> None:
    assert main(["train", "--no-wait", *argv]) == 0
    assert calls.planned == [(version, options)]


@pytest.mark.parametrize(
    "argv",
    [
        ["--gpu", "one"],
        ["--gpu", "0,0"],
        ["--gpu", "-1"],
        ["--gpu", ""],
        ["--autostop", "soon"],
        ["v7", "v8"],
        ["--forc"],
    ],
    ids=" ".join,
)
def test_wrong_use_of_train_starts_nothing(calls: Calls, argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and not calls.planned


def test_the_ids_are_data_and_the_rest_is_narration(calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--no-wait", "--autostop", "10m"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == ["v8-cache-text-20260101-000000", "v8-train-20260101-000000"]
    assert "Resumes at step 60." in err and "is on its way" in err


def test_waiting_gives_the_exit_code_and_json_the_runs(calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--json"]) == 1
    runs = json.loads(capsys.readouterr().out)
    assert [(run["stage"], run["version"], run["trainer"]) for run in runs] == [
        ("cache-text", "v8", "rehearsal"),
        ("train", "v8", "rehearsal"),
    ]


def test_a_refusal_is_exit_code_3_and_starts_nothing(calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    calls.refusal = "v8 has files already: resume it, or make a new version."
    assert main(["train"]) == 3
    assert capsys.readouterr() == ("", "fptui: v8 has files already: resume it, or make a new version.\n")
    assert not (calls.project / "runs").exists()


def test_cache_is_started_alike(calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "v7", "--force", "--no-wait"]) == 0
    assert calls.planned == [("v7", True)]
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_nothing_to_cache_is_success(calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    calls.refusal = "v8 is cached."
    assert main(["cache", "--json"]) == 0
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == ([], "v8 is cached.\n")
