"""The log of the uploads that were broken off is a real one."""

from dataclasses import replace

import pytest

from fptui.core.facts import LogFacts, LogWarning, Outcome
from fptui.core.musubi.uploads import Output
from fptui.core.run import ExitRecord, RunRecord
from fptui.core.safety import Hazard, Listing, judge
from fptui.core.status import Stage, Status
from tests.core.musubi.logs import DATA, read

RECORD = RunRecord("v8-train-1", "v8", Stage.TRAIN, "musubi", ("python",), "/workspace", 1e9)
FINISHED = ExitRecord(Status.FINISHED, 0, None, 1e9, 1e9 + 60)
CALM = LogFacts(outcome=Outcome.FINISHED)
FAILED = replace(CALM, warnings=(LogWarning("upload-failed", 1, "failed to upload to HuggingFace / x : 401 no"),))

LORA = Output("/workspace/o/a.safetensors", {"": 5}, "v8/a.safetensors")
STATE = Output("/workspace/o/a-state", {"model.safetensors": 7})
WHOLE = Listing({"v8/a.safetensors": 5})
UNSEEN = Listing(None, "hub does not answer.")


def found(
    *outputs: Output,
    listing: Listing | None = WHOLE,
    facts: LogFacts | None = CALM,
    exit_record: ExitRecord | None = FINISHED,
    survives: bool | None = True,
    alive: int = 0,
) -> list[Hazard]:
    return judge(RECORD, facts, exit_record, listing=listing, survives=lambda path: survives,
                 alive_descendants=alive, outputs=outputs)  # fmt: skip


def kinds(hazards: list[Hazard]) -> list[tuple[str, bool, bool]]:
    return [(hazard.kind, hazard.can_retry, hazard.is_lost_by_stop) for hazard in hazards]


def test_what_is_listed_or_uploads_nowhere_is_safe() -> None:
    assert found(LORA) == []
    assert found(LORA, STATE) == []
    assert found(STATE, listing=None) == []
    assert found(listing=UNSEEN, facts=FAILED) == [], "nothing that could be lost"


def test_a_process_that_is_left_may_be_uploading() -> None:
    (hazard,) = found(LORA, alive=2)
    assert kinds([hazard]) == [("uploading", False, False)]
    assert hazard.what == "v8-train-1: 2 processes of it are still at work."
    assert kinds(found(LORA, alive=1, survives=False)) == [("uploading", False, True)]
    assert kinds(found(alive=1, survives=False)) == [("uploading", False, False)]


@pytest.mark.parametrize("listed", [{}, {"v8/a.safetensors": 4}, {"a.safetensors": 5}])
def test_what_is_not_listed_whole_is_missing(listed: dict[str, int]) -> None:
    (hazard,) = found(LORA, listing=Listing(listed))
    assert kinds([hazard]) == [("upload-missing", True, False)]
    assert hazard.what == "v8-train-1: a.safetensors is not in the repository, or not whole."
    assert hazard.paths == (LORA.path,)


def test_the_listing_is_believed_before_the_log() -> None:
    assert found(LORA, facts=FAILED) == []
    (hazard,) = found(LORA, facts=FAILED, listing=Listing({}))
    assert kinds([hazard]) == [("upload-failed", True, False)]
    assert hazard.what == "v8-train-1: uploading a.safetensors failed (401 no)."


def test_without_a_listing_the_log_decides() -> None:
    assert found(LORA, listing=UNSEEN) == []
    assert kinds(found(LORA, listing=UNSEEN, facts=FAILED)) == [("upload-failed", True, False)]


@pytest.mark.parametrize("end", [None, *(Status(name) for name in ("stopped", "failed", "interrupted"))])
def test_without_a_listing_an_end_that_was_not_its_own_proves_nothing(end: Status | None) -> None:
    exit_record = None if end is None else replace(FINISHED, status=end)
    (hazard,) = found(LORA, listing=UNSEEN, exit_record=exit_record)
    assert kinds([hazard]) == [("unknown", True, False)] and "(hub does not answer)" in hazard.what


def test_without_a_listing_a_log_that_is_missing_or_breaks_off_proves_nothing() -> None:
    assert kinds(found(LORA, listing=UNSEEN, facts=None)) == [("unknown", True, False)]
    assert kinds(found(LORA, listing=UNSEEN, facts=replace(CALM, upload_in_progress=True))) == [
        ("unknown", True, False)
    ]


def test_what_was_uploaded_again_is_safe_until_a_listing_says_otherwise() -> None:
    again = replace(LORA, is_uploaded=True)
    assert found(again, listing=UNSEEN, facts=FAILED, survives=False) == []
    assert kinds(found(again, listing=Listing({}), facts=FAILED)) == [("upload-failed", True, False)]


def test_a_disk_that_the_stop_wipes() -> None:
    assert found(LORA, survives=False) == [], "it is in the repository"
    (hazard,) = found(LORA, STATE, survives=False)
    assert kinds([hazard]) == [("not-on-volume", False, True)]
    assert hazard.paths == (STATE.path,) and "a-state lies on a disk that the stop wipes" in hazard.what
    assert kinds(found(STATE, listing=None, survives=False)) == [("not-on-volume", False, True)]


def test_a_disk_that_the_stop_wipes_asks_for_more_than_a_calm_log() -> None:
    (hazard,) = found(LORA, listing=UNSEEN, survives=False)
    assert kinds([hazard]) == [("not-on-volume", True, True)] and "hub does not answer" in hazard.what


def test_an_upload_that_will_be_tried_again_is_one_hazard() -> None:
    hazards = found(LORA, STATE, listing=Listing({}), survives=False)
    assert kinds(hazards) == [("upload-missing", True, True), ("not-on-volume", False, True)]
    assert [hazard.paths for hazard in hazards] == [(LORA.path,), (STATE.path,)]


def test_a_disk_of_which_nothing_is_known() -> None:
    assert kinds(found(STATE, survives=None)) == [("unknown", False, True)]
    assert found(LORA, survives=None) == []


def test_many_are_named_by_three() -> None:
    many = [replace(LORA, path=f"/o/a{number}.safetensors", place=f"{number}") for number in range(5)]
    (hazard,) = found(*many)
    assert "a0.safetensors, a1.safetensors, a2.safetensors and 2 more are not" in hazard.what
    assert len(hazard.paths) == 5


def test_names_are_shown_as_plain_text() -> None:
    (hazard,) = found(replace(LORA, path="/o/a\x1b[31m\n.safetensors"), listing=Listing({}))
    assert "\x1b" not in hazard.what and "\n" not in hazard.what


def test_uploads_broken_off_by_an_interrupt() -> None:
    facts = read((DATA / "logs" / "upload_broken_off.log").read_bytes()).facts()
    assert facts.outcome is Outcome.INTERRUPTED
    outputs = [
        Output(facts.checkpoints[0].path, {"": 81460}, "tiny-v1-step00000004.safetensors"),
        Output(facts.states[0].path, {"model.safetensors": 7}, "tiny-v1-step00000004-state"),
    ]
    stopped = replace(FINISHED, status=Status.STOPPED, exit_code=130)
    (hazard,) = found(*outputs, listing=UNSEEN, facts=facts, exit_record=stopped)
    assert kinds([hazard]) == [("upload-failed", True, False)]
    assert hazard.what == (
        "v8-train-1: uploading tiny-v1-step00000004.safetensors, tiny-v1-step00000004-state failed "
        "(cannot schedule new futures after interpreter shutdown)."
    )
