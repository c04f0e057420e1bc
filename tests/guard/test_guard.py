import contextlib
import json
import os
import shutil
from pathlib import Path

import pytest

from fptui.adapters.guard_files import Life, Request
from fptui.core.autostop import AutostopStatus, Policy, Unsafe
from fptui.core.provider import PodState
from fptui.core.records import read_record
from fptui.core.status import Status
from tests.guard.machine import Machine, interrupted

UPLOAD = Unsafe("The upload of v1-step00000100 is still going.", is_lost_by_stop=False)
COUNTING, STOPPED = AutostopStatus.COUNTING, AutostopStatus.STOPPED


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def counting(machine: Machine) -> Machine:
    machine.arm("a")
    machine.start("a")
    machine.tick(times=3)
    machine.end("a")
    machine.until(COUNTING, 3)
    return machine


def test_a_pod_is_stopped_ten_minutes_after_its_last_run_and_seen_to_be(machine: Machine) -> None:
    machine.arm("a", "b")
    machine.start("a")
    machine.start("b")
    machine.tick(60.0, times=5)
    machine.end("a")
    machine.tick(60.0, times=30)
    assert (machine.status, machine.service.stops) == (AutostopStatus.ARMED, 0), "the other is at work"
    machine.end("b", Status.OUT_OF_MEMORY)
    assert machine.until(COUNTING) == 1
    machine.tick(times=598)
    assert (machine.status, machine.service.stops) == (COUNTING, 0)
    assert machine.until(AutostopStatus.STOPPING) <= 3
    machine.until(STOPPED, 20)
    assert machine.service.stops == 1 and machine.state.price_per_hour == 2.5
    assert [(attempt.via, attempt.accepted) for attempt in machine.state.attempts] == [("fake", True)]


def test_a_lost_run_and_one_that_ended_before_the_guard_looked_count(machine: Machine) -> None:
    machine.arm("a")
    machine.start("a")
    machine.tick()
    machine.lose()
    machine.until(COUNTING, 2)
    machine.ask("cancel")
    machine.start("b")
    machine.end("b", Status.FAILED)
    machine.arm("b")
    assert machine.status is COUNTING


def test_another_pod_s_runs_hold_nothing_here(machine: Machine) -> None:
    counting(machine)
    machine.start("far", pod="pod2")
    machine.until(STOPPED, 620)


def test_a_new_run_holds_the_countdown(machine: Machine) -> None:
    counting(machine).tick(times=500)
    machine.start("b", autostop="off")
    machine.tick(60.0, times=60)
    assert (machine.status, machine.service.stops) == (AutostopStatus.ARMED, 0)
    machine.end("b")
    assert machine.until(STOPPED) >= 600


def test_cancel_and_extend(machine: Machine) -> None:
    counting(machine).ask("extend", 1800.0)
    machine.tick(10.0, times=230)
    assert machine.status is COUNTING and machine.state.remaining(machine.guard._outside.clock()) is not None
    machine.ask("cancel")
    machine.tick(60.0, times=100)
    assert (machine.status, machine.service.stops) == (AutostopStatus.CANCELLED, 0)


def test_a_guard_killed_at_each_of_its_steps_loses_no_countdown(machine: Machine) -> None:
    counting(machine)
    for at in range(1, 40):
        mend = interrupted(machine, at)
        if at == 20:
            machine.files.submit(extend(machine))
        with contextlib.suppress(KeyboardInterrupt):
            machine.tick(5.0, times=3)
        mend()
        machine.kill()
        assert machine.status is COUNTING and machine.service.stops == 0
    machine.until(STOPPED, 2000)
    assert machine.service.stops == 1


def extend(machine: Machine) -> Request:
    return Request("extend", machine.wall, seconds=300.0)


def test_a_request_is_taken_once_whenever_the_guard_is_killed(tmp_path: Path) -> None:
    for at in range(1, 8):
        machine = counting(Machine(tmp_path / str(at)))
        before = machine.state.deadline or 0.0
        machine.files.submit(extend(machine))
        mend = interrupted(machine, at)
        with contextlib.suppress(KeyboardInterrupt):
            machine.tick()
        mend()
        machine.kill()
        machine.tick()
        machine.tick()
        assert abs((machine.state.deadline or 0.0) - before - 300) < 5, at
        assert machine.files.pending() == []


def test_results_that_are_not_safe_are_waited_for_and_made_safe(machine: Machine) -> None:
    machine.unsafe = (UPLOAD,)
    counting(machine).tick(10.0, times=70)
    assert machine.service.stops == 0 and machine.made_safe > 0 and "Waits: The upload" in (machine.state.reason or "")
    machine.unsafe = ()
    machine.until(STOPPED, 60)


