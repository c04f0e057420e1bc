from pathlib import Path

import pytest

from fptui.core.facts import Outcome, Saved
from fptui.core.musubi.log_reader import LogReader
from fptui.core.run import Heartbeat, RunFolder, write_record
from fptui.core.series import Series
from fptui.core.status import Status
from fptui.errors import FptuiError
from fptui.watch.run_watch import RunWatch
from tests.watch.folders import NOW, bar, block, ended, events, heartbeat, log, make, record, state


def _watch(folder: RunFolder) -> RunWatch:
    return RunWatch(folder, lambda sign: True)


def _points(series: Series) -> list[tuple[float, float]]:
    return [(series.x(index), round(series.y(index), 4)) for index in range(len(series))]


def test_a_run_as_it_goes(tmp_path: Path) -> None:
    folder = make(tmp_path, record(), heartbeat())
    watch = _watch(folder)
    assert watch.poll(NOW).facts.step is None
    log(folder, block(80) + bar(0), NOW)
    log(folder, bar(1, average=1.5), NOW + 60)
    for step in range(2, 10):
        log(folder, bar(step, average=1 + step / 10), NOW + 60 + 2 * step)
    events(folder, range(1, 10))
    view = watch.poll(NOW + 80)
    assert (view.facts.step, view.epoch, view.epochs) == (9, None, 2)
    assert view.seconds_per_step == pytest.approx(2.0)
    assert view.eta_seconds == pytest.approx(71 * 2.0)
    assert view.next_save_step == 20
    assert view.next_save_seconds == pytest.approx(22.0)
    assert view.loss_current == pytest.approx(2.09)
    assert view.loss_average == pytest.approx(1.09)
    assert view.learning_rate == pytest.approx(1e-4)
    assert (view.source, view.last_state, view.steps_since_save) == ("tensorboard", None, 9)
    assert _points(watch.loss) == [(step, 2 + step / 100) for step in range(1, 10)]
    log(folder, bar(10, average=2.5), NOW + 82)
    assert watch.poll(NOW + 82).facts.step == 10


def test_the_log_alone_gives_the_average(tmp_path: Path) -> None:
    """The postfix is drawn after the count; the last average of a step is the right one, also between two looks."""
    folder = make(tmp_path, record(), heartbeat())
    watch = _watch(folder)
    log(folder, block(80) + bar(1, average=1.5) + bar(2, average=1.5))
    watch.poll(NOW)
    assert _points(watch.average) == [(1, 1.5), (2, 1.5)]
    log(folder, bar(2, average=1.25) + bar(3, average=1.25))
    view = watch.poll(NOW + 1)
    assert _points(watch.average) == [(1, 1.5), (2, 1.25), (3, 1.25)]
    assert (view.source, view.loss_current, view.loss_average, view.learning_rate) == ("log", None, 1.25, None)


def test_steps_with_saves_and_samples_are_not_the_pace(tmp_path: Path) -> None:
    folder = make(tmp_path, record(), heartbeat())
    log(folder, block(80), NOW)
    at = NOW
    for step in range(1, 8):
        at += 3.0
        log(folder, bar(step), at)
        if step in (2, 4, 5, 6):
            log(folder, b"\n\nsaving checkpoint: /o/n-step%08d.safetensors\n" % step, at + 0.5)
            at += 100
    assert _watch(folder).poll(at).seconds_per_step == pytest.approx(3.0)


def test_without_times_the_bar_s_clock_tells_the_pace(tmp_path: Path) -> None:
    folder = make(tmp_path, record(), heartbeat(seconds_per_step=7.5))
    watch = _watch(folder)
    assert watch.poll(NOW).seconds_per_step == 7.5
    log(folder, b"".join(b"\rsteps:  1%%|#| %d/80 [00:%02d<9:00, ?it/s]" % (step, 4 * step) for step in range(1, 9)))
    assert watch.poll(NOW).seconds_per_step == pytest.approx(4.0)


def test_bytes_whose_time_is_not_written_yet_wait_for_it(tmp_path: Path) -> None:
    folder = make(tmp_path, record(), heartbeat())
    watch = _watch(folder)
    log(folder, block(80) + bar(1), NOW)
    log(folder, bar(2))
    assert watch.poll(NOW + 1).facts.step == 1
    log(folder, b"", NOW + 5)
    assert watch.poll(NOW + 6).facts.step == 2
    log(folder, bar(3))
    write_record(folder.exit, ended(Status.INTERRUPTED, 1))
    assert watch.poll(NOW + 7).facts.step == 3


def test_a_long_log_is_paced_by_its_end(tmp_path: Path) -> None:
    folder = make(tmp_path, record(total_steps=9000), heartbeat())
    log(folder, block(9000), NOW)
    for step in range(1, 6001):
        folder_time = NOW + step * (5.0 if step < 3000 else 1.0) if step % 10 == 0 else None
        log(folder, bar(step, 9000), folder_time)
    view = _watch(folder).poll(NOW + 30_000)
    assert (view.facts.step, view.facts.total_steps) == (6000, 9000)
    assert view.seconds_per_step == pytest.approx(1.0)


def _resumed(tmp_path: Path) -> tuple[RunFolder, RunFolder]:
    first = make(tmp_path, record("v1-train"), heartbeat(), ended(Status.STOPPED, 1))
    log(first, block(80) + b"".join(bar(step, average=3) for step in range(1, 68)))
    events(first, range(1, 68))
    second = make(
        tmp_path,
        record("v1-train-2", step_offset=60, resumes_run="v1-train", resumed_from="/o/n-step00000060-state"),
        heartbeat(),
    )
    return first, second


