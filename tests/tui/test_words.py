"""Numbers as screens write them: right or absent."""

import math

import pytest

from fptui.core.status import Status
from fptui.tui import words
from tests.tui.fakes import NOW, record, row


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "?"),
        (0.0231, "0.0231"),
        (1.62, "1.6200"),
        (0.00004, "4e-5"),
        (math.nan, "NaN"),
        (math.inf, "infinite"),
        (0.0, "0.0000"),
    ],
)
def test_losses(value: float | None, shown: str) -> None:
    assert words.loss(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(None, "?"), (1.4e-3, "1.4e-3"), (1e-4, "1e-4"), (0.0, "0")])
def test_learning_rates(value: float | None, shown: str) -> None:
    assert words.power(value) == shown


def test_what_is_unknown_is_a_question_mark_and_never_zero() -> None:
    assert words.count(None, 500) == "?/500"
    assert words.count(None, None) == "?"
    assert words.count(3, None) == "3"
    assert words.percent(None, 500) is None
    assert words.percent(499, 500) == 99
    assert words.ago(None, NOW) == "?"
    assert words.took(row(Status.QUEUED, started_at=None), NOW) == "?"


def test_a_rehearsal_is_always_called_one() -> None:
    assert words.title(record(trainer="rehearsal")) == "v8 train · rehearsal"
    assert words.title(record()) == "v8 train"


def test_every_status_has_a_sign() -> None:
    assert set(words.SIGNS) == set(Status)