def test_a_service_that_refuses_raises_or_does_nothing_is_asked_until_it_obeys(machine: Machine) -> None:
    machine.service.accepts = False
    counting(machine).tick(10.0, times=100)
    refused = machine.service.stops
    assert refused > 5
    machine.service.raises = OSError("no route")
    machine.tick(10.0, times=30)
    assert machine.service.stops > refused and "no route" in machine.state.attempts[-1].outcome
    machine.service.raises, machine.service.accepts = None, True
    machine.service.observe = lambda: PodState.RUNNING  # type: ignore[method-assign]
    machine.tick(10.0, times=60)
    assert machine.status is AutostopStatus.STOPPING and machine.service.stops > refused + 3
    machine.service.observe = lambda: PodState.GONE  # type: ignore[method-assign]
    machine.until(STOPPED, 200)


def test_it_does_not_look_armed_when_it_could_not_stop(machine: Machine) -> None:
    machine.service.ok = False
    machine.arm("a")
    machine.tick(times=3)
    assert (machine.status, machine.state.shown) == (AutostopStatus.ARMED, AutostopStatus.FAILED)
    assert machine.state.problem == "The key is refused."
    machine.service.ok = True
    machine.tick(times=40)
    assert machine.state.shown is AutostopStatus.ARMED


@pytest.mark.parametrize("text", ["", "{", '{"status": "dreaming"}', '{"deadline": "x"}', "[" * 9999])
def test_a_torn_state_is_armed_anew(machine: Machine, text: str) -> None:
    counting(machine).start("b")
    machine.kill()
    machine.files.state.write_text(text)
    machine.tick(times=2)
    assert machine.status is AutostopStatus.ARMED and machine.said[-1].startswith("counting -> armed"), "by its spare"
    machine.kill()
    for file in (machine.files.state, machine.files.spare):
        file.write_text(text)
    machine.tick(times=2)
    assert machine.status is COUNTING, "nobody knows any more whose runs there are"
    machine.files.submit(Request("watch", machine.wall, str(machine.project), (machine.folder("b").window,)))
    machine.tick(times=2)
    assert machine.status is AutostopStatus.ARMED, "its supervisor has said it"
    machine.end("b")
    machine.until(STOPPED)


