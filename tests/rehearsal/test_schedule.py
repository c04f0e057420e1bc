"""Learning-rate schedules, with the figures of real runs where there are some."""

import argparse

import pytest

from fptui.rehearsal.optimizer import Schedule
from fptui.rehearsal.options import train_parser


def _options(*arguments: str) -> argparse.Namespace:
    return train_parser().parse_args(["--learning_rate", "1e-4", *arguments])


def _rates(schedule: Schedule, steps: int) -> list[float]:
    rates = []
    for _ in range(steps):
        schedule.step()
        rates.append(schedule.rate)
    return rates


def test_a_finished_cosine_climbs_again_after_a_resume_as_the_real_one_did() -> None:
    schedule = Schedule(_options("--lr_scheduler", "cosine"), 4)
    assert _rates(schedule, 4) == pytest.approx([8.5e-5, 5e-5, 1.5e-5, 0], abs=6e-7)
    assert _rates(schedule, 4) == pytest.approx([1.5e-5, 5e-5, 8.5e-5, 1e-4], abs=6e-7)


def test_warmup_then_constant() -> None:
    schedule = Schedule(_options("--lr_scheduler", "constant_with_warmup", "--lr_warmup_steps", "4"), 10)
    assert schedule.rate == 0
    assert _rates(schedule, 5) == pytest.approx([2.5e-5, 5e-5, 7.5e-5, 1e-4, 1e-4])


def test_linear_with_a_share_of_warmup() -> None:
    schedule = Schedule(_options("--lr_scheduler", "linear", "--lr_warmup_steps", "20%"), 10)
    assert _rates(schedule, 10)[:3] == pytest.approx([5e-5, 1e-4, 8.75e-5])
    assert schedule.rate == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--lr_scheduler", "nonsense"), "'nonsense' is not a valid SchedulerType"),
        (("--lr_warmup_steps", "5"), "does not require `num_warmup_steps`"),
    ],
)
def test_what_no_schedule_can_be_made_of(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Schedule(_options(*arguments), 10)
