from dataclasses import replace

from fptui.core.autostop import Autostop, AutostopStatus
from fptui.core.notices import Notice
from fptui.core.status import Status
from fptui.core.view import ProjectView
from fptui.tui.bystander import Bystander
from fptui.tui.terminal_notice import terminal_notice
from tests.tui.fakes import NOW, FakeWatch, run

NOTICE = Notice("v8-train: finished", "After 2 h.")


def view(*statuses: Status, autostop: Autostop | None = None) -> ProjectView:
    watch = FakeWatch([run(status) for status in statuses])
    watch.autostop = autostop
    return watch.poll(NOW, None)


def test_an_end_is_told_once_and_never_that_of_before() -> None:
    told: list[Notice] = []
    bystander = Bystander(told.append)
    bystander.look(view(Status.FINISHED))
    assert told == []
    bystander.look(view(Status.TRAINING))
    bystander.look(view(Status.OUT_OF_MEMORY))
    bystander.look(view(Status.OUT_OF_MEMORY))
    assert [notice.title.split(": ")[1] for notice in told] == ["out-of-memory"]


def test_a_countdown_is_told_when_it_begins() -> None:
    told: list[Notice] = []
    bystander = Bystander(told.append)
    armed = Autostop(AutostopStatus.ARMED, pod_id="k3x9")
    counting = replace(armed, status=AutostopStatus.COUNTING, deadline=NOW + 600, reason="v8 has ended.")
    for state in (armed, counting, counting):
        bystander.look(view(autostop=state))
    assert [notice.title for notice in told] == ["pod k3x9 stops in 10 min"]


def test_the_sequences_of_terminals() -> None:
    assert terminal_notice(NOTICE, "bell", False) == "\a"
    assert terminal_notice(NOTICE, "osc9", False) == "\x1b]9;fptui: v8-train: finished. After 2 h.\x1b\\\a"
    assert terminal_notice(NOTICE, "osc777", False) == "\x1b]777;notify;v8-train: finished;After 2 h.\x1b\\\a"
    assert terminal_notice(NOTICE, "osc9", True) == (
        "\x1bPtmux;\x1b\x1b]9;fptui: v8-train: finished. After 2 h.\x1b\x1b\\\x1b\\\a"
    )


def test_text_from_outside_ends_no_sequence_and_begins_none() -> None:
    hostile = Notice("a;b\x07\x1b]52;c;x\x1b\\", "学習\x9c\n" + "x" * 1000)
    text = terminal_notice(hostile, "osc777", False)
    assert text.count("\x1b") == 2 and text.count("\a") == 1 and "\x9c" not in text and "学習" in text
    assert text.startswith("\x1b]777;notify;a,b") and len(text) < 700
