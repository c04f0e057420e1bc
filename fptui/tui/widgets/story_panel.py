"""A `Story` in a box of its own height."""

from fptui.tui.rows import Row
from fptui.tui.story import Story
from fptui.tui.widgets.panel import Panel


class StoryPanel(Panel):
    """Empty when there is nothing to tell."""

    story: Story | None = None

    def show(self, story: Story | None) -> None:
        if story != self.story:
            self.story = story
            self.set_title(story.title if story is not None else "")
            self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        return self.story.draw(width) if self.story is not None else []
