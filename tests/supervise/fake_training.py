"""Prints and saves as musubi-tuner does, as fast as asked. Executed by the tests, directly or below `fake_launcher.py`.

With `--last-words-seconds` it survives the first SIGINT for so long: writes the file `begun` at once and `marker` then.
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("output_dir", type=Path)
parser.add_argument("--steps", type=int, default=5)
parser.add_argument("--step-seconds", type=float, default=0.05)
parser.add_argument("--save-every", type=int, default=0)
parser.add_argument("--save-seconds", type=float, default=0.0)
parser.add_argument("--upload-seconds", type=float, default=0.0)
parser.add_argument("--last-words-seconds", type=float, default=0.0)
given = parser.parse_args()
out: Path = given.output_dir
out.mkdir(parents=True, exist_ok=True)


def log(message: str) -> None:
    sys.stderr.write(f"INFO:musubi_tuner.training.trainer_base:{message}\n")
    sys.stderr.flush()


def say(message: str) -> None:
    print(message, flush=True)


def bar(step: int, average_of: int) -> None:
    columns = os.get_terminal_size(2).columns
    after = f"| {step}/{given.steps} [00:{step:02}<00:01,  7.98it/s, avr_loss={0.5 / (average_of + 1):.3g}]"
    before = f"steps: {100 * step // given.steps:3}%|"
    cells = columns - len(before) - len(after)
    sys.stderr.write(f"\r{before}{('█' * (cells * step // given.steps)).ljust(cells)}{after}")
    sys.stderr.flush()


def write_slowly(path: Path, seconds: float) -> None:
    body = b"\0" * 4096
    header = json.dumps({"w": {"dtype": "F32", "shape": [1024], "data_offsets": [0, 4096]}}).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header + body[:1000])
        file.flush()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(0.02)
        file.write(body[1000:])


def save(name: str, step: int | None) -> None:
    say(f"\nsaving checkpoint: {out}/{name}.safetensors")
    write_slowly(out / f"{name}.safetensors", given.save_seconds / 2)
    log("")
    log(f"saving state at step {step}" if step else "saving last state.")
    state = out / f"{name}-state"
    log(f"Saving current state to {state}")
    state.mkdir(exist_ok=True)
    write_slowly(state / "model.safetensors", given.save_seconds / 2)
    log(f"Model weights saved in {state}/model.safetensors")
    for part in ("optimizer.bin", "scheduler.bin", "random_states_0.pkl"):
        (state / part).write_bytes(b"x" * 100)
    log(f"Random states saved in {state}/random_states_0.pkl")
    if given.upload_seconds:
        log("uploading state to huggingface.")
        time.sleep(given.upload_seconds)
        (out / f"{name}-uploaded").touch()


def go_on_after_interrupt(*_: object) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    (out / "begun").touch()
    until = time.monotonic() + given.last_words_seconds
    while time.monotonic() < until:
        time.sleep(0.02)
    (out / "marker").touch()
    raise KeyboardInterrupt


if given.last_words_seconds:
    signal.signal(signal.SIGINT, go_on_after_interrupt)

log("Load dataset config from dataset.toml")
say("running training / 学習開始")
say(f"  total optimization steps / 学習ステップ数: {given.steps}")
bar(0, 0)
say("\nepoch 1/1")
for step in range(1, given.steps + 1):
    time.sleep(given.step_seconds)
    bar(step, step - 1)
    if given.save_every and step % given.save_every == 0:
        save(f"fake-step{step:08}", step)
    bar(step, step)
(out / "trained").touch()
if given.save_every:
    save("fake", None)
log("model saved.")
