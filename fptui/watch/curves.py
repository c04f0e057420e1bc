"""The curves of a run over true steps, out of its events and its log."""

from array import array
from collections.abc import Iterable

from fptui.adapters.tensorboard import Scalar
from fptui.core.musubi.log_reader import LogReader
from fptui.core.series import Series

_LOSS, _AVERAGE, _RATE, _EPOCH = "loss/current", "loss/average", "lr/unet", "loss/epoch"


class RunCurves:
    """Raw loss and learning rate are in the events alone; the average is in both, there with all its digits, in the log
    with three. What is not known is not a point."""

    def __init__(self, offset: int = 0, before: "RunCurves | None" = None) -> None:
        self._offset = offset
        self._before = before
        self.loss: Series = _begun(before.loss if before else None, offset)
        self.learning_rate: Series = _begun(before.learning_rate if before else None, offset)
        self.loss_epoch = Series()
        self._event_average: Series = _begun(before.average if before else None, offset)
        self._log_average: Series = _begun(before.average if before else None, offset)
        self._has_event_average = False
        self._taken = 0
        self._reader: tuple[LogReader, int] | None = None

    @property
    def average(self) -> Series:
        return self._event_average if self._has_event_average else self._log_average

    @property
    def source(self) -> str | None:
        """Where the newest points come from: `tensorboard` or `log`."""
        if self._has_event_average or len(self.loss):
            return "tensorboard"
        return "log" if len(self._log_average) else None

    def take_events(self, scalars: Iterable[Scalar]) -> None:
        by_tag: dict[str, tuple[list[float], list[float]]] = {tag: ([], []) for tag in (_LOSS, _AVERAGE, _RATE, _EPOCH)}
        for tag, step, value, _ in scalars:
            if tag in by_tag:
                steps, values = by_tag[tag]
                steps.append(step if tag == _EPOCH else step + self._offset)
                values.append(value)
        for tag, series in (
            (_LOSS, self.loss),
            (_AVERAGE, self._event_average),
            (_RATE, self.learning_rate),
            (_EPOCH, self.loss_epoch),
        ):
            _extend(series, *by_tag[tag])
        self._has_event_average = self._has_event_average or bool(by_tag[_AVERAGE][0])

    def take_log(self, reader: LogReader) -> None:
        if self._reader is None or self._reader[0] is not reader or self._reader[1] != reader.generation:
            self._reader = reader, reader.generation
            self._log_average = _begun(self._before.average if self._before else None, self._offset)
            self._taken = 0
        steps, averages = reader.steps, reader.averages
        if self._taken and len(averages) >= self._taken:
            # The last step's average may have been drawn anew since.
            value = averages[self._taken - 1]
            if self._log_average.y(len(self._log_average) - 1) != value:
                self._log_average.replace_last(value)
        if len(steps) > self._taken:
            new = array("d", [step + self._offset for step in steps[self._taken :]])
            _extend(self._log_average, new, averages[self._taken :])
            self._taken = len(steps)


def _begun(before: Series | None, last: int) -> Series:
    """A series that begins with the points of another up to x = last."""
    series = Series()
    if before is not None:
        count = before.index_of(last + 0.5)
        series.extend([before.x(index) for index in range(count)], [before.y(index) for index in range(count)])
    return series


def _extend(series: Series, steps: Iterable[float], values: Iterable[float]) -> None:
    """Append what can be: events of a run that was begun anew in the same file go back in steps."""
    steps, values = list(steps), list(values)
    try:
        series.extend(steps, values)
    except ValueError:
        for step, value in zip(steps, values, strict=True):
            if not len(series) or step >= series.x(len(series) - 1):
                series.append(step, value)