def test_a_full_disk_stops_no_countdown(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    counting(machine)

    def full(state: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(machine.files, "write_state", full)
    machine.tick(10.0, times=65)
    assert machine.service.stops == 1
    life = read_record(machine.files.life, Life)
    assert life is not None and life.trouble is not None and "No space left" in life.trouble


def test_the_wall_clock_may_be_set_and_the_guard_killed_meanwhile(machine: Machine) -> None:
    counting(machine).tick(times=300)
    machine.wall -= 3600
    machine.kill()
    assert 290 <= machine.until(STOPPED) <= 320


def test_a_removed_run_folder_is_an_end(machine: Machine) -> None:
    machine.arm("a")
    folder = machine.start("a")
    machine.tick()
    shutil.rmtree(folder.path)
    machine.until(COUNTING, 2)


def test_what_is_on_disk_is_for_other_programs_too(machine: Machine) -> None:
    counting(machine).arm(policy=Policy(grace=60.0))
    written = json.loads(machine.files.state.read_text())
    assert written["status"] == "counting" and written["pod_id"] == "pod1" and written["policy"]["grace"] == 60.0
    os.utime(machine.files.life, (machine.wall, machine.wall))
    assert machine.files.is_guarded(machine.wall + 5) and not machine.files.is_guarded(machine.wall + 60)
    assert machine.files.trouble(machine.wall) is None
    assert "not been heard of for 1 min" in (machine.files.trouble(machine.wall + 60) or "")
    os.utime(machine.files.life, (machine.wall + 50, machine.wall + 50))
    assert "free some space" in (machine.files.trouble(machine.wall + 60) or "")


def test_an_idle_gpu_without_a_run_counts_down_where_that_was_chosen(machine: Machine) -> None:
    machine.arm("a", policy=Policy(idle=1800.0))
    for works, seconds in ((None, 5000.0), (True, 5000.0), (False, 1000.0), (True, 10.0), (False, 1700.0)):
        machine.gpus_work = works
        machine.tick(seconds / 100, times=100)
        assert machine.status is AutostopStatus.ARMED, works
    machine.tick(10.0, times=12)
    assert machine.status is COUNTING and "idle for" in (machine.state.reason or "")


def test_a_user_who_is_away_is_told_of_ends_stops_and_failures(machine: Machine) -> None:
    machine.start("old")
    machine.end("old")
    machine.arm("a")
    machine.start("a")
    machine.tick(times=3)
    machine.end("a", Status.OUT_OF_MEMORY)
    machine.service.accepts = False
    machine.until(COUNTING, 3)
    machine.tick(times=3)
    assert [notice.title for notice in machine.told] == [
        "v1-train-a: out-of-memory",
        "pod pod1 stops in 10 min ($0.42)",
    ]
    assert "v1-train-a is out-of-memory." in machine.told[1].body
    machine.tick(10.0, times=100)
    assert [notice.title for notice in machine.told[2:]] == [
        "pod pod1 is being stopped", "pod pod1 CANNOT BE STOPPED so far",
    ]  # fmt: skip
    assert machine.told[-1].body.startswith("refused ")


def test_a_user_is_told_that_the_pod_stays_up_and_that_autostop_would_not_work(machine: Machine) -> None:
    machine.unsafe = (Unsafe("/root/output is on the container's disk.", is_lost_by_stop=True),)
    counting(machine).tick(60.0, times=45)
    assert machine.told[-1].title == "pod pod1 STAYS UP and costs money" and "/root/output" in machine.told[-1].body
    machine.arm("b")
    machine.service.ok = False
    machine.tick(60.0, times=12)
    assert machine.told[-1].title == "autostop of pod pod1 would not work"


@pytest.mark.parametrize(
    ("volume", "unsafe", "terminates"), [(True, (), True), (False, (), False), (True, (UPLOAD,), False)]
)
def test_a_pod_is_terminated_only_where_everything_is_on_a_network_volume(
    machine: Machine, volume: bool, unsafe: tuple[Unsafe, ...], terminates: bool
) -> None:
    machine.service.network_volume, machine.unsafe = volume, unsafe
    machine.arm("a", policy=Policy(terminate=True, keeps_data=False, unsafe_limit=60.0))
    machine.start("a")
    machine.end("a")
    machine.until(STOPPED, 800)
    assert machine.service.terminated is terminates


def test_a_run_s_own_grace_is_not_that_of_others(machine: Machine) -> None:
    machine.arm("a", policy=Policy(grace=900.0))
    machine.start("a")
    machine.start("b", autostop="20s")
    machine.tick()
    assert (machine.state.policy.grace, machine.state.grace) == (900.0, 20.0), "the line is of the newest"
    machine.end("b")
    machine.tick(times=30)
    assert (machine.status, machine.state.grace) == (AutostopStatus.ARMED, 900.0)
    machine.end("a")
    machine.until(COUNTING, 3)
    assert machine.state.deadline == machine.wall + 900


def test_a_guard_that_was_off_stays_off(machine: Machine) -> None:
    machine.tick()
    machine.kill()
    machine.tick(times=2)
    assert machine.status is AutostopStatus.OFF


def other_project(machine: Machine, run: str) -> Path:
    """Another project with a run that ended long ago."""
    machine.start(run)
    machine.end(run, Status.FAILED)
    other = machine.project.parent / "other"
    (other / "runs").mkdir(parents=True)
    machine.folder(run).path.rename(other / "runs" / machine.folder(run).id)
    return other


@pytest.mark.parametrize("do", ["watch", "arm"])
def test_what_had_ended_in_another_project_is_no_ending_of_now(machine: Machine, do: str) -> None:
    other = other_project(machine, "old")
    machine.arm("a")
    machine.start("a")
    machine.tick()
    machine.files.submit(Request(do, machine.wall, str(other), ("soon@0",), policy=Policy()))
    machine.tick(times=5)
    assert machine.status is AutostopStatus.ARMED
    machine.end("a")
    machine.until(COUNTING, 3)
    assert "v1-train-a" in (machine.state.reason or "")


def test_results_are_looked_at_again_once_another_run_has_ended(machine: Machine) -> None:
    counting(machine)
    machine.tick(times=590)
    machine.start("b")
    machine.end("b")
    machine.unsafe = (Unsafe("/root/output is on the container's disk.", is_lost_by_stop=True),)
    machine.tick(times=900)
    assert (machine.status, machine.service.stops) == (COUNTING, 0)


def test_rubbish_among_the_requests_keeps_none_from_being_forgotten(machine: Machine) -> None:
    counting(machine)
    (machine.files.requests / "0").mkdir()
    (machine.files.requests / "00.json").write_text("{")
    machine.ask("extend", 60.0)
    deadline = machine.state.deadline
    assert machine.files.pending() == []
    machine.tick(times=70)
    assert machine.state.deadline == deadline


def test_more_runs_than_are_remembered_begin_no_countdown(machine: Machine) -> None:
    for number in range(1100):
        machine.start(f"old{number}")
        machine.end(f"old{number}")
    machine.arm("a")
    machine.tick(times=3)
    assert machine.status is AutostopStatus.ARMED
    machine.start("a")
    machine.tick()
    machine.end("a")
    machine.until(COUNTING, 3)
    assert "v1-train-a" in (machine.state.reason or "")


def test_a_folder_whose_name_is_no_text_stops_nothing(machine: Machine) -> None:
    machine.start("a")
    machine.end("a")
    machine.folder("a").path.rename(machine.project / "runs" / os.fsdecode(b"v1-train-\xff"))
    counting(machine)
    machine.until(STOPPED, 700)


def test_a_stop_that_is_wanted_no_more_asks_no_further_way(machine: Machine) -> None:
    machine.service.accepts = False
    counting(machine)
    machine.until(AutostopStatus.STOPPING, 700)
    assert machine.service.wanted()
    machine.ask("cancel")
    assert machine.status is AutostopStatus.CANCELLED and not machine.service.wanted()


def test_a_trainer_that_is_no_run_of_ours_holds_the_pod(machine: Machine) -> None:
    counting(machine).tick(times=300)
    ours, by_hand = str(machine.folder("a").config / "config.toml"), "/workspace/by-hand/config.toml"
    machine.trainers = [ours]
    machine.tick(times=10)
    assert machine.status is COUNTING, "what a run has left at work is a matter of its results"
    machine.trainers = [ours, by_hand]
    machine.tick(times=2000)
    assert (machine.status, machine.service.stops) == (AutostopStatus.ARMED, 0)
    assert machine.state.reason == f"A trainer is at work with {by_hand}: it is waited for."
    machine.trainers = []
    assert 600 <= machine.until(STOPPED) <= 620


def test_runs_that_cannot_be_seen_any_more_hold_the_pod_by_their_trainers(machine: Machine) -> None:
    machine.arm("a")
    folder = machine.start("a")
    machine.trainers = [str(folder.config / "trainer.toml")]
    machine.tick(times=10)
    (machine.project / "runs").rename(machine.project / "elsewhere")
    machine.tick(times=3000)
    assert machine.service.stops == 0
    machine.trainers = []
    machine.until(STOPPED, 1000)


def test_a_pod_that_is_called_stopped_and_is_not_can_be_kept_up(machine: Machine) -> None:
    counting(machine)
    machine.until(STOPPED, 700)
    machine.kill()
    assert machine.files.needs_guard
    machine.ask("cancel")
    machine.tick(60.0, times=60)
    assert (machine.status, machine.service.stops) == (AutostopStatus.CANCELLED, 1)


def test_what_the_service_s_addresses_were_is_known_to_the_next_guard(machine: Machine) -> None:
    counting(machine)
    machine.kill()
    machine.tick()
    assert machine.reached == [{}, {"service.example": ("192.0.2.1",)}]


def test_it_is_cancelled_by_a_signal_where_no_request_can_be_written(machine: Machine) -> None:
    counting(machine).guard.cancel()
    machine.tick(times=700)
    assert (machine.status, machine.service.stops) == (AutostopStatus.CANCELLED, 0)


def test_another_project_s_settings_do_not_lose_this_one_s_data(machine: Machine) -> None:
    counting(machine)
    machine.unsafe = (Unsafe("/root/output is on the container's disk.", is_lost_by_stop=True),)
    other = other_project(machine, "old")
    careless = Policy(grace=5.0, keeps_data=False, unsafe_limit=0.0)
    machine.files.submit(Request("arm", machine.wall, str(other), (), policy=careless))
    machine.tick(times=3000)
    assert (machine.status, machine.service.stops) == (AutostopStatus.FAILED, 0)


def test_a_project_that_was_gone_when_the_machine_came_up_holds_nothing(machine: Machine) -> None:
    other = other_project(machine, "old")
    counting(machine).files.submit(Request("watch", machine.wall, str(other)))
    machine.tick()
    shutil.rmtree(other)
    machine.kill()
    machine.tick()
    assert str(other) in machine.state.projects
    machine.kill()
    machine.boot = "another"
    machine.tick()
    assert machine.state.projects == (str(machine.project),)


def test_a_trainer_that_begins_in_the_last_second_holds_the_pod(machine: Machine) -> None:
    counting(machine)
    while (machine.state.remaining(machine.guard._outside.clock()) or 0.0) > 1.0:
        machine.tick()
    machine.trainers = ["/workspace/by-hand/config.toml"]
    machine.tick(times=20)
    assert (machine.status, machine.service.stops) == (AutostopStatus.ARMED, 0)


def test_a_run_under_which_the_service_has_accepted_a_stop_is_told_of(machine: Machine) -> None:
    machine.service.observe = lambda: PodState.RUNNING  # type: ignore[method-assign]
    counting(machine)
    machine.until(AutostopStatus.STOPPING, 700)
    machine.tick(times=3)
    machine.start("b")
    machine.tick(times=5)
    assert machine.status is AutostopStatus.ARMED and "accepted the stop already" in (machine.state.reason or "")
