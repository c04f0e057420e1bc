"""What `--resume` starts: from which state, under which name, over how many steps, and what is said or refused."""

from pathlib import Path
from typing import Any

import pytest

from fptui.actions.start import StartOptions
from fptui.core.project import Project
from fptui.core.run import RunRecord
from fptui.core.standard_toml import loads
from fptui.errors import Refused
from tests.actions.projects import LATER, keep, musubi_project, overrides, training, write_config
from tests.core.musubi.states import make_state

RESUME = StartOptions(resume="newest")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return musubi_project(tmp_path / "p")


@pytest.fixture
def first(project: Project) -> RunRecord:
    """A run that was stopped behind its states of the steps 20 and 40."""
    record = keep(project, training(project)[0])
    state(project, "girl-v1-step00000020-state")
    state(project, "girl-v1-step00000040-state")
    return record


def state(project: Project, name: str) -> Path:
    return make_state(project.path / "output" / name)


def test_the_remaining_steps_under_a_name_of_their_own(project: Project, first: RunRecord) -> None:
    planned, plan = training(project, RESUME, now=LATER)
    record, folder = planned.record, project.runs / planned.record.id
    newest = str(project.path / "output/girl-v1-step00000040-state")
    assert overrides(record) == {
        "--dataset_config": str(folder / "config/dataset.toml"),
        "--sample_prompts": str(folder / "config/prompts.txt"),
        "--resume": newest,
        "--output_name": "girl-v1-from00000040",
        "--max_train_steps": "60",
        "--logging_dir": str(folder / "tensorboard"),
        "--log_with": "all",
    }
    assert (record.step_offset, record.total_steps, record.resumed_from) == (40, 100, newest)
    assert (record.resumes_run, record.output_name) == (first.id, "girl-v1-from00000040")
    assert record.output_dir == first.output_dir
    assert planned.texts["config.toml"] == (project.configs / "v1/config.toml").read_text()
    assert record.argv[record.argv.index("--config_file") + 1] == str(folder / "config/config.toml")
    assert plan.notes == ("resumes from girl-v1-step00000040-state, step 40; 60 steps remain",)


@pytest.mark.parametrize("how", ["a record", "a file"])
def test_a_name_that_is_taken(project: Project, first: RunRecord, how: str) -> None:
    if how == "a record":
        keep(project, training(project, RESUME, now=LATER - 60)[0])
    else:
        (project.path / "output/girl-v1-from00000040.safetensors").touch()
    assert training(project, RESUME, now=LATER)[0].record.output_name == "girl-v1-from00000040-2"


def test_a_resume_of_a_resume(project: Project, first: RunRecord) -> None:
    second = keep(project, training(project, RESUME, now=LATER - 60)[0])
    state(project, "girl-v1-from00000040-step00000020-state")
    record = training(project, RESUME, now=LATER)[0].record
    assert (record.step_offset, record.total_steps, record.resumes_run) == (60, 100, second.id)
    assert overrides(record)["--max_train_steps"] == "40"
    assert record.output_name == "girl-v1-from00000060"


def test_a_state_that_is_cut_short_is_passed_over_with_a_word(project: Project, first: RunRecord) -> None:
    (project.path / "output/girl-v1-step00000040-state/optimizer.bin").unlink()
    planned, plan = training(project, RESUME, now=LATER)
    assert planned.record.step_offset == 20
    assert plan.notes == (
        "girl-v1-step00000040-state is passed over: optimizer.bin is missing.",
        "resumes from girl-v1-step00000020-state, step 20; 80 steps remain",
    )


@pytest.mark.parametrize(
    "wanted", ["girl-v1-step00000020-state", "girl-v1-step00000020-state/", "{output}/girl-v1-step00000020-state/"]
)
def test_a_state_by_its_name_and_by_its_path(project: Project, first: RunRecord, wanted: str) -> None:
    wanted = wanted.format(output=project.path / "output")
    assert training(project, StartOptions(resume=wanted), now=LATER)[0].record.step_offset == 20


@pytest.mark.parametrize("wanted", ["girl-v1-step00000030-state", "/elsewhere/girl-v1-step00000020-state", "girl-v1"])
def test_a_state_that_is_not_there(project: Project, first: RunRecord, wanted: str) -> None:
    with pytest.raises(Refused, match=f"^v1 has no state {wanted}: give a folder's name in output_dir.$"):
        training(project, StartOptions(resume=wanted), now=LATER)


