from pathlib import Path

import pytest

from fptui.rehearsal.project import make_project
from tests.end_to_end.driving import Driver, hashes

pytestmark = pytest.mark.tmux


def test_a_run_stopped_at_a_save_is_resumed_with_true_steps_and_nothing_is_written_over(
    tmux_socket: str, state_home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    make_project(folder, steps=60)
    fptui = Driver(folder, step_seconds=0.1, save_seconds=0.5)

    first = fptui("train", "--no-wait").stdout.splitlines()[-1]
    second = fptui("train", "--no-wait", code=3)
    assert second.stdout == "" and second.stderr.count("\n") == 1, "a version that is running is not started twice"

    stopped = fptui("stop", "--at-save")
    assert "Stops at step" in stopped.stderr
    run = fptui.json("status", first)
    assert run["error"] is None and "KeyboardInterrupt" in fptui("log", first).stdout
    assert run["status"] == "stopped" and run["total_steps"] == 60 and run["last_state"]["step"] in (20, 40)
    saved_step, before = run["last_state"]["step"], hashes(folder / "output")

    for force in ((), ("--force",)):
        refused = fptui("train", *force, "--no-wait", code=3)
        assert "resume" in refused.stderr and refused.stderr.count("\n") <= 2, (
            "the files of the first run are in the way"
        )

    fptui.switches.clear()
    resumed = fptui("train", "--resume").stdout.splitlines()[-1]
    run = fptui.json("status", resumed)
    assert (run["status"], run["step"], run["total_steps"]) == ("finished", 60, 60)
    after = hashes(folder / "output")
    assert {name: after.get(name) for name in before} == before
    new = sorted(set(after) - set(before))
    assert new and all(f"from{saved_step:08}" in name for name in new if not name.startswith("sample/"))
    listed = {each["id"]: each for each in fptui.json("ls")}
    assert listed[first]["status"] == "stopped" and listed[resumed]["step"] == 60


def test_names_from_outside_run_nothing(tmux_socket: str, state_home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "漫画 [b]x[/b] $(touch pwned) `touch pwned`; touch pwned '\"& #{pid} %1"
    make_project(folder, steps=20)
    fptui = Driver(folder)
    name = fptui("train", "--smoke").stdout.splitlines()[-1]
    run = fptui.json("status", name)
    assert (run["stage"], run["status"], run["step"]) == ("smoke", "finished", 5)
    assert name in fptui("ls").stdout and "rehearsal" in fptui("log", name).stdout
    assert not [path for place in (tmp_path, Path.cwd()) for path in place.rglob("pwned*")]
