"""What needs telling about a run in sentences: what it waits for, why it ended, what to do next."""

from dataclasses import dataclass, replace

from fptui.core.facts import LogError
from fptui.core.status import Status
from fptui.core.text import plain
from fptui.core.units import duration, file_size
from fptui.core.view import RunView
from fptui.tui import words
from fptui.tui.charts.bar import bar
from fptui.tui.rows import Piece, Row, row, wrap

_SIGNALS = {2: "SIGINT", 6: "SIGABRT", 9: "SIGKILL, as the kernel does when memory runs out", 15: "SIGTERM"}


@dataclass(frozen=True)
class Story:
    """A headline, what happened, what to do next. `role` is the look of the headline."""

    headline: str
    role: str
    lines: tuple[str, ...] = ()
    todo: tuple[str, ...] = ()
    progress: tuple[int, int] | None = None
    title: str = "what happens"

    def draw(self, width: int) -> list[Row]:
        """The rows."""
        rows = wrap(self.headline, width, self.role)
        if self.progress is not None:
            done, total = self.progress
            label = f" {done}/{total}"
            full, empty = bar(done / total if total else None, min(60, width - len(label)))
            rows.append(row(Piece(full, "accent"), Piece(empty, "bar"), label))
        for line in self.lines:
            rows += wrap(line, width, limit=4)
        for line in self.todo:
            rows += [
                row(Piece("→ " if index == 0 else "  ", "accent"), *folded)
                for index, folded in enumerate(wrap(line, width - 2))
            ]
        return rows


def tell(view: RunView, now: float, log: tuple[str, ...] = ()) -> Story | None:
    """The story of a run; None while it trains, when the numbers say it all."""
    status = view.row.status
    if status in _ENDED:
        return replace(_ENDED[status](view), title="what happened")
    if status is Status.QUEUED:
        return _queued(view)
    if view.row.record.stage.is_caching and status.is_active:
        return _caching(view, now, log)
    if status in (Status.STARTING, Status.LOADING) and view.facts.step is None:
        return _loading(view, now, log)
    return None


def tell_empty(versions: tuple[str, ...]) -> Story:
    """A project in which nothing has run yet."""
    if not versions:
        todo = "Make configs/v1 with config.toml, dataset.toml and prompts.txt; it shows up here by itself."
        return Story(
            "No version yet",
            "accent",
            ("A version is a folder configs/vN with three files.",),
            (todo,),
            title="what next",
        )
    newest = plain(versions[0])
    older = f" Older ones: {', '.join(map(plain, versions[1:6]))}." if versions[1:] else ""
    return Story("Nothing has run yet", "accent", (f"The newest version is {newest}.{older}",),
                 (f"s shows what a run of {newest} would do, and starts it.",), title="what next")  # fmt: skip


def _queued(view: RunView) -> Story:
    item = view.row
    if item.message:
        return Story("Waiting", "accent", (plain(item.message),))
    first = item.record.follows
    return Story("Waiting", "accent", (f"Starts when {plain(first)} has ended well." if first else "Starts soon.",))


def _since(view: RunView, now: float) -> str:
    started = view.row.started_at
    return "" if started is None else f", for {duration(now - started)}"


def _last_line(log: tuple[str, ...]) -> tuple[str, ...]:
    last = next((line for line in reversed(log) if line.strip()), None)
    return (f"It says: {plain(last, 300).strip()}",) if last else ()


def _loading(view: RunView, now: float, log: tuple[str, ...]) -> Story:
    doing = "Starting the trainer" if view.row.status is Status.STARTING else "Loading models and the data set"
    return Story(f"{doing}{_since(view, now)}", "accent", _last_line(log))


def _caching(view: RunView, now: float, log: tuple[str, ...]) -> Story:
    done, total = view.facts.items_cached, view.facts.items_to_cache
    what = "latents" if view.row.record.stage.value == "cache-latents" else "text encoder outputs"
    if done is not None and total:
        return Story(f"Caching {what}{_since(view, now)}", "accent", progress=(done, total))
    return Story(f"Loading, before caching {what}{_since(view, now)}", "accent", _last_line(log))


def _finished(view: RunView) -> Story:
    item = view.row
    if item.record.stage.is_caching:
        return Story("Finished", "good", todo=("s starts the training.",))
    saved = [save.path for save in view.facts.checkpoints][-1:]
    lines = (f"Last checkpoint: {plain(saved[0])}",) if saved else ()
    return Story("Finished", "good", lines)


