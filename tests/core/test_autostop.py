from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fptui.core.autostop import Active, Autostop, AutostopStatus, End, Now, Order, Policy, Seen, Unsafe
from fptui.core.autostop_steps import advance, armed, cancelled, extended, tried, watching
from fptui.core.autostop_words import why
from fptui.core.provider import Attempt, PodState
from fptui.core.records import read_record, write_json
from fptui.core.status import Status

A = Active("v1-train-a")
ENDED = End("v1-train-a", Status.FINISHED, 3000.0)
POLICY = Policy()
UPLOAD = Unsafe("The upload of v1-step00000100 is still going.", is_lost_by_stop=False)
VOLATILE = Unsafe("/root/output is on the container's disk.", is_lost_by_stop=True)
ACCEPTED, REFUSED = Attempt(0.0, "GraphQL", "stopping", True), Attempt(0.0, "GraphQL", "401", False)


def at(second: float, *, wall: float | None = None, boot: str = "b") -> Now:
    return Now(1e9 + second if wall is None else wall, second, boot)


def seen(second: float, *active: Active, ended: tuple[End, ...] = (), unsafe: tuple[Unsafe, ...] | None = (),
         observed: PodState = PodState.RUNNING, idle: float | None = None) -> Seen:  # fmt: skip
    return Seen(at(second), active, ended, unsafe, idle, observed)


def begun(policy: Policy | None = None) -> Autostop:
    return armed(Autostop(), seen(0.0), policy or POLICY, fresh=[A.id])


def counting(policy: Policy | None = None) -> Autostop:
    state, _ = advance(begun(policy), seen(1.0, A))
    state, order = advance(state, seen(10.0, ended=(ENDED,)))
    assert (state.status, order) == (AutostopStatus.COUNTING, None)
    return state


def test_it_counts_down_after_the_last_run_and_then_stops() -> None:
    state = counting()
    assert state.reason == "v1-train-a is finished." and state.deadline == 1e9 + 610
    state, order = advance(state, seen(609.0, ended=(ENDED,)))
    assert (state.status, state.remaining(at(609.0)), order) == (AutostopStatus.COUNTING, 1.0, None)
    state, order = advance(state, seen(610.0, ended=(ENDED,)))
    assert (state.status, order) == (AutostopStatus.STOPPING, Order.STOP)
    state = tried(state, [ACCEPTED], at(611.0))
    state, order = advance(state, seen(612.0, ended=(ENDED,)))
    assert (state.status, order) == (AutostopStatus.STOPPING, Order.OBSERVE)
    state, order = advance(state, seen(613.0, ended=(ENDED,), observed=PodState.STOPPED))
    assert (state.status, order) == (AutostopStatus.STOPPED, None)


@pytest.mark.parametrize("status", [Status.FINISHED, Status.FAILED, Status.OUT_OF_MEMORY, Status.INTERRUPTED,
                                    Status.STOPPED, Status.LOST])  # fmt: skip
def test_every_ending_counts(status: Status) -> None:
    state, _ = advance(begun(), seen(1.0, ended=(End(A.id, status, 0.5),)))
    assert state.status is AutostopStatus.COUNTING, "also one that was never seen alive"
    assert status.value in (state.reason or "")


def test_armed_it_waits_for_ever_and_old_endings_count_for_nothing() -> None:
    state = armed(Autostop(), seen(0.0, ended=(ENDED,)), POLICY, ["soon"])
    for second in (1.0, 1e6):
        state, order = advance(state, seen(second, ended=(ENDED,)))
        assert (state.status, order) == (AutostopStatus.ARMED, None)


def test_a_run_holds_a_countdown_and_loses_none() -> None:
    state, _ = advance(counting(), seen(20.0, Active("v1-smoke", counts=False), ended=(ENDED,)))
    assert state.status is AutostopStatus.ARMED and state.deadline is None
    off = End("v1-smoke", Status.FINISHED, 9.0, counts=False)
    state, _ = advance(state, seen(30.0, ended=(off, ENDED)))
    assert (state.status, state.remaining(at(30.0))) == (AutostopStatus.COUNTING, 600.0)


def test_after_a_stranger_s_trainer_the_countdown_is_as_long_as_the_run_asked_for() -> None:
    short = replace(A, grace=4.0)
    state, _ = advance(begun(), seen(1.0, short))
    state, _ = advance(state, seen(10.0, ended=(replace(ENDED, grace=4.0),)))
    state, _ = advance(state, seen(11.0, Active("a trainer", counts=False), ended=(ENDED,)))
    state, _ = advance(state, seen(50.0, ended=(ENDED,)))
    assert (state.status, state.remaining(at(50.0))) == (AutostopStatus.COUNTING, 4.0)


