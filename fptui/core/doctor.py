"""What `fptui doctor` concludes from what it was told about this machine. Pure: `actions.doctor` asks."""

from dataclasses import dataclass
from enum import Enum

from fptui.core.gpu import GpuReport
from fptui.core.units import file_size, gibibytes


class Grade(str, Enum):
    """OK; WARNING: something will be missing; PROBLEM: training will not start, or its files will be lost."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One line: about what, how it is, and what to do unless it is well."""

    about: str
    grade: Grade
    message: str
    fix: str | None = None


_LEAST_FREE, _ENOUGH_FREE = 5 * 10**9, 40 * 10**9
_VANISHING = frozenset({"overlay", "tmpfs", "ramfs", "aufs", "devtmpfs"})


def disk_finding(free_bytes: int) -> Finding:
    """A save at network_dim 32 takes 1.4 GB (checkpoint and state); a version's training usually leaves 40 GB."""
    text = f"{file_size(free_bytes)} free"
    if free_bytes < _LEAST_FREE:
        return Finding("disk", Grade.PROBLEM, text, "Free at least 5 GB: one save takes 1.4 GB at network_dim 32.")
    if free_bytes < _ENOUGH_FREE:
        return Finding("disk", Grade.WARNING, text, "40 GB is usual for one version's checkpoints and states.")
    return Finding("disk", Grade.OK, text)


def mount_of(path: str, mountinfo: str) -> tuple[str, str] | None:
    """Mount point and file system of an absolute path, out of the text of /proc/self/mountinfo (proc(5): fields are
    separated by blanks, blanks within them are `\\040`, the type stands behind ` - `)."""
    best: tuple[str, str] | None = None
    for line in mountinfo.splitlines():
        front, dash, back = line.partition(" - ")
        fields = front.split(" ")
        if not dash or len(fields) < 5 or not back:
            continue
        point = fields[4].replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
        inside = point in ("/", path) or path.startswith(point + "/")
        if inside and (best is None or len(point) >= len(best[0])):
            best = point, back.split(" ")[0]
    return best


def survival_finding(path: str, mountinfo: str, *, network_volume: bool) -> Finding:
    """Whether what lies at `path` is still there after this pod was stopped: what is mounted into the container is."""
    mount = mount_of(path, mountinfo)
    if mount is None:
        return Finding("pod stop", Grade.WARNING, f"cannot tell on which disk {path} lies", "Keep it under /workspace.")
    if mount[0] == "/" or mount[1] in _VANISHING:
        text = f"{path} lies on the container's own disk, which a stop of the pod wipes"
        return Finding("pod stop", Grade.PROBLEM, text, "Move the project under the volume, usually /workspace.")
    kind = "a network volume" if network_volume else "the pod's volume"
    kept = "a stop and a termination keep it" if network_volume else "a stop keeps it, a termination deletes it"
    return Finding("pod stop", Grade.OK, f"lies on {kind} ({mount[0]}): {kept}")


def gpu_finding(report: GpuReport, *, needed: bool) -> Finding:
    """Without a GPU only rehearsals can train."""
    if not report.gpus:
        grade = Grade.PROBLEM if needed else Grade.WARNING
        return Finding("GPU", grade, report.problem or "no GPU", "FramePack needs one; a rehearsal trains on the CPU.")
    names = ", ".join(f"{gpu.name or '?'} {gibibytes(gpu.memory_total)} GiB" for gpu in report.gpus)
    text = f"{names}, driver {report.driver or '?'}"
    return (
        Finding("GPU", Grade.WARNING, f"{text}. {report.problem}", None)
        if report.problem
        else Finding("GPU", Grade.OK, text)
    )
