"""One run as it would be: its record, and what lies in its folder."""

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fptui.actions.run_files import RunFiles, prompts_name, run_files
from fptui.adapters.git import commit_of
from fptui.adapters.trainer import Reached
from fptui.core.musubi import command
from fptui.core.musubi.files import same_folder
from fptui.core.musubi.resume import ResumePoint, caveats, points, resumed_name, setting
from fptui.core.musubi.trainer_toml import flattened, read
from fptui.core.project import Project
from fptui.core.run import RunFolder, RunRecord, Saves, read_run
from fptui.core.secrets import secret_names, trainer_environment
from fptui.core.status import Stage
from fptui.core.text import plain
from fptui.core.version import Version
from fptui.errors import FptuiError, Refused

SMOKE_STEPS = 5

_NOT_IN_A_SMOKE_RUN = frozenset(
    (
        *("max_train_epochs", "sample_prompts", "sample_at_first", "sample_every_n_steps", "sample_every_n_epochs"),
        *("save_every_n_steps", "save_every_n_epochs", "save_state", "save_state_on_train_end", "resume"),
        *("huggingface_repo_id", "huggingface_repo_type", "huggingface_path_in_repo", "huggingface_repo_visibility"),
        *("save_state_to_huggingface", "async_upload", "log_with", "log_config", "logging_dir"),
    )
)
"""No command line takes these back once they are in the config (there is no --no-… form)."""


@dataclass(frozen=True)
class StartOptions:
    """As on the command line of `fptui train`. `resume`: `newest`, or a state's path or name; None: from the start."""

    smoke: bool = False
    resume: str | None = None
    gpus: tuple[int, ...] = ()
    force: bool = False
    autostop: str | None = None
    max_hours: float | None = None
    max_cost: float | None = None


@dataclass(frozen=True)
class Planned:
    """`texts` go into the run's config folder; `secrets` into the trainer's environment alone."""

    record: RunRecord
    texts: Mapping[str, str]
    secrets: Mapping[str, str]


