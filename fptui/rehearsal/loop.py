"""The training loop: micro-batches, steps, epochs, and what is said, sampled, saved and logged on the way."""

import argparse
import random
import sys
import time

import numpy as np
from tqdm import tqdm

from fptui.rehearsal import checks, switches, tensors, trouble
from fptui.rehearsal.arrays import FLOAT, Array
from fptui.rehearsal.buckets import Batches, Cached
from fptui.rehearsal.console import CACHE, TRAINER, say
from fptui.rehearsal.events import Tracker
from fptui.rehearsal.network import Network, global_features, places, token_features
from fptui.rehearsal.optimizer import AdamW, Schedule
from fptui.rehearsal.sampling import Sampler, should_sample, text_condition
from fptui.rehearsal.saving import Saver

_TOKENS = 4096
"""Of large pictures a random part of the patches is trained on in each step, so that a step stays short on a CPU."""


class Average:
    """The mean over the last epoch's worth of micro-batches; during the first epoch over all of it so far."""

    def __init__(self) -> None:
        self._losses: list[float] = []
        self._total = 0.0

    def add(self, place: int, loss: float) -> None:
        """`place` is the micro-batch's number within its epoch."""
        if place < len(self._losses):
            self._total -= self._losses[place]
            self._losses[place] = loss
        else:
            self._losses.append(loss)
        self._total += loss

    @property
    def value(self) -> float:
        """After at least one `add`."""
        return self._total / len(self._losses)


def load_batch(items: list[Cached]) -> tuple[Array, Array, Array]:
    """Latents (batch, 16, height, width), controls (batch, controls, 16, …), text (batch, 8) out of the caches."""
    latents, controls, texts = [], [], []
    for item in items:
        cached = {**tensors.read(item.latents), **tensors.read(item.text)}

        def named(start: str, cached: dict[str, Array] = cached) -> Array:
            return next(values for key, values in cached.items() if key.startswith(start)).astype(FLOAT)

        latents.append(named("latents_1x")[:, 0])
        controls.append(named("latents_clean_").transpose(1, 0, 2, 3))
        texts.append(text_condition(named("clip_l_pooler_")))
    if len({values.shape for values in latents}) > 1:
        raise RuntimeError(f"stack expects each tensor to be equal size, but got {[list(v.shape) for v in latents]}")
    return np.stack(latents), np.stack(controls), np.stack(texts)


