"""Safe first: what of the runs that ended here a stop of this pod would lose, and what can be done about it."""

import errno
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fptui.adapters.flush import Flush
from fptui.adapters.hub import list_repository, retry_upload
from fptui.adapters.pod import pod_facts
from fptui.adapters.processes import boot_id, is_alive
from fptui.adapters.trainer_processes import trainers_at_work
from fptui.core.doctor import Grade, mount_of, survival_finding
from fptui.core.facts import LogFacts
from fptui.core.musubi.log_reader import LogReader
from fptui.core.musubi.trainer_toml import flattened, read
from fptui.core.musubi.uploads import Output, Repository, outputs, repository
from fptui.core.project import Project, Settings
from fptui.core.run import Heartbeat, RunFolder, RunRecord, read_exit, read_heartbeat
from fptui.core.run_status import row
from fptui.core.safety import UNKNOWN, Hazard, Listing, Survives, judge
from fptui.core.status import Stage
from fptui.core.text import plain
from fptui.core.view import RunRow
from fptui.errors import FptuiError

_NETWORK_DISKS = ("nfs", "nfs4", "virtiofs", "ceph", "lustre", "9p", "cifs")
"""Kinds of file system that lie on another machine; and all of fuse's."""
LOOK_AGAIN, TRY_AGAIN = 20.0, 600.0
"""Seconds: how old what was found may be; how long an upload that failed is left alone."""
_FLUSH_SECONDS = 30.0
_CHUNK = 1 << 20
_MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True)
class Outside:
    """What is looked at beyond the files of the runs."""

    alive: Callable[[Heartbeat], bool] = is_alive
    at_work: Callable[[], Counter[str]] = trainers_at_work
    survives: Survives | None = None
    """None: by this pod's mounts; on what is no pod of RunPod's, everything survives."""
    upload_seconds: float = 900.0


@dataclass(frozen=True)
class _Looked:
    fingerprint: tuple[object, ...]
    at: float
    hazards: tuple[Hazard, ...]


@dataclass(frozen=True)
class _Upload:
    python: str
    repo: Repository
    output: Output


class Safety:
    """Can be asked every few seconds: a run that is safe is not looked at again until its files change. `unsafe` and
    `make_safe` may be called from two threads, each from one."""

    def __init__(self, environment: Mapping[str, str], outside: Outside | None = None) -> None:
        self._environment, self._outside = environment, outside or Outside()
        self._flush = Flush()
        self._looked: dict[str, _Looked] = {}
        self._listings: dict[Repository, tuple[float, Listing]] = {}
        self._uploads: dict[str, _Upload] = {}
        self._uploaded: frozenset[str] = frozenset()
        self._tried: dict[str, float] = {}

    def unsafe(self, projects: Sequence[str], now: float, *, terminate: bool = False) -> list[Hazard]:
        """All hazards of the ended runs of these project folders, newest run first, and what was written is flushed.
        `terminate`: the pod is to be terminated, which only a network volume outlives."""
        survives = self._outside.survives or _survives(self._environment, terminate=terminate)
        at_work, found, fresh = self._outside.at_work(), list[Hazard](), list[str]()
        for folder, run in self._ended(projects, now):
            config = _config_path(run.record)
            count, key = at_work[config] if config else 0, f"{folder.path}|{terminate}"
            fingerprint, known = _fingerprint(folder, run.record), self._looked.get(key)
            if known is None or count or known.fingerprint != fingerprint or not _holds(known, now):
                hazards = tuple(self._look(folder, run, count, survives, now))
                # One that is being written will look otherwise in a second.
                known = _Looked(() if count else fingerprint, now, hazards)
                self._looked[key] = known
                fresh += [str(each) for each in (_output_dir(run.record), folder.path) if each and each.exists()]
            found += known.hazards
        found += [hazard for path in projects if (hazard := _gone(path)) is not None]
        problem = self._flush.flush(list(dict.fromkeys(fresh)), _FLUSH_SECONDS)
        if problem is not None:
            self._looked.clear()
            cure = "It is tried again; a network volume that has died comes back with a new pod."
            found.append(Hazard(UNKNOWN, "", problem, cure, is_lost_by_stop=True))
        return found

    def make_safe(self, hazards: Sequence[Hazard], now: float) -> list[str]:
        """Upload once more what these name, each at most once in ten minutes. Returns what did not work, a sentence
        each."""
        problems = []
        for path in dict.fromkeys(path for hazard in hazards if hazard.can_retry for path in hazard.paths):
            upload, tried = self._uploads.get(path), self._tried.get(path)
            if upload is None or (tried is not None and 0 <= now - tried < TRY_AGAIN):
                continue
            self._tried[path] = now
            assert upload.output.place is not None
            problem = retry_upload(upload.python, upload.repo, path, upload.output.place,
                                   environment=self._environment, seconds=self._outside.upload_seconds)  # fmt: skip
            if problem is None:
                self._uploaded |= {path}
                self._listings.pop(upload.repo, None)
                self._looked.clear()
            else:
                problems.append(problem)
        return problems

    def _ended(self, projects: Iterable[str], now: float) -> Iterator[tuple[RunFolder, RunRow]]:
        """Training runs that ended on this machine since it came up; what they left on a volume before that, the stop
        before that has left there. Of two with the same outputs the newer one: the older one had none."""
        seen: set[tuple[Path | None, str | None]] = set()
        for path in projects:
            for folder in Project(Path(path), "", Settings()).run_folders():
                run = row(folder, now, self._outside.alive)
                if run is None or run.record.stage is not Stage.TRAIN or not _is_of_here(folder, run.record):
                    continue
                outputs_of = (_output_dir(run.record), run.record.output_name)
                if not run.status.is_active and outputs_of not in seen:
                    yield folder, run
                seen.add(outputs_of)

    def _look(self, folder: RunFolder, run: RunRow, count: int, survives: Survives, now: float) -> Iterator[Hazard]:
        record = run.record
        try:
            repo = _repository(record)
        except FptuiError as error:
            repo = None
            if record.saves.uploads:
                what = f"{plain(record.id)}: whether its uploads are through cannot be told. {error}"
                yield Hazard(UNKNOWN, record.id, what, "Look at the repository.")
        found = tuple(replace(output, is_uploaded=output.path in self._uploaded) for output in outputs(record, repo))
        for output in found:
            if repo is not None and output.place is not None:
                self._uploads[output.path] = _Upload(record.argv[0], repo, output)
        listing = None if repo is None or not found or count else self._listing(repo, now)
        yield from judge(
            record, _facts(folder), read_exit(folder.exit), listing=listing, survives=survives,
            alive_descendants=count, outputs=found,
        )  # fmt: skip

    def _listing(self, repo: Repository, now: float) -> Listing:
        at, listing = self._listings.get(repo, (None, None))
        if at is None or listing is None or not 0 <= now - at < LOOK_AGAIN:
            listing = list_repository(repo, self._environment)
            self._listings[repo] = now, listing
        return listing