class RunPlanner:
    """Plans runs of one version, at one moment."""

    def __init__(
        self, project: Project, version: Version, reached: Reached, environment: Mapping[str, str], now: float
    ) -> None:
        self.project = project
        self.version = version
        self._reached = reached
        self._environment = environment
        self._now = now
        self._commit = commit_of(project.path)

    def cache(
        self,
        stage: Stage,
        build: Callable[..., list[str]],
        *,
        follows: str | None,
        items: int | None,
        skip_existing: bool,
    ) -> Planned:
        """A caching run over `items` items."""
        run_id = self._id(stage)
        files = run_files(self.version)
        dataset = self._config(run_id, "dataset.toml")
        argv = build(self._reached.trainer, self.version, dataset, skip_existing=skip_existing)
        record = self._record(run_id, stage, argv, files, follows=follows, max_batches=items)
        return Planned(record, files.texts, files.secrets)

    def train(self, options: StartOptions, *, follows: str | None) -> tuple[Planned, list[str]]:
        """The training run, and what the user should know of it."""
        stage = Stage.SMOKE if options.smoke else Stage.TRAIN
        run_id, notes = self._id(stage), self._notes(options)
        point = None if options.resume is None or options.smoke else self._resume_point(options.resume, notes)
        dropped = _NOT_IN_A_SMOKE_RUN if options.smoke else frozenset()
        total = SMOKE_STEPS if options.smoke else self._total(point)
        name = self.version.text("output_name")
        if name is None:
            raise Refused(f"configs/{self.version.name}/config.toml: output_name is not set; the last save would fail.")
        if "/" in name:
            # The trainer would write into that folder, where other names are in the way than those looked for.
            raise Refused(f"{self.version.where('output_name')}: has a / in it; name the folder in output_dir.")
        output_dir = self._output_dir(run_id, smoke=options.smoke)
        overrides: dict[str, str | int] = {"dataset_config": str(self._config(run_id, "dataset.toml"))}
        if self.version.prompts_path is not None and not options.smoke:
            overrides["sample_prompts"] = str(self._config(run_id, prompts_name(self.version)))
        if options.smoke:
            overrides |= {"max_train_steps": SMOKE_STEPS, "output_dir": str(output_dir)}
        offset = 0
        if point is not None:
            assert total is not None
            offset, dropped = point.step, frozenset({"max_train_epochs"})
            notes += self._resume_notes(point, total)
            name = resumed_name(output_dir, name, offset, self._names_in_use())
            overrides |= {"resume": str(point.state.path), "output_name": name, "max_train_steps": total - offset}
        overrides |= self._logging(run_id, smoke=options.smoke)
        files = run_files(self.version, dropped)
        config = self._config(run_id, files.trainer_config)
        argv = command.train(
            self._reached.trainer, self.version, config, overrides, processes=max(1, len(options.gpus))
        )
        record = self._record(
            run_id,
            stage,
            argv,
            files,
            gpus=options.gpus,
            follows=follows,
            step_offset=offset,
            total_steps=total,
            resumed_from=str(point.state.path) if point else None,
            resumes_run=point.run.id if point and point.run else None,
            output_dir=str(output_dir),
            output_name=name,
            logging_dir=str(self._run(run_id) / "tensorboard") if "logging_dir" in overrides else None,
            saves=Saves() if options.smoke else self._saves(),
            autostop=options.autostop,
            max_hours=options.max_hours,
            max_cost=options.max_cost,
        )
        return Planned(record, files.texts, files.secrets), notes

    def _resume_point(self, wanted: str, notes: list[str]) -> ResumePoint:
        name = self.version.text("output_name") or ""
        found = points(self._output_dir("", smoke=False), name, self._records())
        if wanted != "newest":
            wanted = wanted.rstrip("/")
            found = [point for point in found if _is_meant(wanted, point.state.path)]
            if not found:
                raise Refused(f"{self.version.name} has no state {plain(wanted)}: give a folder's name in output_dir.")
        before = len(notes)
        for point in found:
            if point.state.complete:
                return point
            notes.append(f"{point.state.path.name} is passed over: {point.state.why}.")
        if wanted != "newest":
            raise Refused(f"{plain(wanted)} cannot be resumed from: {found[0].state.why}.")
        incomplete = f" {' '.join(notes[before:][:3])}" if found else ""
        raise Refused(
            f"{self.version.name} has no complete state to resume from.{incomplete} A new version, or another "
            "output_name, begins anew."
        )

    def _resume_notes(self, point: ResumePoint, total: int) -> list[str]:
        before = None
        if point.run is not None:
            try:
                before = flattened(read(self._config(point.run.id, "config.toml")))
            except FptuiError:
                before = None
        rank = None if before is None else setting(before, "network_dim")
        if rank is not None and rank != setting(self.version.config, "network_dim"):
            raise Refused(
                f"{self.version.where('network_dim')}: the state was trained with {rank}; put it back, or start a new "
                "version."
            )
        return [
            f"resumes from {point.state.path.name}, step {point.step}; {total - point.step} steps remain",
            *caveats(self.version.config, before, point, total - point.step),
        ]

    def _total(self, point: ResumePoint | None) -> int | None:
        """The true step at which training is finished; with epochs the trainer knows it only once it runs."""
        by_epochs = self.version.number("max_train_epochs") is not None
        if by_epochs:
            total = point.run.total_steps if point and point.run else None
        else:
            total = self.version.number("max_train_steps") or 1600  # the trainer's default
        if point is None:
            return total
        if total is None:
            raise Refused(f"{self.version.where('max_train_epochs')}: say max_train_steps instead, to resume.")
        if total <= point.step:
            raise Refused(
                f"{self.version.where('max_train_steps')}: {point.step} of {total} steps are done. Raise it, or start "
                "a new version."
            )
        return total

    def _logging(self, run_id: str, *, smoke: bool) -> dict[str, str | int]:
        """TensorBoard in the run's folder, beside wandb where the config wants that, but not for five steps."""
        if "tensorboard" not in self._reached.packages:
            return {}
        wanted = not smoke and self.version.text("log_with") in ("wandb", "all")
        with_wandb = wanted and "wandb" in self._reached.packages
        return {
            "logging_dir": str(self._run(run_id) / "tensorboard"),
            "log_with": "all" if with_wandb else "tensorboard",
        }

    def _notes(self, options: StartOptions) -> list[str]:
        notes = []
        if "tensorboard" not in self._reached.packages:
            notes.append(
                "tensorboard is not installed beside musubi-tuner: only the average loss out of the log will be shown."
            )
        if self._without_hf_transfer():
            notes.append("HF_HUB_ENABLE_HF_TRANSFER is set without hf_transfer beside musubi-tuner, and every upload "
                         "would fail: it is switched off for this run.")  # fmt: skip
        if self.version.text("resume") and options.resume is None and not options.smoke:
            notes.append(f"{self.version.where('resume')}: the training goes on from that state, but the trainer "
                         "counts its steps from 0. Use --resume instead, which keeps the count.")  # fmt: skip
        return notes

    def _without_hf_transfer(self) -> bool:
        """huggingface_hub raises at the first transfer then (utils/_http.py); RunPod's images set the variable."""
        asked = self._environment.get("HF_HUB_ENABLE_HF_TRANSFER", "").upper() in ("1", "ON", "YES", "TRUE")
        musubi = self.project.settings.trainer == "musubi"
        return asked and musubi and "hf_transfer" not in self._reached.packages

    def _saves(self) -> Saves:
        config = self.version
        return Saves(
            every_n_steps=config.number("save_every_n_steps"),
            every_n_epochs=config.number("save_every_n_epochs"),
            state=bool(config.config.get("save_state")),
            uploads=config.text("huggingface_repo_id") is not None,
        )

    def _record(self, run_id: str, stage: Stage, argv: list[str], files: RunFiles, **more: object) -> RunRecord:
        environment = {"HF_HUB_ENABLE_HF_TRANSFER": "0"} if self._without_hf_transfer() else {}
        gpus = more.get("gpus")
        if isinstance(gpus, tuple) and gpus:
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, gpus))
        passed = trainer_environment(self._environment) | dict(files.secrets)
        return RunRecord(
            id=run_id,
            version=self.version.name,
            stage=stage,
            trainer=self.project.settings.trainer,
            argv=tuple(argv),
            cwd=str(self.project.path),
            created_at=self._now,
            environment=environment,
            secret_names=secret_names(passed),
            host=socket.gethostname(),
            pod_id=self._environment.get("RUNPOD_POD_ID"),
            git_commit=self._commit,
            **more,  # type: ignore[arg-type]
        )

    def _id(self, stage: Stage) -> str:
        base = f"{self.version.name}-{stage.value}-{time.strftime('%Y%m%d-%H%M%S', time.localtime(self._now))}"
        run_id, number = base, 1
        while self._run(run_id).exists():
            number += 1
            run_id = f"{base}-{number}"
        return run_id

    def _output_dir(self, run_id: str, *, smoke: bool) -> Path:
        if smoke:
            return self._run(run_id) / "output"
        value = self.version.text("output_dir")
        if value is None:
            raise Refused(f"configs/{self.version.name}/config.toml: output_dir is not set; the first save would fail.")
        folder = self.project.path / value
        if folder.exists() and not folder.is_dir():
            raise Refused(f"{self.version.where('output_dir')}: {plain(str(folder))} is no folder.")
        return folder

    def _names_in_use(self) -> frozenset[str]:
        return frozenset(record.output_name for record in self._records() if record.output_name)

    def _records(self) -> list[RunRecord]:
        found = (read_run(folder.record) for folder in self.project.run_folders())
        return [record for record in found if record is not None and record.stage is Stage.TRAIN]

    def _config(self, run_id: str, name: str) -> Path:
        return RunFolder(self._run(run_id)).config / name

    def _run(self, run_id: str) -> Path:
        return self.project.runs / run_id


def _is_meant(wanted: str, state: Path) -> bool:
    return same_folder(wanted, state) if "/" in wanted else wanted == state.name
