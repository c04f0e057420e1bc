"""One version, checked: every subject in the order in which people mend things."""

from collections.abc import Iterator
from dataclasses import dataclass

from fptui.check.caches import CacheNeeds
from fptui.check.combinations import combination_problems
from fptui.check.config_keys import key_problems
from fptui.check.config_needs import need_problems
from fptui.check.config_paths import path_problems
from fptui.check.data import BucketTable, DataSet
from fptui.check.data_checks import check_data
from fptui.check.machine import Machine, machine_problems
from fptui.check.problem import Problem, Severity
from fptui.check.subject import Subject, read_subject
from fptui.core.project import Project


@dataclass(frozen=True)
class Report:
    """What came of it. `problems`: errors first, then by file and line."""

    version: str
    problems: tuple[Problem, ...]
    data_sets: tuple[DataSet, ...] = ()
    buckets: BucketTable | None = None
    needs: CacheNeeds | None = None
    """None: the data sets cannot be read well enough to tell."""

    def count(self, severity: Severity) -> int:
        return sum(problem.severity is severity for problem in self.problems)

    @property
    def is_refused(self) -> bool:
        """Whether something would end the run, or spoil it."""
        return self.count(Severity.ERROR) > 0


def check(project: Project, version: str, machine: Machine) -> Report:
    """The version of this name, whose folder is there. Nothing is changed, and nothing but headers is read of what is
    large."""
    subject = read_subject(project, version)
    if not subject.config.tables and subject.unread:
        return Report(version, subject.unread)
    data = check_data(subject)
    problems = [*subject.unread, *_of_config(subject, machine), *data.problems]
    return Report(version, _in_order(problems), data.data_sets, data.buckets, data.needs)


def _of_config(subject: Subject, machine: Machine) -> Iterator[Problem]:
    yield from key_problems(subject)
    yield from need_problems(subject)
    yield from combination_problems(subject)
    yield from path_problems(subject, machine.survives)
    yield from machine_problems(subject, machine)


_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.HINT: 2}


def _in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(
        sorted(problems, key=lambda each: (_ORDER[each.severity], each.place.file or "~", each.place.line or 0))
    )