def test_a_run_with_autostop_off_begins_no_countdown() -> None:
    off = Active(A.id, counts=False)
    state, _ = advance(begun(), seen(1.0, off))
    for second in (2.0, 3.0):
        state, _ = advance(state, seen(second, ended=(replace(ENDED, counts=False),)))
        assert state.status is AutostopStatus.ARMED


def test_a_run_whose_folder_is_removed_has_ended() -> None:
    state, _ = advance(begun(), seen(1.0, A))
    state, _ = advance(state, seen(2.0))
    assert state.status is AutostopStatus.COUNTING


def test_the_grace_is_the_run_s_own_or_the_one_of_an_early_failure() -> None:
    for end, policy, wanted in (
        (replace(ENDED, grace=60.0), POLICY, 60.0),
        (End(A.id, Status.FAILED, 30.0), Policy(early_failure_grace=120.0), 120.0),
        (End(A.id, Status.FAILED, 30.0, grace=60.0), Policy(early_failure_grace=120.0), 60.0),
        (End(A.id, Status.FAILED, 3600.0), Policy(early_failure_grace=120.0), 600.0),
        (End(A.id, Status.STOPPED, 30.0), Policy(early_failure_grace=120.0), 600.0),
    ):
        state, _ = advance(begun(policy), seen(5.0, ended=(end,)))
        assert state.remaining(at(5.0)) == wanted


def test_an_idle_gpu_counts_only_where_it_was_chosen() -> None:
    state, _ = advance(begun(), seen(5.0, idle=9999.0))
    assert state.status is AutostopStatus.ARMED
    state, _ = advance(begun(Policy(idle=1800.0)), seen(6.0, idle=1800.0))
    assert state.status is AutostopStatus.COUNTING and "idle for 30 min" in (state.reason or "")


def test_cancelled_and_off_are_left_alone() -> None:
    for state in (Autostop(), cancelled(counting(), "by you")):
        after, order = advance(replace(state, policy=Policy(idle=1.0)), seen(1e6, ended=(ENDED,)))
        assert (after.status, order) == (state.status, None)


def test_a_countdown_can_be_extended() -> None:
    state = extended(counting(), 1800.0, at(20.0))
    assert state.remaining(at(10.0)) == 2400.0 and state.deadline == 1e9 + 2410
    assert extended(begun(), 60.0, at(20.0)) == begun()


def test_one_that_waits_for_results_is_extended_from_now() -> None:
    state, _ = advance(counting(), seen(1500.0, ended=(ENDED,), unsafe=(UPLOAD,)))
    state = extended(state, 600.0, at(1500.0))
    assert state.remaining(at(1500.0)) == 600.0 and state.deadline == 1e9 + 2100


def test_armed_by_hand_while_no_run_is_on_it_counts_down_at_once() -> None:
    for before in (Autostop(), cancelled(counting(), "by you"), replace(begun(), status=AutostopStatus.FAILED)):
        state = armed(before, seen(100.0, ended=(ENDED,)), Policy(grace=60.0))
        assert (state.status, state.remaining(at(100.0))) == (AutostopStatus.COUNTING, 60.0)
    assert armed(counting(), seen(100.0), Policy(grace=3600.0)).remaining(at(100.0)) == 3600.0
    assert armed(counting(), seen(100.0), Policy(grace=3600.0), ["new"]).remaining(at(100.0)) == 510.0
    assert armed(Autostop(), seen(1.0, Active("a")), POLICY).status is AutostopStatus.ARMED


def test_where_nobody_could_look_the_data_is_kept() -> None:
    state, _ = advance(counting(), seen(610.0, ended=(ENDED,), unsafe=None))
    late = seen(610.0 + 1800, ended=(ENDED,), unsafe=None)
    kept, order = advance(state, late)
    assert (kept.status, order) == (AutostopStatus.FAILED, Order.MAKE_SAFE)
    assert advance(kept, replace(late, now=at(9e4)))[0].status is AutostopStatus.FAILED
    assert advance(replace(state, policy=Policy(keeps_data=False)), late)[1] is Order.STOP


@pytest.mark.parametrize(
    ("status", "after"),
    [(AutostopStatus.STOPPING, AutostopStatus.COUNTING), (AutostopStatus.STOPPED, AutostopStatus.OFF)],
)
def test_a_machine_that_was_started_again_after_its_stop_is_not_stopped_at_once(
    status: AutostopStatus, after: AutostopStatus
) -> None:
    state = replace(counting(), status=status, next_try_monotonic=5.0, accepted_monotonic=5.0)
    state, order = advance(state, replace(seen(10.0), now=at(10.0, boot="another")))
    assert (state.status, order) == (after, None)
    if after is AutostopStatus.COUNTING:
        assert state.remaining(at(10.0)) == state.policy.grace


