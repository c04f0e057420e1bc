"""The application: a theme, the palette, and the first screen."""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath
from typing import Any, ClassVar

from rich.console import RenderableType
from textual._compositor import ChopsUpdate
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from fptui.core.notices import Notice
from fptui.tui.actions import Actions
from fptui.tui.keys import KEYS
from fptui.tui.left_trim import TrimmedUpdate
from fptui.tui.screens.dashboard import Dashboard
from fptui.tui.screens.no_project import NoProjectScreen
from fptui.tui.snapshot import Watch
from fptui.tui.terminal_notice import terminal_notice
from fptui.tui.theme import DARK, LIGHT


class FptuiApp(App[str | None]):
    """Gives, when it ends, a sentence about what goes on without it, or None."""

    # The first screen brings no style sheet of its own.
    CSS_PATH: ClassVar[list[str | PurePath]] = ["app.tcss", "screens/dashboard.tcss", "screens/no_project.tcss"]
    TITLE = "fptui"
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c,ctrl+q", "leave", "quit", show=False, priority=True)]

    def __init__(
        self,
        watch: Watch | None,
        actions: Actions | None,
        *,
        place: str = "",
        folder: Path | None = None,
        clock: Callable[[], float] = time.time,
        period: float = 1.0,
        notify_terminal: str | None = None,
    ) -> None:
        """Without `watch` and `actions` there is no project in `folder`; `place` is the host or pod;
        `notify_terminal` as in `core.project.Settings`."""
        super().__init__()
        self._watch = watch
        self._actions = actions
        self._place = place
        self._folder = folder or Path()
        self._clock = clock
        self._period = period
        self._notify_terminal = notify_terminal
        self.failure: Exception | None = None
        """What went wrong in the screen itself, if anything did."""
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = DARK.name

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """What goes to the terminal, cropped to what changed."""
        if isinstance(renderable, ChopsUpdate):
            renderable = TrimmedUpdate.of(renderable)
        super()._display(screen, renderable)

    def _fatal_error(self) -> None:
        """Textual would print a traceback here; whoever runs the app reports `failure` in its own way."""
        self.failure = self._exception
        self._close_messages_no_wait()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(DARK.variables)

    def get_default_screen(self) -> Screen[Any]:
        if self._watch is None or self._actions is None:
            return NoProjectScreen(self._folder, self._place)
        return Dashboard(
            self._watch, self._actions, self._place, clock=self._clock, period=self._period, tell=self.tell
        )

    def tell(self, notice: Notice) -> None:
        """The terminal that this is shown in, when the user wants it told."""
        if self._notify_terminal is not None and self._driver is not None:
            self._driver.write(terminal_notice(notice, self._notify_terminal, "TMUX" in os.environ))
            self._driver.flush()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the palette offers: the table of keys, and the theme."""
        base = self.screen_stack[0]
        if isinstance(base, Dashboard):
            for key in KEYS:
                if key.action != "command_palette":
                    yield SystemCommand(f"{key.word.capitalize()} ({key.shown})", key.help,
                                        getattr(base, f"action_{key.action}"))  # fmt: skip
        yield SystemCommand("Light or dark", "Change between the two themes", self.action_switch_theme)

    def action_switch_theme(self) -> None:
        self.theme = LIGHT.name if self.theme == DARK.name else DARK.name

    def action_leave(self) -> None:
        base = self.screen_stack[0]
        if isinstance(base, Dashboard):
            base.action_quit()
        else:
            self.exit(None)
