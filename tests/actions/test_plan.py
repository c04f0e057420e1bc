"""What a start would start: the command lines, the records, the texts of the run folders, the words for the user."""

import dataclasses
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from fptui.actions.start import AllCached, StartOptions, plan_cache
from fptui.core.project import Project, Settings, find_project
from fptui.core.run import ExitRecord, write_record
from fptui.core.standard_toml import loads
from fptui.core.status import Stage, Status
from fptui.errors import Refused
from tests.actions.projects import CONFIG, NOW, keep, musubi_project, overrides, training, write_config
from tests.fake_python import MUSUBI, fake_python, script

STAMP = time.strftime("%Y%m%d-%H%M%S", time.localtime(NOW))
SMOKE = StartOptions(smoke=True)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return musubi_project(tmp_path / "p")


def test_caches_come_first_and_each_waits_for_the_one_before(small_project: Path) -> None:
    plan = training(find_project(small_project))[1]
    assert [record.id for record in plan.records] == [
        f"v1-{stage}-{STAMP}" for stage in ("cache-latents", "cache-text", "train")
    ]
    assert [record.follows for record in plan.records] == [None, plan.records[0].id, plan.records[1].id]
    assert [record.stage for record in plan.records] == [Stage.CACHE_LATENTS, Stage.CACHE_TEXT, Stage.TRAIN]
    assert [record.max_batches for record in plan.records] == [8, 8, None]
    assert all(record.trainer == "rehearsal" and record.created_at == NOW for record in plan.records)
    latents = plan.records[0]
    config = small_project / "runs" / latents.id / "config"
    assert latents.argv[1:5] == ("-m", "fptui.rehearsal.fpack_cache_latents", "--dataset_config",
                                 str(config / "dataset.toml"))  # fmt: skip
    assert plan.planned[0].texts["dataset.toml"] == (small_project / "configs/v1/dataset.toml").read_text()
    assert plan.records[2].argv[1:3] == ("-m", "fptui.rehearsal.launch")


def test_only_what_is_not_cached_is_cached(project: Project) -> None:
    assert [record.follows for record in training(project)[1].records] == [None]
    with pytest.raises(AllCached, match=r"^v1 is cached: every item has both files. --force makes them again.$"):
        plan_cache(project, "v1", environment={}, now=NOW)
    (project.configs / "v1/cache/b_fp_te.safetensors").unlink()
    plan = training(project)[1]
    assert [(record.stage, record.max_batches) for record in plan.records] == [
        (Stage.CACHE_TEXT, 1),
        (Stage.TRAIN, None),
    ]
    assert plan.records[1].follows == plan.records[0].id
    (only,) = plan_cache(project, "v1", environment={}, now=NOW).records
    assert only.argv == plan.records[0].argv
    assert only.argv[-1] == "--skip_existing"
    again = plan_cache(project, "v1", environment={}, now=NOW, force=True).records
    assert [(record.max_batches, "--skip_existing" in record.argv) for record in again] == [(2, False), (2, False)]


def test_a_plain_run(project: Project) -> None:
    planned, plan = training(project, StartOptions(autostop="off"), environment={"RUNPOD_POD_ID": "pod7"})
    record, folder = planned.record, project.runs / f"v1-train-{STAMP}"
    assert record.argv[: record.argv.index("--config_file")] == (
        str(project.path / "bin/python"), "-m", "accelerate.commands.launch", "--num_processes", "1", "--num_machines",
        "1", "--dynamo_backend=no", "--mixed_precision", "bf16", "-m", "musubi_tuner.fpack_train_network",
        "--image_encoder", "models/image.safetensors",
    )  # fmt: skip
    assert record.argv[record.argv.index("--config_file") + 1] == str(folder / "config/config.toml")
    assert overrides(record) == {
        "--dataset_config": str(folder / "config/dataset.toml"),
        "--sample_prompts": str(folder / "config/prompts.txt"),
        "--logging_dir": str(folder / "tensorboard"),
        "--log_with": "all",
    }
    texts = {
        name: (project.configs / "v1" / name).read_text() for name in ("config.toml", "dataset.toml", "prompts.txt")
    }
    assert planned.texts == texts
    assert (record.total_steps, record.step_offset, record.resumed_from, record.resumes_run) == (100, 0, None, None)
    assert (record.output_dir, record.output_name) == (str(project.path / "output"), "girl-v1")
    assert dataclasses.astuple(record.saves) == (20, None, True, False)
    assert (record.cwd, record.pod_id, record.autostop) == (str(project.path), "pod7", "off")
    assert (record.environment, record.secret_names, planned.secrets) == ({}, (), {})
    assert plan.notes == ()
    keep(project, planned)
    write_record(folder / "exit.json", ExitRecord(Status.FAILED, 1, None, NOW, NOW))
    assert training(project, now=NOW + 0.4)[0].record.id == f"v1-train-{STAMP}-2"


