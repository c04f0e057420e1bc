"""Processes as /proc tells of them (Linux, proc(5))."""

import os
import time
from pathlib import Path

from fptui.core.run import Heartbeat

_FRESH_SECONDS = 60.0
"""A heartbeat from another machine is believed for so long: its processes cannot be looked at from here."""


def boot_id() -> str:
    """Names this boot of this kernel; empty where the kernel does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def start_ticks(pid: int) -> int | None:
    """When the process began, in ticks since boot; None when there is no such process, or only its zombie."""
    stat = _stat(pid)
    return None if stat is None or stat[0] in "ZX" else int(stat[19])


def is_alive(heartbeat: Heartbeat, now: float | None = None) -> bool:
    """Whether the supervisor that wrote this is still there; its number given to another process fools nobody."""
    if heartbeat.boot_id == boot_id() and heartbeat.host == os.uname().nodename:
        return start_ticks(heartbeat.pid) == heartbeat.pid_started
    return (time.time() if now is None else now) - heartbeat.at < _FRESH_SECONDS


def descendants(pid: int) -> list[int]:
    """Every living process below `pid`, in no particular order."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            stat = _stat(int(entry.name))
            if stat is not None and stat[0] not in "ZX":
                children.setdefault(int(stat[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on: the name before them may hold blanks and brackets."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()