def _stopped(view: RunView) -> Story:
    at = f" at step {words.count(view.row.step, view.row.total_steps)}" if view.row.step is not None else ""
    return Story(f"Stopped as asked{at}", "warn", _reason(view), _next(view))


def _interrupted(view: RunView) -> Story:
    record = view.row.exit
    number = record.signal if record is not None else None
    by = f" by {_SIGNALS.get(number, f'signal {number}')}" if number else ""
    at = f" at step {words.count(view.row.step, view.row.total_steps)}" if view.row.step is not None else ""
    return Story(f"Killed from elsewhere{at}{by}", "warn", _reason(view), _next(view))


def _lost(view: RunView) -> Story:
    why = "It left no exit record and its supervisor is gone: the pod was restarted, or the machine went down."
    why = plain(view.row.message) if view.row.message else why
    at = f" The last sign of life was at step {words.count(view.row.step, view.row.total_steps)}."
    return Story("Lost", "warn", (why + (at if view.row.step is not None else ""),), _next(view))


def _failed(view: RunView) -> Story:
    record, error = view.row.exit, view.facts.error
    message = error.message if error is not None else record.error_message if record is not None else None
    code = f" with exit code {view.row.exit_code}" if view.row.exit_code is not None else ""
    lines = (plain(message),) if message else _reason(view) or ("The log does not say why.",)
    todo = [f"l shows the log: runs/{plain(view.row.record.id)}/output.log"]
    return Story(f"Failed{code}{_place(view)}", "bad", lines, (*todo, *_next(view)))


def _out_of_memory(view: RunView) -> Story:
    error, record = view.facts.error, view.row.record
    version = plain(record.version)
    batch = ", ".join(map(str, view.facts.batch_size))
    lower = f"Lower batch_size{f' (now {batch})' if batch else ''} in configs/{version}/dataset.toml,"
    todo: tuple[str, ...] = (f"{lower} or raise blocks_to_swap in configs/{version}/config.toml; then s starts again.",)
    if view.last_state is not None:
        todo += (_resume(view),)
    lines = _sizes(error) if error is not None else ()
    return Story(f"Out of GPU memory{_place(view)}", "bad", lines or _reason(view), todo)


def _sizes(error: LogError) -> tuple[str, ...]:
    if error.tried_bytes is None:
        return (plain(error.message),)
    asked = f"It asked for {_gib(error.tried_bytes)}"
    if error.free_bytes is None:
        return (f"{asked}.",)
    of = f" of {_gib(error.total_bytes)}" if error.total_bytes is not None else ""
    return (f"{asked}; {_gib(error.free_bytes)}{of} was free.",)


def _gib(count: int) -> str:
    return f"{count / 2**30:.2f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB" if count >= 2**20 else \
        file_size(count)  # fmt: skip


def _place(view: RunView) -> str:
    """Where it was: `, at step 3 of 80` or, before the first step, what it was doing."""
    step, total = view.row.step, view.row.total_steps
    if step:
        return f" at step {step}" + (f" of {total}" if total is not None else "")
    if view.facts.total_steps is not None:
        return " in its first step"
    return " before its first step" if not view.row.record.stage.is_caching else ""


def _reason(view: RunView) -> tuple[str, ...]:
    record = view.row.exit
    text = (record.reason if record is not None else None) or view.row.message
    return (plain(text),) if text else ()


def _next(view: RunView) -> tuple[str, ...]:
    if view.row.record.stage.is_caching:
        return ("s starts again; what is cached already is not done twice.",)
    if view.last_state is not None:
        return (_resume(view),)
    return ("No complete state was saved, so there is nothing to resume: s starts again.",)


def _resume(view: RunView) -> str:
    step = view.last_state.step if view.last_state is not None else None
    if step is None:
        return "r resumes from its newest state."
    left = f": {words.steps(view.row.total_steps - step)} to go" if view.row.total_steps is not None else ""
    return f"r resumes from step {step}{left}."


_ENDED = {
    Status.FINISHED: _finished,
    Status.STOPPED: _stopped,
    Status.INTERRUPTED: _interrupted,
    Status.LOST: _lost,
    Status.FAILED: _failed,
    Status.OUT_OF_MEMORY: _out_of_memory,
}
