"""AdamW and the learning-rate schedules, with the state that a resume needs."""

import ast
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fptui.rehearsal.arrays import Array
from fptui.rehearsal.console import TRAINER, say

_TORCH = """
    Adadelta Adafactor Adagrad Adam Adamax AdamW ASGD LBFGS Muon NAdam RAdam RMSprop Rprop SGD SparseAdam
"""


class AdamW:
    """Updates weights in place. `rate` is the learning rate of the next step."""

    def __init__(self, rate: float, settings: dict[str, Any]) -> None:
        self.rate = rate
        self.decay = float(settings.get("weight_decay", 0.01))
        self.betas = tuple(settings.get("betas", (0.9, 0.999)))
        self.count = 0
        self.first: dict[str, Array] = {}
        self.second: dict[str, Array] = {}

    def step(self, weights: dict[str, Array], gradients: dict[str, Array]) -> None:
        """One update."""
        self.count += 1
        one, two = self.betas
        for name, gradient in gradients.items():
            self.first[name] = one * self.first.get(name, np.zeros_like(gradient)) + (1 - one) * gradient
            self.second[name] = two * self.second.get(name, np.zeros_like(gradient)) + (1 - two) * gradient**2
            mean = self.first[name] / (1 - one**self.count)
            spread = np.sqrt(self.second[name] / (1 - two**self.count)) + 1e-8
            weights[name] -= (self.rate * (mean / spread + self.decay * weights[name])).astype(np.float32)


def settings_of(options: Any) -> dict[str, Any]:
    """`optimizer_args` as a table."""
    pairs = (argument.split("=") for argument in options.optimizer_args or [])
    return {key: ast.literal_eval(value) for key, value in pairs}


def build(options: Any) -> tuple[AdamW, str]:
    """The optimizer, and its name for the metadata. Every known type trains with AdamW; the records name what was asked
    for. Raises AttributeError for a type that torch does not have."""
    asked: str = options.optimizer_type
    settings = settings_of(options)
    known = {"adamw": "AdamW", "adamw8bit": "8-bit AdamW", "adafactor": "Adafactor"}
    name = "torch.optim.adamw.AdamW"
    if asked.lower() in known:
        say(TRAINER, f"use {known[asked.lower()]} optimizer | {settings}")
        if asked.lower() == "adamw8bit":
            name = "bitsandbytes.optim.adamw.AdamW8bit"
    else:
        say(TRAINER, f"use {asked} | {settings}")
        if "." not in asked and asked not in _TORCH.split():
            raise AttributeError(f"module 'torch.optim' has no attribute '{asked}'")
    arguments = ",".join(f"{key}={value}" for key, value in settings.items())
    return AdamW(options.learning_rate, settings), name + (f"({arguments})" if arguments else "")


def _shares(name: str, warmup: int, total: int, cycles: int, power: float) -> Callable[[int], float]:
    """Share of the full learning rate after so many steps. Past the total a cosine climbs again, as the real one."""

    def decay(step: int) -> float:
        progress = (step - warmup) / max(1, total - warmup)
        if name == "cosine":
            return max(0.0, 0.5 * (1 + math.cos(math.pi * progress)))
        if name == "cosine_with_restarts":
            return 0.0 if progress >= 1 else max(0.0, 0.5 * (1 + math.cos(math.pi * (cycles * progress % 1.0))))
        if name == "linear":
            return max(0.0, (total - step) / max(1, total - warmup))
        if name == "polynomial":
            return float((1 - min(progress, 1.0)) ** power)
        return 1.0

    return lambda step: step / max(1, warmup) if step < warmup else decay(step)


class Schedule:
    """The learning rate over the steps. On a resume the base rate comes from the state, the shape from the config."""

    NAMES = ("constant", "constant_with_warmup", "cosine", "cosine_with_restarts", "linear", "polynomial")

    def __init__(self, options: Any, total: int) -> None:
        name = options.lr_scheduler
        warmup = options.lr_warmup_steps
        warmup = int(warmup * total) if isinstance(warmup, float) else warmup
        if name not in self.NAMES:
            raise ValueError(f"'{name}' is not a valid SchedulerType")
        if name == "constant" and warmup:
            raise ValueError(f"SchedulerType.{name.upper()} does not require `num_warmup_steps`. Set None or 0.")
        self._share = _shares(name, warmup, total, options.lr_scheduler_num_cycles, options.lr_scheduler_power)
        self.base: float = options.learning_rate
        self.last_epoch = 0

    @property
    def rate(self) -> float:
        """Of the next step."""
        return float(self.base * self._share(self.last_epoch))

    def step(self) -> None:
        """After every optimizer step."""
        self.last_epoch += 1