def test_a_smoke_run_saves_uploads_and_samples_nothing(project: Project) -> None:
    of_a_real_run: dict[str, Any] = {
        "sample_at_first": True, "sample_every_n_steps": 20, "sample_every_n_epochs": 1, "save_every_n_epochs": 1,
        "save_state_on_train_end": True, "huggingface_repo_id": "me/models", "huggingface_repo_type": "model",
        "huggingface_path_in_repo": "v1", "save_state_to_huggingface": True, "async_upload": True, "log_config": True,
        "max_train_epochs": 3, "resume": "output/girl-v1-state", "logging_dir": "logs",
    }  # fmt: skip
    write_config(project, **of_a_real_run)
    planned, plan = training(project, SMOKE)
    record, folder = planned.record, project.runs / f"v1-smoke-{STAMP}"
    assert record.argv[record.argv.index("--config_file") + 1] == str(folder / "config/trainer.toml")
    assert overrides(record) == {
        "--dataset_config": str(folder / "config/dataset.toml"),
        "--max_train_steps": "5",
        "--output_dir": str(folder / "output"),
        "--logging_dir": str(folder / "tensorboard"),
        "--log_with": "tensorboard",  # nothing of it belongs among wandb's curves
    }
    gone = {*of_a_real_run, "save_every_n_steps", "save_state", "sample_prompts", "log_with"}
    assert loads(planned.texts["trainer.toml"]) == {key: value for key, value in CONFIG.items() if key not in gone}
    assert planned.texts["config.toml"] == (project.configs / "v1/config.toml").read_text()
    assert (record.stage, record.total_steps, record.output_dir) == (Stage.SMOKE, 5, str(folder / "output"))
    assert dataclasses.astuple(record.saves) == (None, None, False, False)
    assert plan.notes == ()
    without = musubi_project(project.path / "q", ("musubi_tuner", "accelerate"))
    write_config(without, **of_a_real_run)
    assert set(overrides(training(without, SMOKE)[0].record)) == {
        "--dataset_config",
        "--max_train_steps",
        "--output_dir",
    }


@pytest.mark.parametrize(
    ("lines", "line", "key"),
    [
        ("[u]\nasync_upload = true\nhuggingface_repo_id = '''\nx'''\n", 16, "huggingface_repo_id"),
        ('u = {save_state = true, seed = 1}\n', None, "save_state"),
    ],
)  # fmt: skip
def test_a_key_that_cannot_be_dropped(project: Project, lines: str, line: int | None, key: str) -> None:
    write_config(project, lines, save_state=None)
    where = f"configs/v1/config.toml{f', line {line}' if line else ''}, {key}"
    with pytest.raises(Refused, match=f"^{where}: write it as `key = value` on a line of its own"):
        training(project, SMOKE)
    assert training(project)[0].record.stage is Stage.TRAIN


@pytest.mark.parametrize(
    ("log_with", "packages", "wanted"),
    [
        ("wandb", MUSUBI, "all"),
        ("all", MUSUBI, "all"),
        ("tensorboard", MUSUBI, "tensorboard"),
        (None, MUSUBI, "tensorboard"),
        ("wandb", ("musubi_tuner", "accelerate", "tensorboard"), "tensorboard"),
        ("wandb", ("musubi_tuner", "accelerate", "wandb"), None),
    ],
)
def test_tensorboard_beside_the_user_s_own(
    tmp_path: Path, log_with: str | None, packages: tuple[str, ...], wanted: str | None
) -> None:
    project = musubi_project(tmp_path / "p", packages)
    write_config(project, log_with=log_with)
    planned, plan = training(project)
    folder = str(project.runs / planned.record.id / "tensorboard") if wanted else None
    given = overrides(planned.record)
    assert (given.get("--log_with"), given.get("--logging_dir")) == (wanted, folder)
    assert planned.record.logging_dir == folder
    assert [note.split(":")[0] for note in plan.notes] == (
        [] if wanted else ["tensorboard is not installed beside musubi-tuner"]
    )


@pytest.mark.parametrize("options", [StartOptions(), SMOKE])
def test_tokens_go_by_the_environment_alone(project: Project, options: StartOptions) -> None:
    tokens = {"huggingface_token": "a plain word", "wandb_api_key": "0123456789abcdef" * 2 + "01234567"}
    write_config(project, f"# old: hf_{'A' * 30}\n", **tokens)
    given = {"HF_TOKEN": f"hf_{'B' * 30}", "RUNPOD_API_KEY": f"rpa_{'C' * 30}", "FPTUI_RUNPOD_API_KEY": "rpa_other"}
    (project.configs / "v1/cache/b_fp_te.safetensors").unlink()
    plan = training(project, options, environment=given)[1]
    for planned in plan.planned:
        assert planned.secrets == {"HF_TOKEN": "a plain word", "WANDB_API_KEY": tokens["wandb_api_key"]}
        assert planned.record.secret_names == ("HF_TOKEN", "WANDB_API_KEY")
        shown = json.dumps([dataclasses.asdict(planned.record), dict(planned.texts)]) + " ".join(plan.notes)
        for token in (*tokens.values(), *given.values(), "A" * 20):
            assert token not in shown
        for name in planned.texts:
            if name.endswith("r.toml") or name == "config.toml":
                assert not {"huggingface_token", "wandb_api_key"} & set(loads(planned.texts[name]))


