"""Checkpoints and states: names, order of writing, and which old ones go.

A state holds what a resume needs under the real names: `model.safetensors` (real), `optimizer.bin` (an .npz inside),
`scheduler.bin` and `random_states_0.pkl` (JSON inside).
"""

import argparse
import io
import json
import shutil
from pathlib import Path

import numpy as np

from fptui.rehearsal import tensors
from fptui.rehearsal.arrays import Array
from fptui.rehearsal.console import ACCELERATOR, CHECKPOINTING, TRAIN_UTILS, TRAINER, say
from fptui.rehearsal.metadata import Metadata
from fptui.rehearsal.network import Network
from fptui.rehearsal.optimizer import AdamW, Schedule


def step_name(name: str, step: int) -> str:
    """Without the ending, which is `.safetensors` or `-state`."""
    return f"{name}-step{step:08d}"


def epoch_name(name: str, epoch: int) -> str:
    """Without the ending."""
    return f"{name}-{epoch:06d}"


class Saver:
    """Writes everything that outlives the process, in place and over what is there."""

    def __init__(
        self,
        options: argparse.Namespace,
        network: Network,
        optimizer: AdamW,
        schedule: Schedule,
        random: np.random.Generator,
    ) -> None:
        self._options, self._network, self._optimizer, self._schedule = options, network, optimizer, schedule
        self._random = random
        self.metadata: Metadata | None = None
        self.batches_in_epoch = 0

    def _folder(self) -> str:
        folder: str = self._options.output_dir
        Path(folder).mkdir(parents=True, exist_ok=True)
        return folder.rstrip("/") or "/"

    def checkpoint(self, name: str, steps: int, epoch: int) -> None:
        """A LoRA file. The record comes before the write."""
        path = f"{self._folder()}/{name}"
        print(f"\nsaving checkpoint: {path}")
        precision = self._options.save_precision
        weights: dict[str, Array] = {**self._network.weights, **self._network.alphas()}
        if precision == "fp16":
            weights = {key: values.astype(np.float16) for key, values in weights.items()}
        assert self.metadata is not None
        metadata = self.metadata.saved(steps, epoch, tensors.digest(weights))
        tensors.write_slowly(Path(path), tensors.packed(weights, metadata, bfloat16=precision == "bf16"))

    def remove_checkpoint(self, name: str) -> None:
        """Only when it is there."""
        path = f"{self._folder()}/{name}"
        if Path(path).exists():
            print(f"removing old checkpoint: {path}")
            Path(path).unlink()

    def state(self, name: str, what: str) -> None:
        """A folder to resume from; `what` is said first."""
        say(TRAIN_UTILS, "")
        say(TRAIN_UTILS, what)
        folder = f"{self._folder()}/{name}-state"
        say(ACCELERATOR, f"Saving current state to {folder}")
        Path(folder).mkdir(parents=True, exist_ok=True)
        weights = {**self._network.weights, **self._network.alphas()}
        tensors.write_slowly(Path(folder, "model.safetensors"), tensors.packed(weights, {"format": "pt"}))
        say(CHECKPOINTING, f"Model weights saved in {folder}/model.safetensors")
        moments = io.BytesIO()
        pairs = {
            f"{kind}:{key}": v for kind in ("first", "second") for key, v in getattr(self._optimizer, kind).items()
        }
        np.savez(moments, count=self._optimizer.count, rate=self._optimizer.rate, **pairs)
        Path(folder, "optimizer.bin").write_bytes(moments.getvalue())
        say(CHECKPOINTING, f"Optimizer state saved in {folder}/optimizer.bin")
        schedule = {"last_epoch": self._schedule.last_epoch, "base_lrs": [self._schedule.base]}
        Path(folder, "scheduler.bin").write_text(json.dumps(schedule))
        say(CHECKPOINTING, f"Scheduler state saved in {folder}/scheduler.bin")
        # Said by the real one as well, and not written by it either.
        say(CHECKPOINTING, f"Sampler state for dataloader 0 saved in {folder}/sampler.bin")
        numbers = {"step": self.batches_in_epoch, "numpy": self._random.bit_generator.state}
        Path(folder, "random_states_0.pkl").write_text(json.dumps(numbers))
        say(CHECKPOINTING, f"Random states saved in {folder}/random_states_0.pkl")

    def _remove_state(self, name: str) -> None:
        folder = f"{self._folder()}/{name}-state"
        if Path(folder).exists():
            say(TRAIN_UTILS, f"removing old state: {folder}")
            shutil.rmtree(folder)

    def at_step(self, step: int, epoch: int) -> None:
        """Checkpoint, state, and then what is too old: only the exact names that the settings compute."""
        options, name = self._options, self._options.output_name
        self.checkpoint(f"{step_name(name, step)}.safetensors", step, epoch)

        def old(last: int | None) -> int | None:
            if last is None:
                return None
            number = step - last - 1
            return int(number - number % options.save_every_n_steps)

        if options.save_state:
            self.state(step_name(name, step), f"saving state at step {step}")
            gone = old(options.save_last_n_steps_state or options.save_last_n_steps)
            if gone is not None and gone > 0:
                self._remove_state(step_name(name, gone))
        gone = old(options.save_last_n_steps)
        if gone is not None and gone >= 0:
            self.remove_checkpoint(f"{step_name(name, gone)}.safetensors")

    def at_epoch(self, epoch: int, steps: int) -> None:
        """As `at_step`, but here the old checkpoint goes before the state is written."""
        options, name = self._options, self._options.output_name
        self.checkpoint(f"{epoch_name(name, epoch)}.safetensors", steps, epoch)
        if options.save_last_n_epochs is not None:
            gone = epoch - options.save_every_n_epochs * options.save_last_n_epochs
            if gone >= 0:
                self.remove_checkpoint(f"{epoch_name(name, gone)}.safetensors")
        if options.save_state:
            self.state(epoch_name(name, epoch), f"saving state at epoch {epoch}")
            last = options.save_last_n_epochs_state or options.save_last_n_epochs
            if last is not None:
                self._remove_state(epoch_name(name, epoch - options.save_every_n_epochs * last))

    def at_end(self, steps: int, epochs: int) -> None:
        """The last state, then the LoRA itself. Raises TypeError without an output name, after all the work."""
        options = self._options
        if options.save_state or options.save_state_on_train_end:
            self.state(str(options.output_name), "saving last state.")
        self.checkpoint(options.output_name + ".safetensors", steps, epochs)
        say(TRAINER, "model saved.")

    def load(self, folder: str) -> None:
        """Takes everything from a state, learning rate included. Raises ValueError, RuntimeError, FileNotFoundError."""
        say(TRAINER, f"resume training from local state: {folder}")
        place = Path(folder).expanduser()
        if not place.is_dir():
            raise ValueError(f"Tried to find {folder} but folder does not exist")
        say(ACCELERATOR, f"Loading states from {folder}")
        load_weights(self._network, place / "model.safetensors")
        say(CHECKPOINTING, "All model weights loaded successfully")
        with np.load(place / "optimizer.bin") as moments:
            self._optimizer.count, self._optimizer.rate = int(moments["count"]), float(moments["rate"])
            for key in moments.files:
                kind, _, name = key.partition(":")
                if name:
                    getattr(self._optimizer, kind)[name] = moments[key]
        say(CHECKPOINTING, "All optimizer states loaded successfully")
        schedule = json.loads((place / "scheduler.bin").read_text())
        self._schedule.last_epoch, self._schedule.base = schedule["last_epoch"], schedule["base_lrs"][0]
        say(CHECKPOINTING, "All scheduler states loaded successfully")
        say(CHECKPOINTING, "All dataloader sampler states loaded successfully")
        try:
            self._random.bit_generator.state = json.loads((place / "random_states_0.pkl").read_text())["numpy"]
            say(CHECKPOINTING, "All random states loaded successfully")
        except Exception:
            say(CHECKPOINTING, "Could not load random states")
        say(ACCELERATOR, "Loading in 0 custom states")


def load_weights(network: Network, path: Path) -> None:
    """Puts the LoRA of a file into the network. Raises RuntimeError when its rank is another."""
    found = tensors.read(path)
    wrong = [
        f"size mismatch for {name}: copying a param with shape torch.Size({list(found[name].shape)}) from checkpoint, "
        f"the shape in current model is torch.Size({list(values.shape)})."
        for name, values in network.weights.items()
        if name in found and found[name].shape != values.shape
    ]
    if wrong:
        raise RuntimeError("Error(s) in loading state_dict for LoRANetwork:\n\t" + "\n\t".join(wrong))
    for name in network.weights:
        network.weights[name] = found[name].astype(np.float32)
