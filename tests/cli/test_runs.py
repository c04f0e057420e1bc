"""`ls`, `status`, `stop`, `log`: over records on disk, without a trainer."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from fptui.adapters.processes import boot_id, start_ticks
from fptui.cli.main import main
from fptui.core.run import ExitRecord, Heartbeat, RunFolder, RunRecord, Saves, write_record
from fptui.core.status import Stage, Status

LS_KEYS = {
    *("id", "version", "stage", "trainer", "status", "step", "total_steps", "started_at", "ended_at", "exit_code")
}
STATUS_KEYS = LS_KEYS | {
    *("loss", "learning_rate", "seconds_per_step", "eta_seconds", "cost_so_far", "cost_to_end", "autostop", "alarms")
}


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    (tmp_path / "configs" / "v1").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(project: Path, name: str, created_at: float, **record: Any) -> RunFolder:
    folder = RunFolder(project / "runs" / name)
    folder.path.mkdir(parents=True)
    values = {"argv": ("true",), "cwd": str(project), "version": "v1", "stage": Stage.TRAIN, "trainer": "musubi"}
    write_record(folder.record, RunRecord(id=name, created_at=created_at, **{**values, **record}))
    return folder


def ended(project: Path, name: str = "v1-train-20260101-000000", **values: Any) -> RunFolder:
    folder = made(project, name, 1e9, step_offset=60, total_steps=100)
    known = {"exit_code": 0, "signal": None, "started_at": 1e9, "ended_at": 1e9 + 90, "step": 40, "total_steps": 40}
    write_record(folder.exit, ExitRecord(**{"status": Status.FINISHED, **known, **values}))
    return folder


def running(project: Path, name: str = "v1-train-20260102-000000", **record: Any) -> RunFolder:
    """A run whose supervisor is this process."""
    folder = made(project, name, time.time(), **record)
    ticks = start_ticks(os.getpid())
    assert ticks is not None
    beat = Heartbeat(time.time(), os.getpid(), ticks, boot_id(), os.uname().nodename, Status.TRAINING, step=7)
    write_record(folder.heartbeat, beat)
    return folder


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_ls_lists_the_newest_first_with_true_steps(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", "--json"]) == 0
    assert printed(capsys) == []
    ended(project)
    running(project, total_steps=None)
    made(project, "v1-train-20250101-000000", 1e8)
    assert main(["ls", "--json"]) == 0
    runs = printed(capsys)
    assert [(run["status"], run["step"], run["total_steps"]) for run in runs] == [
        ("training", 7, None),
        ("finished", 100, 100),
        ("lost", None, None),
    ]
    assert all(set(run) >= LS_KEYS for run in runs)
    assert (runs[1]["started_at"], runs[1]["ended_at"], runs[1]["exit_code"]) == (1e9, 1e9 + 90, 0)
    assert main(["ls"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["RUN", "STATUS", "STEP", "LOSS", "STARTED", "TOOK"]
    assert [line.split()[2] for line in lines] == ["7/?", "100/100", "?/?"]


def test_status_has_every_key_and_null_for_what_is_unknown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended(project)
    assert main(["status", "--json"]) == 0
    status = printed(capsys)
    assert set(status) >= STATUS_KEYS
    assert (status["step"], status["loss"], status["cost_so_far"], status["alarms"]) == (100, None, None, [])
    assert main(["status", "v1-train"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "step           100/100" in lines and not [line for line in lines if line.startswith("ends in")]


def test_status_of_a_failed_run_has_the_error_of_its_exit_record(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log may have been cut short by a full disk, in the middle of the traceback or behind the launcher's."""
    folder = ended(project, status=Status.FAILED, exit_code=1, error_kind="disk-full", error_message="OSError: full")
    folder.log.write_bytes(
        b"Traceback (most recent call last):\nsubprocess.CalledProcessError: Command 'x' returned non"
    )
    assert main(["status", "--json"]) == 0
    assert printed(capsys)["error"] == {"kind": "disk-full", "message": "OSError: full"}
    assert main(["status"]) == 0
    assert "error          OSError: full" in capsys.readouterr().out.splitlines()


