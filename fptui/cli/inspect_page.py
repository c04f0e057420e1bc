"""What `fptui inspect` prints for people."""

from math import isfinite

from fptui.core.facts import LogFacts, Outcome, Phase, Saved
from fptui.core.musubi.log_reader import LogReader
from fptui.core.units import duration, gibibytes, step_time

_KEPT = 5
"""Of a long list the newest so many are shown."""

_OUTCOMES = {
    Outcome.RUNNING: "not ended as far as the log tells (it may have been killed: a log alone does not show it)",
    Outcome.FINISHED: "finished",
    Outcome.OUT_OF_MEMORY: "out of memory",
    Outcome.INTERRUPTED: "interrupted",
    Outcome.FAILED: "failed",
}


def page(reader: LogReader) -> list[str]:
    """The lines, what is unknown left out."""
    facts = reader.facts()
    program = facts.program or "no program of musubi-tuner's FramePack that is known here"
    lines = [f"program    {program}{' (rehearsal)' if facts.trainer == 'rehearsal' else ''}"]
    lines.append(f"outcome    {_OUTCOMES[facts.outcome]}")
    if facts.phase is not Phase.ENDED:
        lines.append(f"phase      {facts.phase.value}")
    if facts.error:
        lines.append(f"error      {facts.error.kind}: {facts.error.message}")
        if facts.error.tried_bytes is not None:
            sizes = facts.error
            lines.append(
                f"memory     tried to get {gibibytes(sizes.tried_bytes)} GiB"
                f" with {gibibytes(sizes.free_bytes)} of {gibibytes(sizes.total_bytes)} GiB free"
            )
    lines += _progress(reader, facts)
    lines += _data(facts)
    if facts.resumed_from:
        lines.append(f"resumed    from {_saved(facts.resumed_from)}")
    lines += _listed("checkpoint", [_saved(saved) for saved in facts.checkpoints])
    lines += _listed("state", [_saved(saved) for saved in facts.states])
    if facts.save_in_progress:
        lines.append(f"saving     {_saved(facts.save_in_progress)}: not proven complete")
    lines += _listed("sample", [_sample(sample.step, sample.seed, sample.prompt) for sample in facts.samples])
    lines += [f"warning    {item.count} x {item.kind}: {item.message}" for item in facts.warnings]
    if facts.wandb_url:
        lines.append(f"wandb      {facts.wandb_url}")
    return lines


def _progress(reader: LogReader, facts: LogFacts) -> list[str]:
    lines = []
    if facts.step is not None or facts.total_steps is not None:
        lines.append(f"step       {_of(facts.step, facts.total_steps)}")
    if facts.epoch is not None or facts.epochs is not None:
        lines.append(f"epoch      {_of(facts.epoch, facts.epochs)}")
    if facts.average_loss is not None:
        known = [value for value in reader.averages if isfinite(value)]
        spread = f"; first {known[0]:g}, least {min(known):g}" if known else ""
        lines.append(f"loss       {facts.average_loss:g} (average{spread})")
    seconds = reader.seconds_per_step
    if seconds is not None:
        left = None if facts.total_steps is None or facts.step is None else (facts.total_steps - facts.step) * seconds
        lines.append(f"speed      {step_time(seconds)}" + (f", {duration(left)} of steps left" if left else ""))
    if facts.items_cached is not None or facts.items_to_cache is not None:
        lines.append(f"cached     {_of(facts.items_cached, facts.items_to_cache)} items")
    return lines


def _data(facts: LogFacts) -> list[str]:
    parts = []
    if facts.num_train_items is not None:
        parts.append(f"{facts.num_train_items} items")
    if facts.batch_size:
        parts.append(f"batch size {', '.join(map(str, facts.batch_size))}")
    if facts.batches_per_epoch is not None:
        parts.append(f"{facts.batches_per_epoch} batches an epoch")
    if (facts.gradient_accumulation_steps or 1) > 1:
        parts.append(f"accumulated over {facts.gradient_accumulation_steps}")
    return [f"data       {', '.join(parts)}"] if parts else []


def _listed(name: str, items: list[str]) -> list[str]:
    left_out = len(items) - _KEPT
    head = [f"{name:<10} … and {left_out} before"] if left_out > 0 else []
    return head + [f"{name:<10} {item}" for item in items[-_KEPT:]]


def _saved(saved: Saved) -> str:
    return f"step {'?' if saved.step is None else saved.step}  {saved.path}"


def _sample(step: int | None, seed: int | None, prompt: str) -> str:
    return f"step {'?' if step is None else step}  seed {'random' if seed is None else seed}  {prompt}"


def _of(part: int | None, whole: int | None) -> str:
    return f"{'?' if part is None else part}/{'?' if whole is None else whole}"
