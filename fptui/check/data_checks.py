"""Everything about the data sets, in the order in which one fault hides the next."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fptui.check.buckets import bucket_problems, bucket_table
from fptui.check.caches import CacheNeeds, cache_problems
from fptui.check.data import BucketTable, DataSet
from fptui.check.dataset_schema import schema_problems
from fptui.check.images import image_problems
from fptui.check.items import read_data_sets
from fptui.check.pictures import Pictures
from fptui.check.problem import Problem, Severity
from fptui.check.subject import Subject

_LEFT_OUT = ("broken-json-line", "missing-file", "skipped-items")
"""What keeps an item from being known."""


@dataclass(frozen=True)
class DataReport:
    """What was found, and what was learned on the way."""

    problems: tuple[Problem, ...]
    data_sets: tuple[DataSet, ...] = ()
    buckets: BucketTable | None = None
    needs: CacheNeeds | None = None
    """None: the data sets cannot be read well enough to tell."""


def check_data(subject: Subject) -> DataReport:
    """Where the trainer would refuse the file, its items are not looked at."""
    problems = list(schema_problems(subject))
    if subject.dataset is None or _has_error(problems):
        return DataReport(tuple(problems))
    with _without_collections():
        data_sets, found = read_data_sets(subject)
        data_sets, more = image_problems(subject, data_sets, Pictures())
        table = bucket_table(data_sets)
        are_all_there = not any(problem.code in _LEFT_OUT for problem in found)
        caches, needs = cache_problems(subject, data_sets, are_all_there=are_all_there)
    if not _has_error(found):  # or else the items are not all there, and whatever is counted only echoes it
        more = [*more, *([] if _has_error(more) else bucket_problems(subject, data_sets, table))]
    else:
        more = [each for each in more if each.code != "few-items"]
    problems += [*found, *more, *caches]
    return DataReport(tuple(problems), tuple(data_sets), table, needs)


def _has_error(problems: list[Problem]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)


@contextmanager
def _without_collections() -> Iterator[None]:
    """100,000 items are a million objects that all stay: looking through them for garbage took a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
