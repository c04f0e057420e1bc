"""The prompts that a log says were sampled."""

from fptui.core.facts import Sample
from fptui.core.musubi.log_patterns import NUMBER_AT_END


class Samples:
    """A sampling has a step and several prompts; a prompt is open until its picture is decoded."""

    def __init__(self) -> None:
        self.all: list[Sample] = []
        self.is_open = False
        self._has_begun = False
        self.step: int | None = None
        """At which the last sampling was."""

    def begin(self, message: str, step: int | None) -> None:
        number = NUMBER_AT_END.search(message)
        self.step = int(number[1]) if number else step
        self._has_begun = self.is_open = True

    def prompt(self, message: str) -> bool:
        """Whether the line belongs to a sampling."""
        if self._has_begun:
            self.is_open = True
            self.all.append(Sample(self.step, message.partition(":")[2].strip(), None))
        return self._has_begun

    def seed(self, message: str) -> None:
        number = NUMBER_AT_END.search(message)
        if number and self.is_open and self.all:
            last = self.all[-1]
            self.all[-1] = Sample(last.step, last.prompt, int(number[1]))