class Loop:
    """Holds what the steps share."""

    def __init__(
        self,
        *,
        options: argparse.Namespace,
        network: Network,
        optimizer: AdamW,
        schedule: Schedule,
        sampler: Sampler,
        saver: Saver,
        tracker: Tracker | None,
        numbers: np.random.Generator,
    ) -> None:
        self._options, self._network, self._optimizer, self._schedule = options, network, optimizer, schedule
        self._sampler, self._saver, self._tracker, self._numbers = sampler, saver, tracker, numbers
        self._step = 0
        self._average = Average()
        self._gradients: dict[str, Array] = {}
        self._step_began = time.monotonic()

    def _times(self, count: int) -> Array:
        """Where between picture (0) and noise (1) to train: `timestep_sampling`; its rarer ways as `sigmoid`."""
        options = self._options
        if options.timestep_sampling in ("uniform", "sigma"):
            return self._numbers.random(count).astype(FLOAT)
        times = 1 / (1 + np.exp(-options.sigmoid_scale * self._numbers.standard_normal(count)))
        if options.timestep_sampling == "shift":
            shift = options.discrete_flow_shift
            times = times * shift / (1 + (shift - 1) * times)
        result: Array = times.astype(FLOAT)
        return result

    def _loss(self, items: list[Cached]) -> float:
        """Forward and backward of one micro-batch; its gradients are added up."""
        latents, controls, text = load_batch(items)
        count, channels = latents.shape[:2]
        controls = places(controls)
        t = self._times(count)
        whole = global_features(controls, text, t)
        flat = latents.reshape(count, channels, -1)
        flat_controls = controls.reshape(count, controls.shape[1], channels, -1)
        kept = max(64, _TOKENS // count)
        if flat.shape[2] > kept:
            chosen = self._numbers.permutation(flat.shape[2])[:kept]
            flat, flat_controls = flat[..., chosen], flat_controls[..., chosen]
        noise = self._numbers.standard_normal(flat.shape).astype(FLOAT)
        share = t[:, None, None]
        noisy = (1 - share) * flat + share * noise
        error = self._network.velocity(noisy, token_features(noisy, flat_controls), whole, t) - (noise - flat)
        part = 1 / self._options.gradient_accumulation_steps
        for name, gradient in self._network.gradients(error * FLOAT(2 * part / error.size)).items():
            self._gradients[name] = self._gradients[name] + gradient if name in self._gradients else gradient
        return float(np.mean(error**2))

    def _update(self) -> None:
        limit = self._options.max_grad_norm
        if limit:
            norm = float(np.sqrt(sum(float((gradient**2).sum()) for gradient in self._gradients.values())))
            if norm > limit:
                self._gradients = {
                    name: gradient * (limit / (norm + 1e-6)) for name, gradient in self._gradients.items()
                }
        self._optimizer.step(self._network.weights, self._gradients)
        self._schedule.step()
        self._optimizer.rate = self._schedule.rate
        self._gradients = {}

    def _pace(self) -> None:
        rest = switches.seconds("STEP_SECONDS") - (time.monotonic() - self._step_began)
        if rest > 0:
            time.sleep(rest)

    def _finish_step(self, bar: "tqdm[int]", epoch: int) -> None:
        options = self._options
        self._update()
        self._pace()
        if self._step == 0:
            bar.reset()
        bar.update(1)
        self._step += 1
        if should_sample(options, self._step, None):
            self._sampler.sample(self._network, None, self._step)
        if options.save_every_n_steps is not None and self._step % options.save_every_n_steps == 0:
            self._saver.at_step(self._step, epoch)

    def _log(self, values: dict[str, float], step: int) -> None:
        if self._tracker is not None:
            self._tracker.log(values, step)

    def _epoch(self, bar: "tqdm[int]", epoch: int, order: list[tuple[Batches, int]]) -> None:
        options = self._options
        for place, (batches, number) in enumerate(order):
            if not self._gradients:
                self._step_began = time.monotonic()
                trouble.strike(self._network, self._step + 1)
            items = batches.batch(number)
            checks.check_batch(options, len(items))
            loss = self._loss(items)
            self._saver.batches_in_epoch = (place + 1) % len(order)
            if (place + 1) % options.gradient_accumulation_steps == 0 or place + 1 == len(order):
                self._finish_step(bar, epoch)
            self._average.add(place, loss)
            bar.set_postfix(avr_loss=self._average.value)
            values = {"loss/current": loss, "loss/average": self._average.value, "lr/unet": self._optimizer.rate}
            self._log(values, self._step)
            if self._step >= options.max_train_steps:
                break

    def _begin_epoch(self, epoch: int, epochs: int, batches: list[Batches], seed: int, workers: int) -> None:
        print(f"\nepoch {epoch + 1}/{epochs}")
        persistent = self._options.persistent_data_loader_workers or workers == 0
        if workers and (epoch == 0 or not persistent):
            sys.stdout.flush()  # as starting the loading processes does
        for part in batches:
            for _ in range(min(max(workers, 1), len(part.order))):
                before = epoch if persistent else 0
                say(CACHE, f"epoch is incremented. current_epoch: {before}, epoch: {epoch + 1}")
            part.shuffle(random.Random(seed + epoch + 1))

    def run(self, batches: list[Batches], epochs: int, shuffle_seed: int, workers: int) -> None:
        """From the bar's first appearance to the last file."""
        options = self._options
        bar = tqdm(range(options.max_train_steps), smoothing=0, desc="steps")
        names = {None: "float32", "float": "float32", "fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}
        asked = options.save_precision
        why = "default" if asked is None else f"--save_precision {asked}"
        say(TRAINER, f"network weights will be saved as torch.{names[asked]} ({why})")
        if should_sample(options, 0, 0):
            self._sampler.sample(self._network, 0, 0)
        say(TRAINER, "DiT dtype: torch.bfloat16, device: cpu")
        for epoch in range(epochs):
            self._begin_epoch(epoch, epochs, batches, shuffle_seed, workers)
            order = [(part, number) for part in batches for number in range(len(part.order))]
            self._epoch(bar, epoch, [order[place] for place in self._numbers.permutation(len(order))])
            self._log({"loss/epoch": self._average.value}, epoch + 1)
            every = options.save_every_n_epochs
            if every is not None and (epoch + 1) % every == 0 and epoch + 1 < epochs:
                self._saver.at_epoch(epoch + 1, self._step)
            self._sampler.sample(self._network, epoch + 1, self._step)
        if self._tracker is not None:
            self._tracker.close()
        self._saver.at_end(self._step, epochs)