def test_a_state_that_is_wanted_and_cut_short(project: Project, first: RunRecord) -> None:
    (project.path / "output/girl-v1-step00000020-state/model.safetensors").write_bytes(b"")
    with pytest.raises(Refused, match=r"20-state cannot be resumed from: model.safetensors is empty.$"):
        training(project, StartOptions(resume="girl-v1-step00000020-state"), now=LATER)


def test_nothing_to_resume_from(project: Project) -> None:
    with pytest.raises(Refused, match=r"^v1 has no complete state to resume from. A new version, or another"):
        training(project, RESUME)
    (state(project, "girl-v1-step00000040-state") / "scheduler.bin").unlink()
    with pytest.raises(
        Refused, match=r"^v1 has no .* from. girl-v1-step00000040-state is passed over: scheduler.bin is"
    ):
        training(project, RESUME)


def test_a_state_that_no_run_is_known_of(project: Project) -> None:
    state(project, "girl-v1-step00000020-state")
    record = training(project, RESUME)[0].record
    assert (record.step_offset, record.resumes_run) == (20, None)


def test_what_is_finished_takes_more_steps(project: Project, first: RunRecord) -> None:
    state(project, "girl-v1-state")
    with pytest.raises(Refused, match=r"line 9, max_train_steps: 100 of 100 steps are done. Raise it, or start"):
        training(project, RESUME, now=LATER)
    write_config(project, max_train_steps=150)
    record = training(project, RESUME, now=LATER)[0].record
    assert (record.step_offset, overrides(record)["--max_train_steps"]) == (100, "50")


def test_another_rank_does_not_fit_the_state(project: Project, first: RunRecord) -> None:
    write_config(project, network_dim=32)
    with pytest.raises(Refused, match=r"^configs/v1/config.toml, line 7, network_dim: the state was trained with 16;"):
        training(project, RESUME, now=LATER)


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"learning_rate": 5e-4}, "learning_rate 0.0005 has no effect: the trainer takes 0.001 out of the state."),
        ({"lr_scheduler": "cosine"}, "lr_scheduler cosine goes on at its step 40, but the trainer lays it out over the "
         "60 steps that remain: the learning rate leaves the curve that it was on."),
        ({"resume": "output/other-state"}, None),  # the command line's --resume wins
    ],
)  # fmt: skip
def test_what_should_be_known_of_it(
    project: Project, first: RunRecord, changes: dict[str, Any], note: str | None
) -> None:
    write_config(project, **changes)
    assert training(project, RESUME, now=LATER)[1].notes[1:] == ((note,) if note else ())


def test_a_run_whose_config_is_gone_is_not_compared(project: Project, first: RunRecord) -> None:
    (project.runs / first.id / "config/config.toml").unlink()
    write_config(project, learning_rate=5e-4, network_dim=32)
    assert len(training(project, RESUME, now=LATER)[1].notes) == 1


def test_epochs_from_the_beginning_are_unknown_steps(project: Project) -> None:
    write_config(project, max_train_epochs=4)
    keep(project, training(project)[0])
    state(project, "girl-v1-step00000020-state")
    with pytest.raises(Refused, match=r"line 15, max_train_epochs: say max_train_steps instead, to resume.$"):
        training(project, RESUME, now=LATER)
    write_config(project)
    assert training(project, RESUME, now=LATER)[0].record.total_steps == 100


def test_epochs_behind_a_run_of_known_steps(project: Project, first: RunRecord) -> None:
    """The trainer would take the epochs over any max_train_steps, so they must not reach it."""
    write_config(project, max_train_epochs=4, max_train_steps=None)
    planned = training(project, RESUME, now=LATER)[0]
    assert overrides(planned.record)["--max_train_steps"] == "60"
    argv = planned.record.argv
    assert argv[argv.index("--config_file") + 1] == str(project.runs / planned.record.id / "config/trainer.toml")
    assert "max_train_epochs" not in loads(planned.texts["trainer.toml"])
    assert "max_train_epochs" in loads(planned.texts["config.toml"])


def test_a_smoke_run_resumes_nothing(project: Project, first: RunRecord) -> None:
    record = training(project, StartOptions(smoke=True, resume="newest"), now=LATER)[0].record
    assert (record.resumed_from, record.step_offset, "--resume" in record.argv) == (None, 0, False)
