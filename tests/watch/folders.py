"""Run folders as the supervisor leaves them, made by hand."""

import struct
from pathlib import Path

from fptui.core.run import ExitRecord, Heartbeat, RunFolder, RunRecord, Saves, write_record
from fptui.core.status import Stage, Status
from tests.adapters.events import scalar, write

NOW = 1_795_346_000.0


def record(name: str = "v1-train", **changes: object) -> RunRecord:
    values: dict[str, object] = {
        "id": name,
        "version": "v1",
        "stage": Stage.TRAIN,
        "trainer": "musubi",
        "argv": ("x",),
        "cwd": "/nowhere",
        "created_at": NOW - 1000,
        "total_steps": 80,
        "saves": Saves(every_n_steps=20, state=True),
    }
    return RunRecord(**(values | changes))  # type: ignore[arg-type]


def heartbeat(status: Status = Status.TRAINING, **changes: object) -> Heartbeat:
    values: dict[str, object] = {
        "at": NOW, "pid": 1, "pid_started": 1, "boot_id": "b", "host": "h", "status": status, "started_at": NOW - 900
    }  # fmt: skip
    return Heartbeat(**(values | changes))  # type: ignore[arg-type]


def ended(status: Status = Status.FINISHED, code: int = 0, **changes: object) -> ExitRecord:
    values: dict[str, object] = {
        "status": status, "exit_code": code, "signal": None, "started_at": NOW - 900, "ended_at": NOW - 10
    }  # fmt: skip
    return ExitRecord(**(values | changes))  # type: ignore[arg-type]


def make(runs: Path, run: RunRecord, sign: Heartbeat | None = None, end: ExitRecord | None = None) -> RunFolder:
    folder = RunFolder(runs / run.id)
    folder.path.mkdir(parents=True, exist_ok=True)
    write_record(folder.record, run)
    if sign is not None:
        write_record(folder.heartbeat, sign)
    if end is not None:
        write_record(folder.exit, end)
    return folder


def log(folder: RunFolder, data: bytes, at: float | None = None) -> None:
    """More output, and when it came."""
    with folder.log.open("ab") as file:
        file.write(data)
        size = file.tell()
    if at is not None:
        with folder.times.open("ab") as file:
            file.write(struct.pack("<dQ", at, size))


def bar(step: int, total: int = 80, average: float = 1.0) -> bytes:
    return b"\rsteps:  40%%|##  | %d/%d [00:11<00:21,  9.99s/it, avr_loss=%.3g]" % (step, total, average)


def block(total: int, batches: int = 60, epochs: int = 2) -> bytes:
    text = (
        "running training / 学習開始\n"
        f"  num batches per epoch / 1epochのバッチ数: {batches}\n"
        f"  num epochs / epoch数: {epochs}\n"
        f"  total optimization steps / 学習ステップ数: {total}\n"
    )
    return text.encode()


def events(folder: RunFolder, steps: range, began: int = int(NOW) - 900) -> None:
    """Raw loss is 2 + step / 100, the average 1 + step / 100."""
    data = b"".join(
        scalar("loss/current", step, 2 + step / 100)
        + scalar("loss/average", step, 1 + step / 100)
        + scalar("lr/unet", step, 1e-4)
        for step in steps
    )
    write(folder.path / "tensorboard" / "20261122111312" / "network_train", data, began)


def state(path: Path) -> None:
    """A complete state folder."""
    path.mkdir(parents=True)
    header = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    (path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    for name in ("optimizer.bin", "scheduler.bin", "random_states_0.pkl"):
        (path / name).write_bytes(b"x")
