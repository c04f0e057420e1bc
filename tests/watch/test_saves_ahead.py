"""The trainer's rules, in its own steps: every N, at the end of every M epochs but the last, and at the end."""

import pytest

from fptui.core.facts import LogFacts
from fptui.core.run import Saves
from fptui.watch.saves_ahead import next_save, true_epochs
from tests.watch.folders import record


@pytest.mark.parametrize(
    ("saves", "step", "wanted"),
    [
        (Saves(every_n_steps=20), 0, 20),
        (Saves(every_n_steps=20), 19, 20),
        (Saves(every_n_steps=20), 20, 40),
        (Saves(every_n_steps=20), 75, 80),
        (Saves(every_n_steps=100), 5, 80),
        (Saves(every_n_steps=0), 5, 80),
        (Saves(), 5, 80),
        (Saves(), 80, None),
        (Saves(every_n_epochs=1), 5, 30),
        (Saves(every_n_epochs=2), 31, 60),
        (Saves(every_n_epochs=2), 61, 80),
        (Saves(every_n_steps=50, every_n_epochs=1), 31, 50),
    ],
)
def test_next_save(saves: Saves, step: int, wanted: int | None) -> None:
    facts = LogFacts(step=step, total_steps=80, batches_per_epoch=60, gradient_accumulation_steps=2)
    assert next_save(record(saves=saves), facts) == wanted


def test_next_save_of_a_resumed_run_is_a_true_step() -> None:
    facts = LogFacts(step=5, total_steps=80)
    assert next_save(record(saves=Saves(every_n_steps=20), step_offset=60), facts) == 80


def test_unknown_stays_unknown() -> None:
    assert next_save(record(saves=Saves(every_n_steps=20)), LogFacts()) is None
    assert next_save(record(saves=Saves()), LogFacts(step=3)) is None
    assert true_epochs(record(step_offset=5), LogFacts(epoch=1, epochs=2, step=3)) == (1, 2)


def test_epochs_count_on_over_a_resume() -> None:
    """60 steps an epoch: step 65 of 180 is in the second of three, though the trainer says 1 of 2."""
    facts = LogFacts(step=5, total_steps=120, epoch=1, epochs=2, batches_per_epoch=60)
    assert true_epochs(record(step_offset=60), facts) == (2, 3)
    assert true_epochs(record(), facts) == (1, 2)
