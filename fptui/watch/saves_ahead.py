"""When the next save comes, and where a run is in its epochs, by the trainer's rules."""

from fptui.core.facts import LogFacts
from fptui.core.run import RunRecord


def steps_per_epoch(facts: LogFacts) -> int | None:
    """Batches of an epoch by accumulation, rounded up: the gradient is also taken at the end of an epoch."""
    if not facts.batches_per_epoch:
        return None
    return -(-facts.batches_per_epoch // (facts.gradient_accumulation_steps or 1))


def next_save(record: RunRecord, facts: LogFacts) -> int | None:
    """The true step of the next save: every so many steps of the trainer's own count, at the end of every so many
    epochs but the last, and at the end of the training."""
    step, total = facts.step, facts.total_steps
    if step is None:
        return None
    ahead: list[int] = []
    every = record.saves.every_n_steps
    if every and every > 0:
        ahead.append((step // every + 1) * every)
    per_epoch, epochs = steps_per_epoch(facts), record.saves.every_n_epochs
    if epochs and epochs > 0 and per_epoch:
        ahead.append((step // (per_epoch * epochs) + 1) * per_epoch * epochs)
    if total is not None:
        if step >= total:
            return None
        ahead.append(total)
    return record.step_offset + min(ahead) if ahead else None


def true_epochs(record: RunRecord, facts: LogFacts) -> tuple[int | None, int | None]:
    """Epoch and epochs, counted over resumes: the trainer counts from 1 again, so they follow from the true steps."""
    per_epoch = steps_per_epoch(facts)
    if not record.step_offset or per_epoch is None or facts.step is None:
        return facts.epoch, facts.epochs
    epoch = (record.step_offset + max(facts.step, 1) - 1) // per_epoch + 1
    if facts.total_steps is None:
        return epoch, None
    return epoch, -(-(record.step_offset + facts.total_steps) // per_epoch)
