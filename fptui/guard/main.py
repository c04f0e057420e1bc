"""The guard as a process: one a pod, by a lock; a tick a second; gone when there is nothing left to guard."""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from fptui.adapters.guard_files import GuardFiles, guard_files
from fptui.adapters.notify import notify, notify_command
from fptui.adapters.nvml import NvmlSource
from fptui.adapters.pod import pod_facts
from fptui.adapters.processes import boot_id, start_ticks
from fptui.adapters.providers import provider_for
from fptui.core.autostop import Now
from fptui.core.gpu_history import Pod
from fptui.core.notices import Notice
from fptui.core.project import find_project
from fptui.core.text import plain
from fptui.errors import FptuiError
from fptui.guard.gpu_recorder import GpuRecorder
from fptui.guard.guard import Guard, Outside
from fptui.guard.results import Results
from fptui.guard.runs import Runs
from fptui.guard.watchdog import keep_alive

_IDLE_SECONDS = 600.0
_LARGEST_LOG = 1 << 20


def guard(environment: Mapping[str, str]) -> int:
    """Until there has been nothing to guard for ten minutes. 0 also where another guard is at work already.

    The work is done by a child, which this process starts again when it dies or hangs: behind the last run of a night
    nobody else would. SIGTERM to either is an end.
    """
    files = guard_files(environment)
    files.make()
    # It ends with the pod: not with a terminal, and not with whoever started it.
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)

    def work(beat: Callable[[], None]) -> None:
        with _lock(files) as is_ours:
            if is_ours is not None:
                _run(files, environment, is_ours, beat)

    keep_alive(work, logger(files.log))
    return 0


def _run(
    files: GuardFiles, environment: Mapping[str, str], is_ours: Callable[[], bool], beat: Callable[[], None]
) -> None:
    log = logger(files.log)
    results, pod_id = Results(environment, log), pod_facts(environment).id
    host = os.uname().nodename
    gpus = GpuRecorder(
        NvmlSource(), lambda: at_work.watched, lambda: Pod(pod_id, host, at_work.state.price_per_hour), log
    )
    outside = Outside(
        provider=lambda choice, command, known: provider_for(choice, environment, command, resolved=known),
        unsafe=results.unsafe,
        make_safe=results.make_safe,
        gpus_work=lambda: gpus.report.is_working,
        notify=lambda projects, notice: tell(projects, notice, environment, log),
        clock=now_here,
        log=log,
    )
    log(f"began, process {os.getpid()}")
    at_work = Guard(files, outside, Runs(pod_id))
    gpus.begin()
    signal.signal(signal.SIGUSR1, lambda *_: at_work.cancel())
    while True:
        beat()
        began = time.monotonic()
        try:
            at_work.tick()
        except Exception as error:  # whatever it was, the next second may be better, and the pod must stop
            log(f"tick: {type(error).__name__}: {error}")
        if not is_ours():
            log("the state folder was removed: ended, for the guard that has the new one")
            return
        if at_work.idle_since is not None and now_here().monotonic - at_work.idle_since > _IDLE_SECONDS:
            log("nothing to guard: ended")
            return
        time.sleep(max(0.0, 1.0 - (time.monotonic() - began)))


def tell(projects: Sequence[str], notice: Notice, environment: Mapping[str, str], log: Callable[[str], None]) -> None:
    """To every address and by every command that FPTUI_NOTIFY and the projects name, each once."""
    urls, commands = dict.fromkeys(environment.get("FPTUI_NOTIFY", "").split()), dict[tuple[str, ...], None]()
    for path in projects:
        try:
            settings = find_project(Path(path)).settings
        except FptuiError as error:
            log(str(error))
            continue
        urls.update(dict.fromkeys(settings.notify))
        commands.update({tuple(settings.notify_command): None} if settings.notify_command else {})
    problems = notify(list(urls), notice.title, notice.body, environment)
    for command in commands:
        problems += notify_command(command, notice.title, notice.body, environment)
    for problem in problems:
        log(problem)


@contextlib.contextmanager
def _lock(files: GuardFiles) -> Iterator[Callable[[], bool] | None]:
    """None where another has it; else whether it is still the one that others would find."""
    with files.lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield None
        else:
            yield lambda: _is_same(files.lock, file.fileno())


def _is_same(path: Path, descriptor: int) -> bool:
    """Also where that cannot be told; a lock that nobody has taken anew is no reason to leave."""
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except OSError:
        return True


def now_here() -> Now:
    """The clocks of this machine; the monotonic one goes on while it sleeps. A container that was stopped and started
    again has the kernel's boot of before, but another first process."""
    return Now(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), f"{boot_id()} {start_ticks(1)}")


def logger(path: Path) -> Callable[[str], None]:
    """Appends lines with their times; what was written before goes to NAME.1 when there is too much of it."""

    def log(text: str) -> None:
        line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {plain(text)}\n"
        with contextlib.suppress(OSError):
            if path.exists() and path.stat().st_size > _LARGEST_LOG:
                path.replace(path.with_name(f"{path.name}.1"))
            with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(line)

    return log
