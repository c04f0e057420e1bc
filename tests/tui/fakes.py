"""Stand-ins for the watch and the actions, and views of runs in every state."""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fptui.check.check import Report
from fptui.check.problem import Place
from fptui.core.autostop import Autostop
from fptui.core.cost import Money
from fptui.core.facts import LogError, LogFacts, Phase, Saved
from fptui.core.gpu import GpuReading, GpuReport
from fptui.core.run import ExitRecord, RunRecord, Saves
from fptui.core.status import Stage, Status
from fptui.core.view import ProjectView, RunRow, RunView
from fptui.errors import FptuiError

NOW = 1_800_000_000.0
GIB = 2**30


class Points:
    """A curve held in two lists."""

    def __init__(self, xs: Sequence[float], ys: Sequence[float]) -> None:
        self.xs, self.ys = list(xs), list(ys)

    def __len__(self) -> int:
        return len(self.xs)

    def x(self, index: int) -> float:
        return self.xs[index]

    def y(self, index: int) -> float:
        return self.ys[index]

    def index_of(self, x: float) -> int:
        return bisect_left(self.xs, x)

    def minmax(self, low: int, high: int) -> tuple[float, float]:
        known = [value for value in self.ys[low:high] if not math.isnan(value)]
        return (min(known), max(known)) if known else (math.nan, math.nan)


def loss_at(step: int) -> float:
    """A falling, noisy loss."""
    return 0.02 + 0.11 * math.exp(-step / 70) + 0.018 * math.sin(step * 12.9898) * math.cos(step * 4.1)


def curves(steps: int, total: int) -> tuple[Points, Points, Points]:
    """Raw, average and learning rate up to `steps`."""
    xs = list(range(1, steps + 1))
    raw = [abs(loss_at(x)) + 0.003 for x in xs]
    average, mean = [], None
    for value in raw:
        mean = value if mean is None else 0.94 * mean + 0.06 * value
        average.append(mean)
    rate = [1.4e-3 * min(1, x / 20) * 0.5 * (1 + math.cos(math.pi * x / total)) for x in xs]
    return Points(xs, raw), Points(xs, average), Points(xs, rate)


class FakeReader:
    """As `RunWatch`."""

    def __init__(self, steps: int = 0, total: int = 500, log: Sequence[str] = ()) -> None:
        self.loss, self.average, self.learning_rate = curves(steps, total)
        self.log = list(log)

    def log_tail(self, n: int) -> Sequence[str]:
        return self.log[-n:]


class FakeWatch:
    """As `ProjectWatch`: gives `view`, with the selected row's view out of `runs`."""

    def __init__(
        self, runs: Sequence[RunView] = (), gpus: GpuReport | None = None,
        readers: Mapping[str, FakeReader] | None = None, versions: tuple[str, ...] = ("v8", "v7", "v1"),
    ) -> None:  # fmt: skip
        self.runs = list(runs)
        self.gpus = gpus if gpus is not None else GpuReport((h100(),))
        self.readers = dict(readers or {})
        self.versions = versions
        self.problems: tuple[str, ...] = ()
        self.error: Exception | None = None
        self.polls = 0
        self.autostop: Autostop | None = None
        self.money: Money | None = None
        self.past: dict[int, list[tuple[float, int | None]]] = {}
        self.run_watch: FakeReader | None = None

    def utilisation(self, gpu: int, since: float) -> list[tuple[float, int | None]]:
        return [each for each in self.past.get(gpu, []) if each[0] >= since]

    def poll(self, now: float, selected: str | None) -> ProjectView:
        self.polls += 1
        if self.error is not None:
            raise self.error
        chosen = next((run for run in self.runs if run.row.record.id == selected), self.runs[0] if self.runs else None)
        self.run_watch = self.readers.get(chosen.row.record.id, FakeReader()) if chosen is not None else None
        rows = tuple(run.row for run in self.runs)
        return ProjectView(
            now, "my-framepack-project", rows, self.versions, chosen, self.gpus, self.problems, self.autostop,
            self.money,
        )  # fmt: skip


@dataclass
class FakePlan:
    records: tuple[RunRecord, ...]
    notes: tuple[str, ...] = ()


@dataclass
class FakeConsequence:
    possible: bool
    sentence: str


class FakeActions:
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.error: Exception | None = None
        self.save_possible = True
        self.reports: dict[str, Report] = {}

    def _say(self, *what: object) -> None:
        self.asked.append(what)
        if self.error is not None:
            raise self.error

    def plan(self, version: str | None, *, smoke: bool = False, resume: str | None = None) -> FakePlan:
        self._say("plan", version, smoke, resume)
        stage = Stage.SMOKE if smoke else Stage.TRAIN
        train = replace(record(version or "v8", stage), total_steps=5 if smoke else 500)
        if resume:
            return FakePlan(
                (replace(train, step_offset=400, resumed_from="s"),), ("Resumes from the state of step 400.",)
            )
        cache = replace(record(version or "v8", Stage.CACHE_LATENTS), max_batches=48)
        return FakePlan((cache, train), ("Checkpoints go to configs/v8/output.",))

    def launch(self, plan: object) -> tuple[RunRecord, ...]:
        assert isinstance(plan, FakePlan)
        self._say("launch", plan.records[-1].stage.value, plan.records[-1].version)
        return plan.records

    def check(self, version: str) -> Report:
        self._say("check", version)
        return self.reports.get(version, Report(version, ()))

    def editor_command(self, place: Place) -> list[str]:
        self._say("edit", place)
        return ["true"]

    def stop_consequence(self, run_id: str, mode: str) -> FakeConsequence:
        self._say("consequence", run_id, mode)
        if mode == "at-save":
            if not self.save_possible:
                return FakeConsequence(False, "No save will come before the end.")
            return FakeConsequence(True, "Stops after the save at step 500, in 42 min; nothing is lost.")
        return FakeConsequence(True, "Loses 12 steps since the last save at 400.")

    def request_stop(self, run_id: str, mode: str) -> None:
        self._say("stop", run_id, mode)

    def autostop(self, do: str, seconds: float = 0.0) -> None:
        self._say("autostop", do, seconds)

    def attach_command(self, run_id: str) -> tuple[list[str], Mapping[str, str]]:
        self._say("attach", run_id)
        return ["true"], {}