def test_results_that_are_not_safe_hold_the_stop_up_and_then_it_stops_where_no_data_is_lost() -> None:
    state = counting()
    state, order = advance(state, seen(300.0, ended=(ENDED,), unsafe=(UPLOAD,)))
    assert (state.status, order) == (AutostopStatus.COUNTING, Order.MAKE_SAFE), "the grace is used"
    state, order = advance(state, seen(610.0, ended=(ENDED,), unsafe=(UPLOAD,)))
    assert (state.status, order) == (AutostopStatus.COUNTING, Order.MAKE_SAFE)
    assert state.reason == f"Waits: {UPLOAD.what}"
    state, order = advance(state, seen(610.0 + 1799, ended=(ENDED,), unsafe=None))
    assert order is Order.MAKE_SAFE, "not known is not safe"
    state, order = advance(state, seen(610.0 + 1800, ended=(ENDED,), unsafe=(UPLOAD,)))
    assert (state.status, order) == (AutostopStatus.STOPPING, Order.STOP)
    assert "could not be made safe" in (state.reason or "")


def test_the_default_keeps_the_data_and_goes_on_when_it_is_safe() -> None:
    state, _ = advance(counting(), seen(610.0, ended=(ENDED,), unsafe=(VOLATILE,)))
    late = seen(610.0 + 1800, ended=(ENDED,), unsafe=(VOLATILE,))
    assert advance(replace(state, policy=Policy(keeps_data=False)), late)[1] is Order.STOP
    state, order = advance(state, late)
    assert (state.status, order) == (AutostopStatus.FAILED, Order.MAKE_SAFE)
    assert state.reason == f"Stays up: {VOLATILE.what}"
    state, order = advance(state, replace(late, now=at(9e4)))
    assert state.status is AutostopStatus.FAILED and order is Order.MAKE_SAFE
    state, order = advance(state, seen(9e4 + 1, ended=(ENDED,)))
    assert (state.status, order) == (AutostopStatus.COUNTING, None), "whoever copied them away is still at it"
    assert advance(state, seen(9e4 + 602, ended=(ENDED,)))[1] is Order.STOP


def test_a_stop_is_tried_for_ever_with_bounded_patience() -> None:
    state, order = advance(counting(), seen(610.0, ended=(ENDED,)))
    assert order is Order.STOP
    second, waits = 610.0, []
    for _ in range(30):
        state = tried(state, [REFUSED, replace(REFUSED, retry_after=3.0)], at(second))
        last = second
        while order is not Order.STOP or second == last:
            second += 1.0
            state, order = advance(state, seen(second, ended=(ENDED,)))
        waits.append(second - last)
    assert waits[:5] == [5.0, 10.0, 20.0, 30.0, 60.0] and set(waits[5:]) == {60.0}
    assert state.tries == 30 and len(state.attempts) == 20
    patient = tried(state, [replace(REFUSED, retry_after=1e9)], at(second))
    assert patient.next_try_monotonic == second + 600


def test_an_accepted_stop_that_does_nothing_is_asked_for_again() -> None:
    state, _ = advance(counting(), seen(610.0, ended=(ENDED,)))
    state = tried(state, [ACCEPTED], at(611.0))
    orders = {second: advance(state, seen(second, ended=(ENDED,)))[1] for second in (612.0, 700.0, 701.0)}
    assert orders == {612.0: Order.OBSERVE, 700.0: Order.OBSERVE, 701.0: Order.STOP}
    stopped, _ = advance(state, seen(620.0, ended=(ENDED,), observed=PodState.GONE))
    again, order = advance(stopped, seen(920.0, ended=(ENDED,)))
    assert (again.status, order) == (AutostopStatus.STOPPING, Order.STOP), "alive, whatever the service says"


def test_a_pod_that_the_service_calls_stopped_before_we_asked_is_stopped_all_the_same() -> None:
    state, _ = advance(counting(), seen(610.0, ended=(ENDED,)))
    _, order = advance(state, seen(611.0, ended=(ENDED,), observed=PodState.GONE))
    assert order is Order.STOP


