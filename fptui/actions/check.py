"""`fptui check`, for commands, the start and the dashboard alike."""

from collections.abc import Mapping

from fptui.check.check import Report, check
from fptui.check.this_machine import this_machine
from fptui.core.project import Project
from fptui.core.version import version_name


def check_version(project: Project, name: str | None, environment: Mapping[str, str]) -> Report:
    """The newest version when no name is given."""
    return check(project, version_name(project, name), this_machine(project, environment))
