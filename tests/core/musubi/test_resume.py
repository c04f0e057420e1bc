"""From which states a run can go on, at which true steps, under which name, and what is said of it."""

import re
from pathlib import Path
from typing import Any

import pytest

from fptui.core.musubi.files import STATE_FILES, State
from fptui.core.musubi.resume import ResumePoint, caveats, points, resumed_name, setting
from fptui.core.run import RunRecord
from fptui.core.status import Stage
from tests.core.musubi.states import make_state

FIRST, SECOND, THIRD = "v1", "v1-from00000060", "v1-from00000090"
POINT = ResumePoint(State(20, Path("v1-step00000020-state"), True), 80, None)


def run(folder: Path, name: str | None, resumed_from: str | None = None, **changes: Any) -> RunRecord:
    values = {"created_at": 1.0, "total_steps": 200, "output_dir": str(folder), "output_name": name, **changes}
    from_state = str(folder / resumed_from) if resumed_from else None
    return RunRecord(f"run-{name}", "v1", Stage.TRAIN, "musubi", ("x",), "/p", resumed_from=from_state, **values)


def family(folder: Path, **changes: Any) -> list[RunRecord]:
    """A run, a resume at its step 60, and one of that at its own step 30; newest first, as runs are listed."""
    second = run(folder, SECOND, "v1-step00000060-state", step_offset=60, created_at=2.0, **changes)
    third = run(folder, THIRD, f"{SECOND}-step00000030-state", step_offset=90, created_at=3.0, **changes)
    return [third, second, run(folder, FIRST, **changes)]


def seen(folder: Path, runs: list[RunRecord], name: str = FIRST) -> list[tuple[int, str, str | None]]:
    return [
        (point.step, point.state.path.name, point.run.output_name if point.run else None)
        for point in points(folder, name, runs)
    ]


def test_a_resume_of_a_resume_at_true_steps(tmp_path: Path) -> None:
    for name in ("v1-step00000020", "v1-step00000060", f"{SECOND}-step00000030", f"{THIRD}-step00000020", "v2"):
        make_state(tmp_path / f"{name}-state")
    assert seen(tmp_path, family(tmp_path)) == [
        (110, f"{THIRD}-step00000020-state", THIRD),
        (90, f"{SECOND}-step00000030-state", SECOND),
        (60, "v1-step00000060-state", FIRST),
        (20, "v1-step00000020-state", FIRST),
    ]


def test_an_incomplete_state_is_listed_as_such(tmp_path: Path) -> None:
    for step in (20, 40):
        make_state(tmp_path / f"v1-step000000{step}-state")
    (tmp_path / "v1-step00000040-state" / STATE_FILES[0]).write_bytes(b"")
    newest, older = points(tmp_path, FIRST, family(tmp_path))
    assert (newest.step, newest.state.complete, newest.state.why) == (40, False, "model.safetensors is empty")
    assert (older.step, older.state.complete) == (20, True)


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_a_final_state_is_its_run_s_last_step(tmp_path: Path, name: str) -> None:
    make_state(tmp_path / f"{name}-state")
    assert seen(tmp_path, family(tmp_path)) == [(200, f"{name}-state", name)]
    assert seen(tmp_path, family(tmp_path, total_steps=None)) == []
    assert seen(tmp_path, []) == [], "without a record nobody knows its step"


def test_the_step_state_comes_before_the_final_one_of_the_same_step(tmp_path: Path) -> None:
    for name in ("v1-state", "v1-step00000200-state"):
        make_state(tmp_path / name)
    assert [step for step, _, _ in seen(tmp_path, family(tmp_path))] == [200, 200]
    assert seen(tmp_path, family(tmp_path))[0][1] == "v1-step00000200-state"


def test_states_without_records_count_by_their_names(tmp_path: Path) -> None:
    names = ["v1-from00000060-2-step00000010-state", f"{SECOND}-step00000005-state", "v1-step00000060-state"]
    for name in [*names, "v1-fromhere-step00000010-state", "v10-step00000070-state", "v1-from00000060-000001-state"]:
        make_state(tmp_path / name)
    assert seen(tmp_path, []) == [(70, names[0], None), (65, names[1], None), (60, names[2], None)]


def test_the_record_is_believed_before_the_name(tmp_path: Path) -> None:
    make_state(tmp_path / f"{SECOND}-step00000010-state")
    odd = run(tmp_path, SECOND, "v1-step00000060-state", step_offset=61)
    assert seen(tmp_path, [odd]) == [(71, f"{SECOND}-step00000010-state", SECOND)]


