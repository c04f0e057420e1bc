"""Sees, from one look to the next, what a user should be told of who has the dashboard open and looks elsewhere."""

from collections.abc import Callable

from fptui.core.autostop import Autostop, End
from fptui.core.notices import Notice, notices
from fptui.core.view import ProjectView


class Bystander:
    """Tells what the guard tells a user who is away, of this project."""

    def __init__(self, tell: Callable[[Notice], None]) -> None:
        self._tell = tell
        self._active: set[str] = set()
        self._autostop: Autostop | None = None

    def look(self, view: ProjectView) -> None:
        """What is new since the last look; the first one is not."""
        ended = [
            End(row.record.id, row.status, row.seconds(view.at), True)
            for row in view.rows
            if row.record.id in self._active and not row.status.is_active
        ]
        self._active = {row.record.id for row in view.rows if row.status.is_active}
        after = view.autostop or Autostop()
        before = after if self._autostop is None else self._autostop
        self._autostop = after
        for notice in notices(before, after, ended, view.at):
            self._tell(notice)
