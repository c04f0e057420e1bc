"""Many findings of one kind as the first few and a count."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from fptui.check.problem import Problem

_SHOWN = 3


def few(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The first three of each code; the third says how many more there are."""
    counts = dict[str, int]()
    held = dict[str, Problem]()
    for problem in problems:
        counts[problem.code] = count = counts.get(problem.code, 0) + 1
        if count < _SHOWN:
            yield problem
        elif count == _SHOWN:
            held[problem.code] = problem
    for code, problem in held.items():
        more = counts[code] - _SHOWN
        yield replace(problem, message=f"{problem.message} And {more} more like it.") if more else problem
