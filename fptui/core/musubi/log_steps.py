"""The training bar: finished steps, the average loss at each, and how long a step takes by the bar's own clock."""

import re
from array import array

from fptui.core.musubi.log_patterns import AVERAGE, CLOCK
from fptui.core.musubi.log_stream import Bar

_UNKNOWN = float("nan")


class StepBars:
    """`steps[i]` is a finished step and `averages[i]` the last average that the bar showed for it, NaN where it showed
    none. The bar is drawn again at each micro-batch, at first with the average of the step before."""

    def __init__(self) -> None:
        self.steps = array("q")
        self.averages = array("d")
        self.generation = 0
        """Rises when the counter starts again, which a new program in the same log makes it do."""
        self._begin()

    def _begin(self) -> None:
        self.step: int | None = None
        self.total: int | None = None
        self.average: float | None = None
        """The last average that was shown."""
        self.drawn: bytes | None = None
        """The same as text, so that a nan equals itself."""
        self._bulk: re.Pattern[bytes] | None = None
        self._clock: tuple[int, float] | None = None
        self._paused = False
        self._timed_steps = 0
        self._timed_seconds = 0.0

    def restart(self) -> None:
        """A new program: the counter begins again."""
        if self.steps:
            self.generation += 1
            self.steps, self.averages = array("q"), array("d")
        self._begin()

    def pause(self) -> None:
        """A save or a sampling begins: the step under way is not timed."""
        self._paused = True

    @property
    def seconds_per_step(self) -> float | None:
        """Mean over the steps without saves and samples in them. The bar's clock begins when the first step has ended,
        so that step is not in it (tqdm's own rate counts it, and is n/(n-1) too fast)."""
        return self._timed_seconds / self._timed_steps if self._timed_steps and self._timed_seconds > 0 else None

    def take(self, bar: Bar, is_whole: bool = True) -> bool:
        """One drawing of the bar; whether it is a step further than the last. `is_whole`: no more of it can come."""
        done = bar.done
        if done is None or bar.total is None:
            return False
        if self.step is not None and done < self.step:
            self.restart()
        if bar.total != self.total:
            self.total = bar.total
            self._bulk = None
        further = done > (self.step or 0)
        self.step = done
        if done == 0:
            return False
        if further:
            self.steps.append(done)
            self.averages.append(_UNKNOWN)
        if (is_whole or bar.closed) and (self._clock is None or done > self._clock[0]):
            at = _elapsed(bar.inside, done)
            if at is not None:
                self._time(done, at)
        average = AVERAGE.search(bar.inside) if bar.closed else None
        if average:
            try:
                self.average = self.averages[-1] = float(average[1])
                self.drawn = average[1]
            except ValueError:
                pass
        return further

    def _time(self, step: int, at: float) -> None:
        if self._clock is not None and not self._paused:
            self._timed_steps += step - self._clock[0]
            self._timed_seconds += at - self._clock[1]
        self._clock = (step, at)
        self._paused = False

    def take_run(self, records: bytes) -> bool:
        """Many drawings at once, each behind a `\r`: the same as `take` of each, several times as fast. False, and
        nothing is taken, unless the records are nothing but whole training bars that go on from here."""
        if self.step is None or self.total is None or self._clock is None or self._paused:
            return False
        found = self._found_in(records)
        if not found or len(found) != records.count(b"\r"):
            return False
        last_of_each = dict(found)
        steps = list(map(int, last_of_each))
        drawn = steps if len(steps) == len(found) else [int(step) for step, _ in found]
        if drawn[0] < self.step or drawn != sorted(drawn):
            return False
        try:
            averages = array("d", map(float, last_of_each.values()))
        except ValueError:
            return False
        last = drawn[-1]
        if last > self._clock[0]:
            here = records.index(b"%d/%d [" % (last, self.total))
            at = _elapsed(records[records.index(b"[", here) + 1 : records.index(b"]", here)], last)
            if at is None:
                return False
            self._time(last, at)
        if drawn[0] == self.step:
            self.averages.pop()
            self.steps.pop()
        self.steps.extend(steps)
        self.averages.extend(averages)
        self.step = last
        self.average, self.drawn = averages[-1], found[-1][1]
        return True

    def _found_in(self, records: bytes) -> list[tuple[bytes, bytes]]:
        """Step and average of every bar."""
        # No log record and no escape sequence among the bars: both would need more than this pattern.
        if records.lower() != records or any(word in records for word in (b"wandb", b"\x1b", b"\x00")):
            return []
        if self._bulk is None:
            # [^|] and its like are many times faster than sets; the count of matches makes up for what they let
            # through, and their bounds keep a search that fails from going to the end each time.
            self._bulk = re.compile(
                rb"\rsteps: [^|]{0,9}\|[^|]{0,2000}\| ([1-9][0-9]{0,17})/%d "
                rb"\[[^a]{0,99}avr_loss=([^]]{1,40})\] *(?![^\r])" % (self.total or 0)
            )
        return self._bulk.findall(records)


def _elapsed(inside: bytes, step: int) -> float | None:
    """Seconds on the bar's clock. It shows whole ones; the rate, which is the mean since its start, tells parts of them
    while the steps are few."""
    clock = CLOCK.match(inside)
    if clock is None:
        return None
    whole = 0
    for part in clock[1].split(b":"):
        whole = whole * 60 + int(part)
    try:
        rate = float(clock[2] or 0)
    except ValueError:
        return whole
    if not rate or not clock[3]:
        return whole
    exact, error = (step * rate, step * 0.005) if clock[3] == b"s/it" else (step / rate, step * 0.005 / rate**2)
    return exact if error < 0.3 and whole - 0.5 <= exact <= whole + 1.5 else whole