def test_hf_transfer_that_is_asked_for_and_not_there(tmp_path: Path, small_project: Path) -> None:
    project = musubi_project(tmp_path / "p", set(MUSUBI) - {"hf_transfer"})
    for value, off in (("1", True), ("true", True), ("0", False), ("", False)):
        planned, plan = training(project, environment={"HF_HUB_ENABLE_HF_TRANSFER": value})
        assert planned.record.environment == ({"HF_HUB_ENABLE_HF_TRANSFER": "0"} if off else {})
        assert ["HF_HUB_ENABLE_HF_TRANSFER is set without hf_transfer" in note for note in plan.notes] == [True] * off
    with_it = musubi_project(tmp_path / "q")
    for other in (with_it, find_project(small_project)):
        planned, plan = training(other, environment={"HF_HUB_ENABLE_HF_TRANSFER": "1"})
        assert (planned.record.environment, plan.notes) == ({}, ())


def test_the_gpus_that_were_chosen(project: Project) -> None:
    record = training(project, StartOptions(gpus=(2, 0)))[0].record
    assert (record.gpus, record.environment) == ((2, 0), {"CUDA_VISIBLE_DEVICES": "2,0"})
    assert record.argv[record.argv.index("--num_processes") + 1] == "2"


def test_uv_brings_the_trainer_into_a_new_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = dataclasses.replace(musubi_project(tmp_path / "p"), settings=Settings())
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    environment = {"PATH": str(tmp_path / "bin")}
    script(tmp_path / "bin/uv", "/bin/mkdir -p .venv && /bin/cp -r bin .venv/")
    with pytest.raises(Refused, match=r"^musubi-tuner was not found \(looked at no interpreter\)"):
        training(project, environment=environment)
    (project.path / "pyproject.toml").touch()
    python = str(project.path / ".venv/bin/python")
    assert training(project, environment=environment)[0].record.argv[0] == python
    script(tmp_path / "bin/uv", "/bin/false")
    assert training(project, environment=environment)[0].record.argv[0] == python
    fake_python(Path(python), ())
    with pytest.raises(Refused, match=r"^uv sync failed in"):
        training(project, environment=environment)


def test_without_a_launcher(tmp_path: Path) -> None:
    project = musubi_project(tmp_path / "p", launcher="python")
    assert training(project)[0].record.argv[1:3] == ("-m", "musubi_tuner.fpack_train_network")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"output_name": None}, "config.toml: output_name is not set; the last save would fail."),
        ({"output_name": "a/b"}, "config.toml, line 13, output_name: has a / in it; name the folder in output_dir."),
        ({"output_dir": None}, "config.toml: output_dir is not set; the first save would fail."),
        ({"output_dir": "data/a.png"}, "config.toml, line 12, output_dir: .*data/a.png is no folder."),
        ({"max_train_steps": 0}, "config.toml, line 9, max_train_steps: must be a whole number, 1 or more."),
        ({"vae": None}, "config.toml: vae is not set, and caching needs it."),
    ],
)
def test_what_the_trainer_would_fail_on_late(project: Project, changes: dict[str, Any], words: str) -> None:
    (project.configs / "v1/cache/a_0064x0064_fp.safetensors").unlink()
    write_config(project, **changes)
    with pytest.raises(Refused, match=f"^configs/v1/{words}$"):
        training(project)


@pytest.mark.parametrize("force", [False, True])
def test_what_stands_in_the_way_is_said_before_anything_starts(project: Project, force: bool) -> None:
    (project.path / "output/girl-v1-state").mkdir(parents=True)
    with pytest.raises(Refused, match=r"already has a file of girl-v1 .* would write over them"):
        training(project, StartOptions(force=force))
    assert training(project, SMOKE)[1].force is False
    assert training(project, StartOptions(smoke=True, force=True))[1].force is True


def test_steps_that_nobody_said(project: Project) -> None:
    write_config(project, max_train_steps=None)
    assert training(project)[0].record.total_steps == 1600
    write_config(project, max_train_epochs=3)
    assert training(project)[0].record.total_steps is None


def test_a_resume_of_the_user_s_own_is_said(project: Project) -> None:
    write_config(project, resume="output/x-state")
    (note,) = training(project)[1].notes
    assert re.match(r"configs/v1/config.toml, line 15, resume: .* counts its steps from 0. Use --resume", note)


def test_planning_changes_no_file(project: Project) -> None:
    def files() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in project.path.rglob("*") if path.is_file()}

    write_config(project, huggingface_token="x", max_train_epochs=2)
    before = files()
    for options in (StartOptions(), SMOKE, StartOptions(gpus=(1,))):
        training(project, options)
    assert (files(), project.runs.exists()) == (before, False)