def test_a_resumed_run_goes_on_at_true_steps(tmp_path: Path) -> None:
    """The first run got to 67, the state was of 60: what came after 60 was trained again."""
    _, second = _resumed(tmp_path)
    log(second, block(20, epochs=1) + bar(0, 20) + bar(1, 20) + bar(2, 20))
    events(second, range(1, 3))
    watch = _watch(second)
    view = watch.poll(NOW)
    assert (view.row.record.step_offset, view.facts.step) == (60, 2)
    assert (view.epoch, view.epochs) == (2, 2)
    assert (view.next_save_step, view.last_state) == (80, Saved(60, "/o/n-step00000060-state"))
    assert view.steps_since_save == 2
    assert [x for x, _ in _points(watch.loss)] == list(range(1, 63))
    assert [x for x, _ in _points(watch.average)] == list(range(1, 63))
    assert watch.loss.y(59) == pytest.approx(2.60)
    assert watch.loss.y(60) == pytest.approx(2.01)
    assert [x for x, _ in _points(watch.history)] == list(range(1, 61))


def test_a_resume_of_a_resume(tmp_path: Path) -> None:
    _, second = _resumed(tmp_path)
    write_record(second.exit, ended(Status.STOPPED, 1))
    log(second, block(20) + b"".join(bar(step, 20) for step in range(1, 11)))
    third = make(tmp_path, record("v1-train-3", step_offset=65, resumes_run="v1-train-2"), heartbeat())
    log(third, block(15) + bar(1, 15))
    watch = _watch(third)
    watch.poll(NOW)
    assert [x for x, _ in _points(watch.average)] == list(range(1, 67))


def test_runs_that_resume_each_other(tmp_path: Path) -> None:
    make(tmp_path, record("a", resumes_run="b"), heartbeat())
    folder = make(tmp_path, record("b", resumes_run="a"), heartbeat())
    log(folder, bar(1))
    assert _watch(folder).poll(NOW).facts.step == 1


def test_a_run_that_is_gone_leaves_its_follower_alone(tmp_path: Path) -> None:
    folder = make(tmp_path, record("b", resumes_run="../../etc", step_offset=5), heartbeat())
    log(folder, bar(1))
    watch = _watch(folder)
    watch.poll(NOW)
    assert _points(watch.average) == [(6, 1.0)]


def test_states_on_disk_decide(tmp_path: Path) -> None:
    """What the log says was written may be cut short."""
    out = tmp_path / "out"
    folder = make(tmp_path, record(output_dir=str(out), output_name="n", step_offset=100), heartbeat())
    state(out / "n-step00000020-state")
    state(out / "n-step00000040-state")
    (out / "n-step00000040-state" / "optimizer.bin").unlink()
    log(folder, block(80) + bar(45))
    watch = _watch(folder)
    view = watch.poll(NOW)
    assert view.last_state == Saved(120, str(out / "n-step00000020-state"))
    assert view.steps_since_save == 25
    state(out / "n-state")
    assert watch.poll(NOW + 1).last_state == view.last_state, "the disk is not asked at each look"
    assert watch.poll(NOW + 11).last_state == Saved(180, str(out / "n-state"))


def test_states_of_epochs(tmp_path: Path) -> None:
    out = tmp_path / "out"
    folder = make(tmp_path, record(output_dir=str(out), output_name="n"), heartbeat())
    state(out / "n-000001-state")
    log(
        folder,
        block(80) + b"\nepoch 1/2\n" + bar(30) + b"INFO:x:Saving current state to %b\n" % bytes(out / "n-000001-state"),
    )
    log(folder, b"INFO:x:Random states saved in x\n" + bar(31))
    assert _watch(folder).poll(NOW).last_state == Saved(30, str(out / "n-000001-state"))


def test_an_ended_run_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(tmp_path, record(), heartbeat(), ended(Status.FAILED, 1))
    log(folder, bar(1) + b"\nTraceback (most recent call last):\n  File\nValueError: no")
    watch = _watch(folder)
    view = watch.poll(NOW)
    assert view.facts.outcome is Outcome.FAILED
    assert view.facts.error is not None and view.facts.error.message == "ValueError: no"
    assert (view.eta_seconds, view.next_save_step) == (None, None)
    monkeypatch.setattr(LogReader, "feed", None)
    assert watch.poll(NOW + 1) is view


def test_a_lost_run_is_read_to_its_end(tmp_path: Path) -> None:
    folder = make(tmp_path, record(), heartbeat())
    log(folder, block(80) + bar(1), NOW)
    log(folder, bar(2))
    watch = RunWatch(folder, lambda sign: False)
    view = watch.poll(NOW)
    assert (view.row.status, view.facts.step, view.eta_seconds) == (Status.LOST, 2, None)


def test_no_record(tmp_path: Path) -> None:
    with pytest.raises(FptuiError, match="no run"):
        _watch(RunFolder(tmp_path)).poll(NOW)


def test_a_log_that_was_begun_anew(tmp_path: Path) -> None:
    folder = make(tmp_path, record(), heartbeat())
    log(folder, block(80) + b"".join(bar(step) for step in range(1, 40)))
    watch = _watch(folder)
    assert watch.poll(NOW).facts.step == 39
    folder.log.write_bytes(bar(2))
    assert watch.poll(NOW).facts.step == 2
    assert _points(watch.average) == [(2, 1.0)]


def test_curves_are_empty_before_the_first_look(tmp_path: Path) -> None:
    watch = _watch(RunFolder(tmp_path))
    assert (len(watch.loss), len(watch.average), len(watch.learning_rate), watch.log_tail(5)) == (0, 0, 0, [])


def test_the_default_asks_for_living_processes(tmp_path: Path) -> None:
    folder = make(tmp_path, record(), heartbeat())
    assert RunWatch(folder).poll(NOW).row.status is Status.LOST
    assert isinstance(heartbeat(), Heartbeat)
