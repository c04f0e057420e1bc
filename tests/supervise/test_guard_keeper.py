from pathlib import Path

import pytest

from fptui.adapters.guard_files import GuardFiles
from fptui.core.autostop import Autostop, AutostopStatus, Watched
from fptui.core.run import RunFolder
from fptui.errors import FptuiError
from fptui.supervise import guard_keeper
from fptui.supervise.guard_keeper import GuardKeeper


@pytest.mark.parametrize(("status", "starts"), [("armed", 2), ("counting", 2), ("off", 0), ("cancelled", 0)])
def test_a_guard_that_is_needed_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str, starts: int
) -> None:
    asked = []

    def ensure_guard(files: GuardFiles, environment: object) -> bool:
        asked.append(files.folder)
        raise FptuiError("no room for a process")

    monkeypatch.setattr(guard_keeper, "ensure_guard", ensure_guard)
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    files = GuardFiles(tmp_path / "fptui")
    files.folder.mkdir()
    files.write_state(Autostop(AutostopStatus(status)))
    keeper = GuardKeeper(environment, [RunFolder(tmp_path / "project/runs/v1-train-a")])
    for now in (1000.0, 1001.0, 1014.0, 1016.0, 1017.0):
        keeper.look(now)
    assert asked == [files.folder] * starts
    keeper.look(500.0)
    assert len(asked) == starts + bool(starts), "a clock set back does not keep it from looking"


def test_a_guard_that_does_not_know_the_project_any_more_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard_keeper, "ensure_guard", lambda files, environment: False)
    files, run = GuardFiles(tmp_path / "fptui"), RunFolder(tmp_path / "project/runs/v1-train-a")
    files.make()
    keeper = GuardKeeper({"XDG_STATE_HOME": str(tmp_path)}, [run])
    keeper.look(1000.0)
    assert files.pending() == [], "nothing is armed"
    files.state.write_text("{")
    keeper.look(1010.0)
    keeper.look(1020.0)
    [name] = files.pending()
    told = files.request(name)
    assert told is not None and (told.do, told.project, told.runs) == (
        "watch",
        str(tmp_path / "project"),
        (run.window,),
    )
    files.forget(name)
    files.write_state(Autostop(AutostopStatus.ARMED, watched=(Watched(str(tmp_path / "project")),)))
    keeper.look(1030.0)
    assert files.pending() == []