def test_another_family_and_another_folder_stay_out(tmp_path: Path) -> None:
    make_state(tmp_path / "other-step00000010-state")
    make_state(tmp_path / "v1-step00000020-state")
    (tmp_path / "link").symlink_to(tmp_path)
    elsewhere = run(tmp_path / "elsewhere", "other", "v1-step00000020-state", step_offset=20)
    stranger = run(tmp_path, "other", "v9-step00000020-state", step_offset=20)
    nameless = run(tmp_path, None, "v1-step00000020-state")
    assert seen(tmp_path, [elsewhere, stranger, nameless]) == [(20, "v1-step00000020-state", None)]
    linked = run(tmp_path / "link", "other", "v1-step00000020-state", step_offset=20)
    assert seen(tmp_path, [linked])[0] == (30, "other-step00000010-state", "other")


@pytest.mark.parametrize("ending", ["-step00000060-state", "-000003-state", "-state"])
def test_a_resume_belongs_to_whom_it_resumed(tmp_path: Path, ending: str) -> None:
    make_state(tmp_path / "mine-step00000010-state")
    mine = run(tmp_path, "mine", f"v1{ending}", step_offset=60)
    assert seen(tmp_path, [mine]) == [(70, "mine-step00000010-state", "mine")]


def test_names_of_resumed_runs_are_free_ones(tmp_path: Path) -> None:
    assert resumed_name(tmp_path / "none", FIRST, 60, frozenset()) == SECOND
    assert resumed_name(tmp_path, FIRST, 60, frozenset({SECOND, f"{SECOND}-2"})) == f"{SECOND}-3"
    (tmp_path / f"{SECOND}-step00000020.safetensors").touch()
    assert resumed_name(tmp_path, FIRST, 60, frozenset()) == f"{SECOND}-2"
    assert resumed_name(tmp_path, FIRST, 60, frozenset({f"{SECOND}-2"})) == f"{SECOND}-3"
    assert resumed_name(tmp_path, FIRST, 123_456_789, frozenset()) == "v1-from123456789"


@pytest.mark.parametrize(
    ("config", "before", "words"),
    [
        ({}, {}, []),
        ({"lr_scheduler": "cosine"}, None, ["lr_scheduler cosine goes on at its step 80, .* over the 120 steps"]),
        ({"lr_scheduler": "constant_with_warmup"}, {}, []),
        ({"lr_scheduler": ""}, {}, []),
        ({"learning_rate": 1e-4}, {"learning_rate": 2e-4}, ["^learning_rate 0.0001 has no effect: .* takes 0.0002 "]),
        ({"learning_rate": 1e-4}, {}, ["^learning_rate 0.0001 has no effect: .* takes 2e-06 "]),
        ({}, {"learning_rate": 2e-6}, []),
        ({"learning_rate": 1e-4}, None, []),
        ({"network_alpha": 8}, {"network_alpha": 16}, ["^network_alpha was 16 and is 8: what was trained is scaled"]),
        ({}, {"network_alpha": 1.0}, []),
        ({"network_alpha": 0, "network_dim": 16}, {"network_alpha": 16, "network_dim": 16}, []),
        ({"network_alpha": 4}, {"network_alpha": 0}, []),
        (
            {"network_alpha": 8, "learning_rate": 1, "lr_scheduler": "linear"},
            {},
            ["^lr_scheduler linear", "^learning_rate 1 ", "^network_alpha was 1 and is 8"],
        ),
    ],
)
def test_caveats(config: dict[str, Any], before: dict[str, Any] | None, words: list[str]) -> None:
    notes = caveats(config, before, POINT, 120)
    assert len(notes) == len(words)
    assert all(re.search(word, note) for word, note in zip(words, notes, strict=True)), notes


@pytest.mark.parametrize(
    ("config", "key", "value"),
    [
        ({}, "network_dim", 4),
        ({"network_dim": 16}, "network_dim", 16),
        ({}, "network_alpha", 1),
        ({"network_alpha": 0}, "network_alpha", 4),
        ({"network_alpha": 0, "network_dim": 32}, "network_alpha", 32),
        ({"network_alpha": 0.5}, "network_alpha", 0.5),
        ({}, "learning_rate", 2e-6),
        ({"learning_rate": 0}, "learning_rate", 0),
    ],
)
def test_what_the_trainer_takes(config: dict[str, Any], key: str, value: float) -> None:
    assert setting(config, key) == value
