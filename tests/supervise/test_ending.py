import signal

import pytest

from fptui.core.facts import LogError, LogFacts, Outcome
from fptui.core.run import RunRecord
from fptui.core.status import Stage, Status
from fptui.supervise.ending import Ending, ended, last_words

OOM = LogFacts(outcome=Outcome.OUT_OF_MEMORY, error=LogError("out-of-memory", "CUDA out of memory."), step=7)
FAILED = LogFacts(outcome=Outcome.FAILED, error=LogError("exception", "ValueError: no"))
BY_KILL = LogFacts(outcome=Outcome.INTERRUPTED, error=LogError("killed", "It was ended from outside by SIGKILL."))
BY_KEY = LogFacts(outcome=Outcome.INTERRUPTED, error=LogError("interrupted", "KeyboardInterrupt"))
CRASHED = LogFacts(outcome=Outcome.FAILED, error=LogError("crashed", "The trainer crashed: SIGSEGV."))
DONE, SILENT = LogFacts(outcome=Outcome.FINISHED, step=9, total_steps=9), LogFacts()
ONE = 1 << 8


@pytest.mark.parametrize(
    ("facts", "ending", "status", "number"),
    [
        (SILENT, Ending(0), Status.FINISHED, None),
        (DONE, Ending(0), Status.FINISHED, None),
        (DONE, Ending(0, stop_sent=True), Status.FINISHED, None),
        (SILENT, Ending(0, stop_sent=True), Status.STOPPED, None),
        (FAILED, Ending(0), Status.FAILED, None),
        (OOM, Ending(0), Status.OUT_OF_MEMORY, None),
        (OOM, Ending(ONE), Status.OUT_OF_MEMORY, None),
        (FAILED, Ending(ONE), Status.FAILED, None),
        (SILENT, Ending(ONE), Status.FAILED, None),
        (DONE, Ending(ONE), Status.FAILED, None),
        (BY_KILL, Ending(ONE), Status.INTERRUPTED, signal.SIGKILL),
        (BY_KEY, Ending(ONE), Status.INTERRUPTED, None),
        (BY_KEY, Ending(ONE, stop_sent=True), Status.STOPPED, None),
        (BY_KEY, Ending(int(signal.SIGINT), stop_sent=True), Status.STOPPED, signal.SIGINT),
        (SILENT, Ending(int(signal.SIGINT)), Status.INTERRUPTED, signal.SIGINT),
        (SILENT, Ending(int(signal.SIGSEGV)), Status.FAILED, signal.SIGSEGV),
        (CRASHED, Ending(ONE), Status.FAILED, signal.SIGSEGV),
        (SILENT, Ending(143 << 8), Status.INTERRUPTED, signal.SIGTERM),
        (SILENT, Ending(None), Status.INTERRUPTED, None),
        (DONE, Ending(int(signal.SIGKILL), orphan_status=0), Status.FINISHED, signal.SIGKILL),
        (DONE, Ending(int(signal.SIGKILL), orphan_status=ONE), Status.INTERRUPTED, signal.SIGKILL),
        (SILENT, Ending(127 << 8, not_started="x: No such file or directory"), Status.FAILED, None),
    ],
)
def test_status_and_signal(facts: LogFacts, ending: Ending, status: Status, number: int | None) -> None:
    end = ended(facts, ending, started_at=1.0, now=2.0, seconds_per_step=None)
    assert (end.status, end.signal) == (status, number)
    well = status in (Status.FINISHED, Status.STOPPED)
    assert (end.error_kind is None) == (well or (status is Status.INTERRUPTED and facts.error is None))
    assert well or end.reason or end.error_message


def test_an_end_without_a_reason_says_what_is_known() -> None:
    end = ended(DONE, Ending(ONE), started_at=1.0, now=2.0, seconds_per_step=0.5)
    assert end.error_message == "The model was saved, and then the trainer ended with exit code 1."
    assert (end.step, end.total_steps, end.seconds_per_step) == (9, 9, 0.5)


def test_the_last_words_name_the_true_step_and_the_way_on() -> None:
    run = RunRecord("r", "v8", Stage.TRAIN, "musubi", (), "/", 0.0, step_offset=60)
    stopped = ended(LogFacts(step=7), Ending(2, stop_sent=True), started_at=1.0, now=2.0, seconds_per_step=None)
    assert last_words(run, stopped) == "r: stopped at step 67. Go on from its newest state: fptui train v8 --resume"
    failed = ended(OOM, Ending(ONE), started_at=1.0, now=2.0, seconds_per_step=None)
    assert last_words(run, failed) == "r: out-of-memory at step 67 (CUDA out of memory.). Its log: fptui log r"