def test_a_lost_run_s_step_is_the_log_s_and_how_long_it_took_is_not_known(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made(project, "v1-train-20260102-000000", 1e9, step_offset=60)
    write_record(folder.heartbeat, Heartbeat(1e9, 1, 1, "another boot", os.uname().nodename, Status.TRAINING,
                                             started_at=1e9, step=7, total_steps=40))  # fmt: skip
    folder.log.write_bytes(b"\rsteps:  25%|##  | 10/40 [00:11<00:21,  1.1s/it, avr_loss=0.1]")
    assert main(["status", "--json"]) == 0
    status = printed(capsys)
    assert (status["status"], status["step"], status["total_steps"]) == ("lost", 70, 100)
    assert main(["ls"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[6] == "?"


def test_without_a_name_the_newest_active_run_is_meant_and_never_a_lost_one(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(project, "v1-train-20250101-000000", 1e8)
    newest = ended(project)
    assert main(["status", "--json"]) == 0
    assert printed(capsys)["id"] == newest.id
    active = running(project, "v1-train-20240101-000000")
    assert main(["status", "--json"]) == 0
    assert printed(capsys)["id"] == active.id


@pytest.mark.parametrize("name", ["v2", "v1-train-2026", "\x1b[31m", "../../etc", ""])
def test_a_name_that_means_no_run_is_wrong_use(project: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    ended(project)
    ended(project, "v1-train-20260101-000001")
    for command in ("status", "log", "stop", "attach"):
        assert main([command, name]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1 and "\x1b" not in err


def test_stop_is_asked_for_once_its_cost_was_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = running(project, saves=Saves(every_n_steps=5, state=True), total_steps=100)
    assert main(["stop", "--no-wait"]) == 0
    assert "Stops at step 10" in capsys.readouterr().err
    assert json.loads(folder.stop_request.read_text())["mode"] == "at-save"
    assert main(["stop", "--now", "--no-wait", "--json"]) == 0
    out, err = capsys.readouterr()
    assert "loses 2 steps" in err and json.loads(out)["id"] == folder.id
    assert json.loads(folder.stop_request.read_text())["mode"] == "now"


def test_a_stop_at_a_save_that_will_not_come_is_refused_and_stops_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = running(project, saves=Saves(every_n_steps=5, state=False))
    assert main(["stop"]) == 3
    assert "--now" in capsys.readouterr().err and not folder.stop_request.exists()
    assert main(["stop", "--now", "--at-save"]) == 2


def test_log_shows_lines_or_the_trainers_own_bytes(project: Path, capfdbinary: Any) -> None:
    folder = ended(project)
    assert main(["log"]) == 0
    assert capfdbinary.readouterr() == (b"", b"v1-train-20260101-000000 has no log: its trainer has not started.\n")
    raw = b"\rsteps:   0%|   | 0/2 [00:00<?]\rsteps: 100%|###| 2/2 [00:01<00:00]\n\x1b[1mdone\xff\n"
    folder.log.write_bytes(raw)
    assert main(["log", "-f"]) == 0  # an ended run's log has an end
    assert capfdbinary.readouterr().out.decode() == "steps: 100%|###| 2/2 [00:01<00:00]\ndone\ufffd\n"
    assert main(["log", "--raw"]) == 0
    assert capfdbinary.readouterr().out == raw


def test_costs_are_the_price_s_and_unknown_without_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended(project)
    (project / "pyproject.toml").write_text("[tool.fptui.autostop]\nprice_per_hour = 2.4")
    assert main(["status", "--json"]) == 0
    status = printed(capsys)
    assert (status["cost_so_far"], status["cost_to_end"]) == (pytest.approx(0.06), None)
    assert main(["status"]) == 0
    assert "cost           $0.06 so far" in capsys.readouterr().out.splitlines()
