"""Whether what a run made is safe when its pod stops. Pure: `actions.safety` looks, this judges."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fptui.core.facts import LogFacts
from fptui.core.musubi.uploads import Output
from fptui.core.run import ExitRecord, RunRecord
from fptui.core.status import Status
from fptui.core.text import plain

UPLOADING, FAILED, MISSING, NOT_ON_VOLUME, UNKNOWN = (
    "uploading",
    "upload-failed",
    "upload-missing",
    "not-on-volume",
    "unknown",
)
_NAMED = 3

Survives = Callable[[str], bool | None]
"""Whether what lies at a path is still there after the stop; None: cannot be told."""


@dataclass(frozen=True)
class Listing:
    """Bytes by path in the repository; None where they cannot be had, and then `problem` is a sentence."""

    files: Mapping[str, int] | None
    problem: str | None = None


@dataclass(frozen=True)
class Hazard:
    """Why the pod should not stop yet."""

    kind: str
    """`uploading`, `upload-failed`, `upload-missing`, `not-on-volume` or `unknown`."""
    run_id: str
    what: str
    """One sentence with names."""
    cure: str
    """One sentence: what is done about it, or what the user can do."""
    can_retry: bool = False
    """An upload of `paths` may mend it."""
    paths: tuple[str, ...] = ()
    is_lost_by_stop: bool = False
    """Not all of `paths` is known to outlive the stop."""


def judge(
    record: RunRecord,
    facts: LogFacts | None,
    exit_record: ExitRecord | None,
    *,
    listing: Listing | None,
    survives: Survives,
    alive_descendants: int,
    outputs: Sequence[Output],
) -> list[Hazard]:
    """Of a run that has ended. `facts` None: no log; `exit_record` None: lost; `listing` None: it uploads nowhere. What
    the repository lists with its size is safe wherever else it lies, whatever the log says."""
    case = _Case(record, survives)
    if alive_descendants:
        return [case.uploading(alive_descendants, outputs)]
    unproven = [output for output in outputs if not _is_in_repository(output, listing)]
    due = [output for output in unproven if output.place is not None]
    found = [_upload(case, facts, exit_record, listing, due)]
    # What an upload will mend is one hazard, not two.
    named = {path for hazard in found if hazard and hazard.can_retry for path in hazard.paths}
    found += _disk(case, listing, [output for output in unproven if output.path not in named])
    return [hazard for hazard in found if hazard is not None]


def _is_in_repository(output: Output, listing: Listing | None) -> bool:
    if listing is None or listing.files is None:
        return output.is_uploaded
    return output.is_in(listing.files)


def _upload(
    case: "_Case",
    facts: LogFacts | None,
    exit_record: ExitRecord | None,
    listing: Listing | None,
    due: Sequence[Output],
) -> Hazard | None:
    why = next((each.message for each in facts.warnings if each.kind == "upload-failed"), None) if facts else None
    if listing is None or not due:
        return None
    if why is not None:
        said = why.rpartition(" : ")[2]
        return case.retried(FAILED, f"uploading {case.names(due)} failed ({plain(said, 200)})", due)
    if listing.files is not None:
        return case.retried(MISSING, f"{case.names(due)} {_are(due)} not in the repository, or not whole", due)
    # musubi-tuner uploads before it goes on, or in threads that its end waits for, so that an end of its own accord
    # without a word of failure is one behind all uploads. An interrupt breaks an upload off without a word.
    of_its_own = exit_record is not None and exit_record.status is Status.FINISHED and facts is not None
    if of_its_own and not (facts and facts.upload_in_progress):
        return None
    text = f"whether {case.names(due)} {_are(due)} in the repository cannot be told"
    return case.retried(UNKNOWN, f"{text} ({_inner(listing.problem)})" if listing.problem else text, due)


def _disk(case: "_Case", listing: Listing | None, unproven: Sequence[Output]) -> list[Hazard | None]:
    wiped = [output for output in unproven if case.survives(output.path) is False]
    unknown = [output for output in unproven if case.survives(output.path) is None]
    return [
        case.on_disk(NOT_ON_VOLUME, f"{case.names(wiped)} {_lie(wiped)} on a disk that the stop wipes", wiped, listing),
        case.on_disk(UNKNOWN, f"cannot tell whether a stop keeps {case.names(unknown)}", unknown, listing),
    ]


@dataclass(frozen=True)
class _Case:
    record: RunRecord
    survives: Survives

    def uploading(self, count: int, outputs: Sequence[Output]) -> Hazard:
        processes = f"{count} process{'es' * (count != 1)} of it {'are' if count != 1 else 'is'} still at work"
        cure = "An upload or a save may be under way: it is waited for."
        return self._made(UPLOADING, processes, cure, outputs, can_retry=False)

    def retried(self, kind: str, text: str, due: Sequence[Output]) -> Hazard:
        cure = "The upload is tried again; HF_TOKEN must be set where autostop was armed."
        return self._made(kind, text, cure, due, can_retry=True)

    def on_disk(self, kind: str, text: str, outputs: Sequence[Output], listing: Listing | None) -> Hazard | None:
        if not outputs:
            return None
        can_retry = all(output.place is not None for output in outputs)
        if listing is not None and listing.problem and can_retry:
            text += f", and the repository cannot be looked at ({_inner(listing.problem)})"
        cure = "They are uploaded again." if can_retry else "Copy them to the volume, usually /workspace."
        return self._made(kind, text, cure, outputs, can_retry=can_retry)

    def names(self, outputs: Sequence[Output]) -> str:
        shown = ", ".join(plain(output.name, 200) for output in outputs[:_NAMED])
        return f"{shown} and {len(outputs) - _NAMED} more" if len(outputs) > _NAMED else shown

    def _made(self, kind: str, text: str, cure: str, outputs: Sequence[Output], *, can_retry: bool) -> Hazard:
        paths = tuple(output.path for output in outputs)
        lost = any(self.survives(path) is not True for path in paths)
        return Hazard(kind, self.record.id, f"{plain(self.record.id)}: {text}.", cure, can_retry, paths, lost)


def _inner(sentence: str | None) -> str:
    return (sentence or "").rstrip(".")


def _are(outputs: Sequence[Output]) -> str:
    return "is" if len(outputs) == 1 else "are"


def _lie(outputs: Sequence[Output]) -> str:
    return "lies" if len(outputs) == 1 else "lie"
