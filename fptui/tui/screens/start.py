"""What a start would do, before it does it: which version, full or smoke, what runs and where."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from fptui.core.run import RunRecord
from fptui.core.status import Stage
from fptui.core.text import plain
from fptui.errors import FptuiError
from fptui.tui.actions import Plan
from fptui.tui.rows import Piece, Row, fact, join, row, wrap
from fptui.tui.screens.dialog import Dialog, keys_row
from fptui.tui.threads import in_thread, sentence

Planner = Callable[[str | None, bool], Plan]
"""(version, smoke) -> what would happen; may raise FptuiError, and takes its time."""

_SMOKE = "5 steps, to see that it works; no saves, no uploads"
_FULL = "as configured"
_STAGES = {
    Stage.CACHE_LATENTS: "cache latents",
    Stage.CACHE_TEXT: "cache text encoder outputs",
    Stage.SMOKE: "smoke run",
    Stage.TRAIN: "train",
}


def describe(record: RunRecord) -> str:
    """One run of a plan: `train 20 steps, from step 60 to 80, saves every 20`."""
    said = _STAGES.get(record.stage, record.stage.value)
    if record.stage.is_caching:
        return f"{said}: {record.max_batches} items" if record.max_batches else said
    if record.total_steps is not None:
        said += f": {record.total_steps - record.step_offset} steps"
        if record.step_offset:
            said += f", from step {record.step_offset} to {record.total_steps}"
    if record.saves.every_n_steps is not None:
        said += f", saves every {record.saves.every_n_steps}"
    elif record.saves.every_n_epochs is not None:
        number = record.saves.every_n_epochs
        said += ", saves every epoch" if number == 1 else f", saves every {number} epochs"
    return said


class StartScreen(Dialog[Plan | None]):
    """Gives the plan that the user said yes to, or None. For a resume there is nothing to choose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "version(1)", "older version"),
        Binding("right,l", "version(-1)", "newer version"),
        Binding("up,down,tab,m,j,k", "kind", "full or smoke"),
        Binding("enter", "start", "start"),
    ]

    def __init__(
        self, versions: Sequence[str], planner: Planner, *, resume: bool = False, at: str | None = None
    ) -> None:
        super().__init__("resume" if resume else "start")
        self._versions = tuple(versions)
        self._planner = planner
        self._resume = resume
        self._version = self._versions.index(at) if at in self._versions else 0
        self._smoke = False
        self._plan: Plan | None = None
        self._problem: str | None = None

    def on_mount(self) -> None:
        self._look()

    @property
    def version(self) -> str | None:
        return self._versions[self._version] if self._versions else None

    def content(self, width: int) -> list[Row]:
        rows = [self._version_row()]
        if not self._resume:
            rows.append(self._kind_row("full", _FULL, not self._smoke))
            rows.append(self._kind_row("smoke", _SMOKE, self._smoke))
        rows.append(())
        rows += self._outcome(width)
        foot = [("enter", "resume" if self._resume else "start", "screen.start")] if self._plan else []
        if not self._resume:
            foot.append(("↑ ↓", "full or smoke", "screen.kind"))
            if len(self._versions) > 1:
                foot.append(("← →", "version", "screen.version(1)"))
        return [*rows, (), keys_row(*foot, ("esc", "back", "screen.leave"))]

    def _version_row(self) -> Row:
        name = plain(self.version or "?")
        several = len(self._versions) > 1 and not self._resume
        shown = row(Piece("‹ ", "key", "screen.version(1)"), Piece(name, "strong"),
                    Piece(" ›", "key", "screen.version(-1)")) if several else row(Piece(name, "strong"))  # fmt: skip
        return row(Piece("version  ", "muted"), *shown)

    def _kind_row(self, word: str, meaning: str, chosen: bool) -> Row:
        action = "" if chosen else "screen.kind"
        return row(
            Piece("         ", "muted"),
            Piece(f"{'●' if chosen else '○'} {word:<7}", "strong" if chosen else "", action),
            Piece(meaning, "muted", action),
        )

    def _outcome(self, width: int) -> list[Row]:
        if self._problem is not None:
            return [folded for line in self._problem.splitlines() for folded in wrap(plain(line), width, "bad")]
        if self._plan is None:
            return [row(Piece("looking what there is to do …", "muted"))]
        rows: list[Row] = []
        for number, record in enumerate(self._plan.records, 1):
            folded = wrap(plain(describe(record)), width - 3, indent=2)
            rows += [row(Piece(f"{number}  " if not index else "   ", "accent"), *line)
                     for index, line in enumerate(folded)]  # fmt: skip
        last = self._plan.records[-1] if self._plan.records else None
        facts = []
        if last is not None and last.gpus:
            facts.append(fact("on GPU", ", ".join(map(str, last.gpus))))
        if last is not None and last.trainer == "rehearsal":
            facts.append(row(Piece("rehearsal: a tiny network on the CPU", "warn")))
        if facts:
            rows.append(join(facts))
        for note in self._plan.notes:
            rows += wrap(plain(note), width, "muted", indent=2)
        return rows

    @work(exclusive=True)
    async def _look(self) -> None:
        self._plan, self._problem = None, None
        self.redraw()
        try:
            self._plan = await in_thread(partial(self._planner, self.version, self._smoke))
        except FptuiError as error:
            self._problem = str(error)
        except Exception as error:
            self._problem = sentence(error)
        self.redraw()

    def action_version(self, by: int) -> None:
        if not self._resume and len(self._versions) > 1:
            self._version = (self._version + by) % len(self._versions)
            self._look()

    def action_kind(self) -> None:
        if not self._resume:
            self._smoke = not self._smoke
            self._look()

    def action_start(self) -> None:
        if self._plan is not None:
            self.dismiss(self._plan)
