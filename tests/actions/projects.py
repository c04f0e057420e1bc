"""A small project of the real trainer, without the trainer, and what is planned in it."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from fptui.actions.plan_run import Planned
from fptui.actions.start import StartOptions, StartPlan, plan_train
from fptui.core.project import Project, Settings
from fptui.core.run import RunRecord, write_record
from tests.fake_python import MUSUBI, fake_python

NOW = 1_795_344_000.0
PLAIN = StartOptions()
LATER = NOW + 3600
"""A run that was planned at NOW, and that nothing started, is lost by then."""

CONFIG: Mapping[str, object] = {
    "vae": "models/vae.safetensors",
    "image_encoder": "models/image.safetensors",
    "text_encoder1": "models/one.safetensors",
    "text_encoder2": "models/two.safetensors",
    "dataset_config": "configs/v1/dataset.toml",
    "sample_prompts": "configs/v1/prompts.txt",
    "network_dim": 16,
    "learning_rate": 1e-3,
    "max_train_steps": 100,
    "save_every_n_steps": 20,
    "save_state": True,
    "output_dir": "output",
    "output_name": "girl-v1",
    "log_with": "wandb",
}


def write_config(project: Project, more: str = "", **changes: object) -> None:
    """CONFIG with changes (None: without that key); `more` stands at its end, word for word."""
    config = {**CONFIG, **changes}
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in config.items() if value is not None]
    (project.configs / "v1" / "config.toml").write_text("".join(lines) + more)


def musubi_project(folder: Path, packages: Collection[str] = MUSUBI, *, launcher: str = "accelerate") -> Project:
    """Two pictures, both cached."""
    project = Project(folder, folder.name, Settings(python=str(fake_python(folder / "bin/python", packages)),
                                                    launcher=launcher))  # fmt: skip
    (project.configs / "v1" / "cache").mkdir(parents=True)
    (folder / "data").mkdir()
    for name in ("a", "b"):
        (folder / "data" / f"{name}.png").touch()
        for ending in ("_0064x0064_fp.safetensors", "_fp_te.safetensors"):
            (project.configs / "v1" / "cache" / f"{name}{ending}").touch()
    dataset = '[[datasets]]\nimage_directory = "data"\ncache_directory = "configs/v1/cache"\n'
    (project.configs / "v1" / "dataset.toml").write_text(dataset)
    (project.configs / "v1" / "prompts.txt").write_text("a girl\n")
    write_config(project)
    return project


def training(
    project: Project,
    options: StartOptions = PLAIN,
    *,
    now: float = NOW,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Planned, StartPlan]:
    """The last run of the plan, and the plan."""
    plan = plan_train(project, None, options, environment=environment, now=now)
    return plan.planned[-1], plan


def overrides(record: RunRecord) -> dict[str, str]:
    """What the command line says after --config_file."""
    argv = record.argv[record.argv.index("--config_file") + 2 :]
    return dict(zip(argv[::2], argv[1::2], strict=True))


def keep(project: Project, planned: Planned) -> RunRecord:
    """Its run folder, as a start makes it."""
    folder = project.runs / planned.record.id
    (folder / "config").mkdir(parents=True)
    for name, text in planned.texts.items():
        (folder / "config" / name).write_text(text)
    write_record(folder / "run.json", planned.record)
    return planned.record
