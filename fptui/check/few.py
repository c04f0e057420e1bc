"""Many findings of one kind as the first few and a count."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from fptui.check.problem import Problem

_SHOWN = 3


class Few:
    """Keeps the first three of each code, however many there are; the third says how many more."""

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self._counts = dict[str, int]()
        self._kept = list[Problem]()
        for problem in problems:
            self.add(problem)

    def add(self, problem: Problem) -> None:
        count = self._counts[problem.code] = self._counts.get(problem.code, 0) + 1
        if count <= _SHOWN:
            self._kept.append(problem)

    def is_full(self, code: str) -> bool:
        """Whether one more of this code would only be counted; it is, then. Spares whoever has very many from making
        them."""
        if self._counts.get(code, 0) < _SHOWN:
            return False
        self._counts[code] += 1
        return True

    def take(self, other: "Few") -> None:
        """All of another's."""
        for problem in other._kept:
            self.add(problem)
        for code, count in other._counts.items():
            self._counts[code] += max(0, count - _SHOWN)

    def count(self, code: str) -> int:
        return self._counts.get(code, 0)

    def __iter__(self) -> Iterator[Problem]:
        left = dict(self._counts)
        shown = dict[str, int]()
        for problem in self._kept:
            shown[problem.code] = number = shown.get(problem.code, 0) + 1
            more = left[problem.code] - _SHOWN
            if number == _SHOWN and more > 0:
                yield replace(problem, message=f"{problem.message} And {more:,} more like it.")
            else:
                yield problem