@pytest.mark.parametrize("wall", [1e9 - 3600, 1e9 + 1e6])
def test_a_changed_wall_clock_changes_no_countdown(wall: float) -> None:
    state, order = advance(counting(), Seen(at(300.0, wall=wall), ended=(ENDED,)))
    assert order is None and state.remaining(at(300.0)) == 310.0 and state.deadline == wall + 310


def test_after_a_boot_what_is_left_is_the_wall_clock_s_and_never_more_than_the_grace() -> None:
    for wall, wanted in ((1e9 + 310, 300.0), (1e9 - 3600, 600.0), (1e9 + 1e6, None)):
        state, order = advance(counting(), Seen(at(7.0, wall=wall, boot="c"), ended=(ENDED,)))
        assert state.remaining(at(7.0, boot="c")) == wanted and (order is Order.STOP) is (wanted is None)


def test_it_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    state = tried(counting(), [ACCEPTED, replace(REFUSED, retry_after=5.0)], at(20.0))
    write_json(tmp_path / "autostop.json", asdict(state))
    assert read_record(tmp_path / "autostop.json", Autostop) == state


STEPS = st.tuples(
    st.sampled_from([0.0, 1.0, 61.0, 400.0, 2000.0]),
    st.sampled_from(["", "a", "b-off"]),
    st.sampled_from([(), None, (UPLOAD,), (VOLATILE,)]),
    st.sampled_from([ACCEPTED, REFUSED]),
    st.sampled_from(list(PodState)),
    st.sampled_from([0.0, -3600.0, 1e5]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=30))
def test_never_under_a_run_never_too_early_and_in_the_end_always(
    steps: list[tuple[float, str, tuple[Unsafe, ...] | None, Attempt, PodState, float]],
) -> None:
    """Whatever happens before: when everything has ended and is safe, it is stopped after the grace."""
    state, second, number, wall = begun(), 0.0, 0, 0.0
    ended: tuple[End, ...] = (ENDED,)
    quiet_since = 0.0
    for wait, active, unsafe, attempt, observed, jump in [
        *steps,
        *[(400.0, "", (), REFUSED, PodState.RUNNING, 0.0)] * 4,
    ]:
        second, wall = second + wait, wall + jump
        runs: tuple[Active, ...] = ()
        if active:
            number += 1
            runs = (Active(f"r{number}", counts=active == "a"),)
            quiet_since = second
        now = Now(1e9 + second + wall, second, "b")
        before = state
        state, order = advance(state, Seen(now, runs, ended, unsafe, None, observed))
        if active:
            ended = (End(f"r{number}", Status.LOST, None, counts=active == "a"), *ended)
        if order is Order.STOP:
            assert not active and second - quiet_since >= 600.0
            is_begun = before.status in (AutostopStatus.STOPPING, AutostopStatus.STOPPED)
            held = 0.0 if before.held_monotonic is None else second - before.held_monotonic
            assert is_begun or unsafe == () or held >= POLICY.unsafe_limit
            state = tried(state, [attempt], now)
    assert state.status in (AutostopStatus.STOPPING, AutostopStatus.STOPPED)


def test_a_run_that_came_and_went_while_nobody_looked_begins_a_countdown_of_its_own() -> None:
    quick = End("v1-smoke", Status.FINISHED, 9.0, grace=1200.0)
    state = armed(counting(), seen(500.0, ended=(quick, ENDED)), POLICY, [quick.id])
    state, _ = advance(state, seen(500.0, ended=(quick, ENDED)))
    assert (state.remaining(at(500.0)), state.reason) == (1200.0, "v1-smoke is finished.")


def test_what_may_lose_data_is_done_only_as_far_as_every_project_allows() -> None:
    careless = Policy(grace=5.0, keeps_data=False, terminate=True, unsafe_limit=0.0)
    state = watching(watching(Autostop(), "/a", Policy(unsafe_limit=60.0)), "/b")
    assert armed(watching(state, "/b", careless), seen(0.0), careless).policy == Policy(grace=5.0, unsafe_limit=60.0)
    alone = watching(watching(Autostop(), "/a"), "/b", careless)
    assert alone.projects == ("/a", "/b") and armed(alone, seen(0.0), careless).policy == careless
    assert watching(alone, "/b", POLICY).watched[1].policy == POLICY


def test_a_guard_that_does_not_work_is_red_and_nothing_else_is() -> None:
    for status in AutostopStatus:
        state = Autostop(status, reason="so", guard_trouble="The guard has not been heard of for 1 min.")
        is_red = status not in (AutostopStatus.OFF, AutostopStatus.CANCELLED)
        assert (state.shown is AutostopStatus.FAILED) is is_red
        assert (why(state) == state.guard_trouble) is is_red
