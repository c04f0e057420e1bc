"""No project here: what one is, and the two ways to one."""

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from fptui.core.text import plain
from fptui.tui.keys import Key
from fptui.tui.story import Story
from fptui.tui.widgets.bars import Footer, Header
from fptui.tui.widgets.story_panel import StoryPanel

_KEYS = (Key("q", "q", "quit", "quit", ""),)


def tell_no_project(folder: Path) -> Story:
    """The words."""
    return Story(
        "No project here",
        "accent",
        (
            f"A project is a folder with configs/v1 in it; {plain(str(folder))} has no configs, "
            "and no folder above it has.",
        ),
        (
            "fptui demo makes a small example and trains it, without a GPU.",
            "Or make configs/v1 with config.toml, dataset.toml and prompts.txt, and type fptui there.",
        ),
    )


class NoProjectScreen(Screen[None]):
    """Only tells."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,escape", "quit", "quit")]

    def __init__(self, folder: Path, place: str) -> None:
        super().__init__()
        self._folder = folder
        self._place = place

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield StoryPanel("welcome", id="welcome")
        yield Footer(_KEYS)

    def on_mount(self) -> None:
        self.query_one(Header).show("", (self._place,))
        self.query_one(StoryPanel).show(tell_no_project(self._folder))

    def action_quit(self) -> None:
        self.app.exit()
