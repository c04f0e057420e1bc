import os
import subprocess
import sys
import time
from dataclasses import replace

from fptui.adapters.processes import boot_id, descendants, is_alive, start_ticks
from fptui.core.run import Heartbeat
from fptui.core.status import Status
from tests.supervise.driving import until


def beat_of(pid: int) -> Heartbeat:
    return Heartbeat(100.0, pid, start_ticks(pid) or 0, boot_id(), os.uname().nodename, Status.TRAINING)


def test_a_process_lives_until_it_ends_and_its_number_fools_nobody() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    beat = beat_of(process.pid)
    assert is_alive(beat, now=1e9)
    assert not is_alive(replace(beat, pid_started=beat.pid_started + 1), now=100.0)
    process.kill()
    until(lambda: start_ticks(process.pid) is None)  # a zombie that nobody has waited for yet
    assert not is_alive(beat, now=100.0)
    process.communicate()


def test_elsewhere_only_the_age_of_the_sign_of_life_tells() -> None:
    beat = beat_of(os.getpid())
    for other in (replace(beat, boot_id="other"), replace(beat, host="other")):
        assert is_alive(other, now=159.0) and not is_alive(other, now=161.0)


def test_start_ticks_are_of_this_boot() -> None:
    ticks = start_ticks(os.getpid())
    assert ticks is not None
    assert 0 <= time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK") < 3600
    assert start_ticks(2**22 + 1) is None and boot_id()


def test_descendants_go_all_the_way_down_and_names_cannot_confuse() -> None:
    name = "open('/proc/self/comm','w').write('a) R 1 (b'); "
    below = f"{name}import subprocess,sys; subprocess.run([sys.executable, '-c', 'input()'])"
    process = subprocess.Popen([sys.executable, "-c", below], stdin=subprocess.PIPE)
    try:
        grandchild = until(lambda: descendants(process.pid))
        assert len(grandchild) == 1 and set(descendants(os.getpid())) >= {process.pid, *grandchild}
    finally:
        process.communicate(b"\n", timeout=10)
    assert descendants(process.pid) == []