def left_behind(record: RunRecord, environment: Mapping[str, str]) -> str | None:
    """One sentence, before a run starts, where its files will lie on a disk that the stop wipes and nowhere else."""
    folder = _output_dir(record)
    if record.stage is not Stage.TRAIN or folder is None or record.saves.uploads:
        return None
    if _survives(environment, terminate=False)(str(folder)) is not False:
        return None
    return (
        f"output_dir, {plain(str(folder))}, lies on a disk that the pod's stop wipes: the pod will stay up until its "
        "files are elsewhere. Put it on the volume, usually /workspace."
    )


def _holds(known: _Looked, now: float) -> bool:
    return not known.hazards or 0 <= now - known.at < LOOK_AGAIN


def _survives(environment: Mapping[str, str], *, terminate: bool) -> Survives:
    pod = pod_facts(environment)
    try:
        mounts = _MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:
        mounts = ""
    if pod.id is None:
        # Other services stop a machine with its disks, and end it without them.
        return (lambda path: _is_elsewhere(path, mounts)) if terminate else (lambda path: True)

    def survives(path: str) -> bool | None:
        grade = survival_finding(os.path.realpath(path), mounts, network_volume=pod.network_volume).grade
        kept = {Grade.OK: True, Grade.WARNING: None, Grade.PROBLEM: False}[grade]
        return False if kept and terminate and not pod.network_volume else kept

    return survives


def _is_elsewhere(path: str, mounts: str) -> bool:
    mount = mount_of(os.path.realpath(path), mounts)
    return mount is not None and (mount[1] in _NETWORK_DISKS or mount[1].startswith("fuse"))


def _is_of_here(folder: RunFolder, record: RunRecord) -> bool:
    beat = read_heartbeat(folder.heartbeat)
    if beat is None:
        return record.host in ("", os.uname().nodename)
    return beat.host == os.uname().nodename and beat.boot_id == boot_id()


def _config_path(record: RunRecord) -> str | None:
    """What the trainer was told to read."""
    places = [index for index, word in enumerate(record.argv[:-1]) if word == "--config_file"]
    return record.argv[places[0] + 1] if places else None


def _repository(record: RunRecord) -> Repository | None:
    path = _config_path(record)
    if record.trainer == "rehearsal" or path is None:
        return None  # a rehearsal uploads nothing
    return repository(flattened(read(Path(path))))


def _facts(folder: RunFolder) -> LogFacts | None:
    reader = LogReader()
    try:
        with folder.log.open("rb") as file:
            while chunk := file.read(_CHUNK):
                reader.feed(chunk)
    except OSError:
        return None
    reader.close()
    return reader.facts()


def _fingerprint(folder: RunFolder, record: RunRecord) -> tuple[object, ...]:
    paths = (folder.record, folder.exit, folder.heartbeat, folder.log, _output_dir(record))
    return tuple(_version(path) for path in paths if path is not None)


def _output_dir(record: RunRecord) -> Path | None:
    return Path(record.cwd, record.output_dir) if record.output_dir else None


def _version(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _gone(project: str) -> Hazard | None:
    """Of a project that was renamed or removed, or lies on a volume that is not there."""
    runs = Project(Path(project), "", Settings()).runs
    try:
        if not runs.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if runs.exists():
            os.scandir(runs).close()
    except OSError as error:
        what = f"{plain(project)} cannot be looked at: {error.strerror}."
        cure = "Give it its name back, or cancel autostop and see to the results yourself."
        return Hazard(UNKNOWN, "", what, cure, is_lost_by_stop=True)
    return None
