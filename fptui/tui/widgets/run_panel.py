"""The run that is looked at: its status, how far it is, its numbers, what comes next."""

from collections.abc import Sequence

from fptui.core.cost import cost
from fptui.core.status import Stage, Status
from fptui.core.text import plain
from fptui.core.units import dollars, duration, step_time
from fptui.core.view import RunRow, RunView
from fptui.tui import words
from fptui.tui.charts.bar import bar
from fptui.tui.rows import Piece, Row, fact, flow, grid, row, wrap
from fptui.tui.widgets.panel import Panel


def draw_run(view: RunView, now: float, width: int, *, with_bar: bool = True) -> list[Row]:
    """The facts of one run, the most important first."""
    item = view.row
    done, total = item.step, item.total_steps
    if item.record.stage.is_caching:
        done, total = view.facts.items_cached, view.facts.items_to_cache
        lines = [[words.status(item.status), fact("item", words.count(done, total), "strong")]]
        lines.append(_running(item, now) if item.status.is_active else [fact("took", words.took(item, now))])
    else:
        lines = [
            [
                words.status(item.status),
                fact("step", words.count(done, total), "strong"),
                *([fact("epoch", words.count(view.epoch, view.epochs))] if view.epoch is not None else []),
                *([row(step_time(view.seconds_per_step))] if view.seconds_per_step is not None else []),
            ],
            _measured(view),
            _ahead(view, now),
        ]
    drawn = grid_or_flow(lines, width)
    if with_bar:
        drawn.append(_progress(done, total, width, item.status))
    if item.stop and item.status.is_active:
        drawn += wrap(_stop_sentence(view), width, "warn", limit=2)
    elif item.message and item.status.is_active:
        drawn += wrap(plain(item.message), width, "warn", limit=2)
    return drawn


def grid_or_flow(lines: Sequence[Sequence[Row]], width: int) -> list[Row]:
    """The first line flows by itself: it is the longest; the others share columns."""
    first = flow(lines[0], width)
    if len(first) > 1:
        first = flow(lines[0], width, gap=2)
    return first + grid([line for line in lines[1:] if line], width)


def _measured(view: RunView) -> list[Row]:
    """Nothing before the first step; then what is not known is `?`."""
    if view.loss_current is None and view.loss_average is None and view.learning_rate is None:
        return []
    return [_losses(view), fact("lr", words.power(view.learning_rate))]


def _losses(view: RunView) -> Row:
    current, average = view.loss_current, view.loss_average
    if current is None:
        return fact("average loss", words.loss(average), "strong")
    return (
        *fact("loss", words.loss(current), "strong"),
        *row(Piece(" (average ", "muted"), words.loss(average), Piece(")", "muted")),
    )


def _ahead(view: RunView, now: float) -> list[Row]:
    """What comes next; after the end, how long it took."""
    item = view.row
    if not item.status.is_active:
        paid = cost(item.seconds(now), view.price_per_hour)
        facts = (
            [_with(fact("took", words.took(item, now)), paid)] if None not in (item.started_at, item.ended_at) else []
        )
        return [*facts, fact("ended", words.ago(item.ended_at, now))] if item.ended_at is not None else facts
    facts = []
    if view.next_save_step is not None:
        when = f" in {duration(view.next_save_seconds)}" if view.next_save_seconds is not None else ""
        facts.append(fact("next save", f"at {view.next_save_step}{when}"))
    elif item.record.stage is Stage.TRAIN and item.record.saves.every_n_epochs is not None:
        facts.append(fact("next save", "?"))
    if view.eta_seconds is not None:
        to_pay = cost(view.eta_seconds, view.price_per_hour)
        facts.append(_with(fact("ends in", duration(view.eta_seconds)), to_pay))
    return facts or _running(item, now)


def _with(known: Row, paid: float | None) -> Row:
    return known if paid is None else row(*known, f", {dollars(paid)}")


def _running(item: RunRow, now: float) -> list[Row]:
    return [fact("running for", words.took(item, now))] if item.started_at is not None else []


def _progress(done: int | None, total: int | None, width: int, status: Status) -> Row:
    part = done / total if done is not None and total else None
    percent = words.percent(done, total)
    label = "    ? %" if percent is None else f"{percent:>5} %"
    full, empty = bar(part, max(0, width - len(label)))
    return row(Piece(full, words.SIGNS[status][1]), Piece(empty, "bar"), Piece(label, "muted"))


def _stop_sentence(view: RunView) -> str:
    if view.row.stop == "now":
        return "Stopping now."
    if view.next_save_step is None:
        return "Stops at its next save."
    when = f", in {duration(view.next_save_seconds)}" if view.next_save_seconds is not None else ""
    return f"Stops at its next save, step {view.next_save_step}{when}."


class RunPanel(Panel):
    """`draw_run` in a box; `compact` leaves the progress bar out."""

    view: RunView | None = None
    now = 0.0
    compact = False

    def show(self, view: RunView | None, now: float) -> None:
        self.view, self.now = view, now
        if view is not None:
            self.set_title(words.title(view.row.record), view.row.record.id)
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        return [] if self.view is None else draw_run(self.view, self.now, width, with_bar=not self.compact)