def refusing(text: str = "v8 is running already; stop it first.") -> FakeActions:
    actions = FakeActions()
    actions.error = FptuiError(text)
    return actions


def h100(index: int = 0, **changes: object) -> GpuReading:
    """A busy one."""
    reading = GpuReading(
        index, f"GPU-{index}", "NVIDIA H100 80GB HBM3", NOW, utilisation=98, memory_used=int(73.4 * GIB),
        memory_total=int(79.6 * GIB), memory_peak=int(76.1 * GIB), power_watts=612.3, power_limit_watts=700.0,
        temperature=64, sm_clock=1755, memory_clock=2619, throttle_reasons=(), processes=None,
    )  # fmt: skip
    return replace(reading, **changes)  # type: ignore[arg-type]


def record(version: str = "v8", stage: Stage = Stage.TRAIN, trainer: str = "musubi") -> RunRecord:
    return RunRecord(
        f"{version}-{stage.value}-20261122-103000", version, stage, trainer, ("accelerate", "launch"), "/p", NOW - 9000,
        total_steps=500, saves=Saves(every_n_steps=100, state=True), output_name=f"lora-{version}",
    )  # fmt: skip


def row(status: Status, of: RunRecord | None = None, **changes: object) -> RunRow:
    ended = None if status.is_active else NOW - 600
    item = RunRow(
        of or record(), status, 412, 500, NOW - 9000, ended, None if ended is None else 1, 0.0254, 28.7, None,
    )  # fmt: skip
    return replace(item, **changes)  # type: ignore[arg-type]


def run(status: Status = Status.TRAINING, of: RunRecord | None = None, **changes: object) -> RunView:
    """A run at step 412 of 500; `row_…` changes its row, the rest the view."""
    row_changes = {key[4:]: changes.pop(key) for key in list(changes) if key.startswith("row_")}
    saves = tuple(Saved(step, f"output/lora-{step:08d}.safetensors") for step in (100, 200, 300, 400))
    view = RunView(
        row(status, of, **row_changes),
        LogFacts(program="fpack_train_network", phase=Phase.TRAINING, step=412, total_steps=500, epoch=3, epochs=30,
                 batch_size=(16,), checkpoints=saves, states=saves),
        3, 30, 0.0231, 0.0254, 1.4e-3, 28.7, 2526.0, 500, 2526.0, Saved(400, "output/lora-00000400-state"), 12,
        "tensorboard",
    )  # fmt: skip
    return replace(view, **changes)  # type: ignore[arg-type]


LOG = (
    "INFO:musubi_tuner.hv_train_network:Load dataset config from configs/v8/dataset.toml",
    "INFO:musubi_tuner.dataset.image_video_dataset:total batches: 135",
    "running training / 学習開始",
    "  num train items / 学習画像、動画数: 2160",
    "  num epochs / epoch数: 30",
    "INFO:musubi_tuner.hv_train_network:saving checkpoint: output/lora-v8-step00000400.safetensors",
    "steps:  82%|" + "█" * 82 + " " * 18 + "| 412/500 [3:16:51<42:02, 28.67s/it, avr_loss=0.0254]",
)

OUT_OF_MEMORY = LogError(
    "out-of-memory", "CUDA out of memory. Tried to allocate 9.28 GiB.", int(9.28 * GIB), int(1.37 * GIB),
    int(139.8 * GIB),
)  # fmt: skip


def busy_watch(first: RunView | None = None) -> FakeWatch:
    """Training, with some history of runs."""
    first = first or run()
    older = [
        run(Status.FINISHED, record("v7"), row_step=500, row_exit_code=0, eta_seconds=None),
        run(Status.OUT_OF_MEMORY, record("v6"), row_step=3),
        run(Status.FINISHED, record("v6", Stage.CACHE_TEXT), row_step=None, row_loss=None, row_seconds_per_step=None),
        run(Status.STOPPED, record("v1", trainer="rehearsal"), row_step=120),
    ]
    readers = {first.row.record.id: FakeReader(412, 500, LOG), older[0].row.record.id: FakeReader(500, 500, LOG[-3:])}
    return FakeWatch([first, *older], readers=readers)


def ended(status: Status, **exit_changes: object) -> ExitRecord:
    exit_record = ExitRecord(status, 1, None, NOW - 9000, NOW - 600, step=412, total_steps=500)
    return replace(exit_record, **exit_changes)  # type: ignore[arg-type]
