from collections.abc import Iterator

import pytest

from fptui.cli import waiting
from fptui.cli.waiting import ending_text, progress_text, wait_or_detach
from fptui.core.run import RunFolder
from fptui.core.status import Status
from fptui.core.view import RunRow
from tests.cli.rows import row


def test_progress_leaves_out_what_is_unknown() -> None:
    assert progress_text(row(status=Status.LOADING)) == "v1-train-20260101-000000: loading"
    known = row(step=412, total=5000, loss=0.02541, seconds_per_step=28.7)
    assert progress_text(known) == (
        "v1-train-20260101-000000: training, step 412/5000, loss 0.0254, 28.7 s/step, ends in 36 h 35 min"
    )
    assert progress_text(row(step=3, seconds_per_step=2.0)).endswith("step 3/?, 2.0 s/step")


def test_an_ending_says_how_far_and_where_to_look() -> None:
    well = row("r", Status.FINISHED, step=40, total=40, loss=0.031, started=10.0, ended=100.0)
    assert ending_text(well) == "r: finished at step 40/40 after 2 min, loss 0.031."
    bad = row("r", Status.OUT_OF_MEMORY, message="It wanted 2 GiB more.")
    assert ending_text(bad) == "r: out-of-memory. It wanted 2 GiB more. Its log: `fptui log r`."


@pytest.mark.parametrize("status", [status for status in Status if not status.is_active])
def test_only_finished_is_success(status: Status, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    script(monkeypatch, [row("r", Status.TRAINING), row("r", status)])
    assert wait_or_detach([folder("r")])[1] == (0 if status is Status.FINISHED else 1)


def test_a_run_behind_the_failed_one_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, [row("cache", Status.FINISHED)])
    assert wait_or_detach([folder("cache"), folder("train")])[1] == 1


def test_an_interrupt_detaches_and_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def rows() -> Iterator[RunRow]:
        yield row("r", Status.TRAINING)
        raise KeyboardInterrupt

    monkeypatch.setattr(waiting, "follow", lambda folders: rows())
    assert wait_or_detach([folder("r")]) == ({}, 130)
    out, err = capsys.readouterr()
    assert out == "" and "Detached: r goes on." in err


def script(monkeypatch: pytest.MonkeyPatch, rows: list[RunRow]) -> None:
    monkeypatch.setattr(waiting, "follow", lambda folders: iter(rows))


def folder(name: str) -> RunFolder:
    from pathlib import Path

    return RunFolder(Path("/nowhere") / name)
