"""Run folders and outputs on disk, a repository on this machine; only the interpreter that uploads is a stand-in."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fptui.actions import safety
from fptui.actions.safety import LOOK_AGAIN, TRY_AGAIN, Outside, Safety
from fptui.adapters.pod import PodFacts
from fptui.adapters.processes import boot_id
from fptui.core.run import ExitRecord, Heartbeat, RunFolder, RunRecord, Saves, write_record
from fptui.core.safety import Hazard
from fptui.core.status import Stage, Status
from tests.adapters.hub_server import Hub, serving, status
from tests.core.musubi.logs import DATA
from tests.core.musubi.states import TENSORS, make_state

NOW = 1.8e9
NAME = "tiny-v1-step00000004"
FAILED_LOG = (DATA / "logs" / "upload_broken_off.log").read_bytes()
CALM_LOG = FAILED_LOG.partition(b"Traceback")[0]

_PYTHON = """#!{python}
# `-c PROGRAM REPO TYPE VISIBILITY PATH PLACE`: tells the hub what it was given.
import json, os, sys, urllib.request
repo, kind, _, path, place = sys.argv[3:]
with open({said!r}, "a") as file:
    print(json.dumps([repo, path, place, os.environ["HF_TOKEN"]]), file=file)
if os.path.exists({fails!r}):
    print("no room"); sys.exit(1)
"""


class Place:
    """A project with runs, the hub they upload to, and one `Safety` that looks at them."""

    def __init__(self, root: Path, hub: Hub) -> None:
        self.root, self.hub = root, hub
        self.project, self.output = root / "project", root / "project" / "output"
        self.output.mkdir(parents=True)
        self.said, self.fails = root / "said", root / "fails"
        self.python = root / "python"
        self.python.write_text(_PYTHON.format(python=sys.executable, said=str(self.said), fails=str(self.fails)))
        self.python.chmod(0o755)
        self.at_work: Counter[str] = Counter()
        self.survives: bool | None = True
        self.alive = False
        self.safety = Safety(hub.environment, Outside(lambda beat: self.alive, lambda: self.at_work,
                                                      lambda path: self.survives, 20.0))  # fmt: skip

    def unsafe(self, now: float = NOW) -> list[Hazard]:
        return self.safety.unsafe([str(self.project)], now)

    def kinds(self, now: float = NOW) -> list[str]:
        return [hazard.kind for hazard in self.unsafe(now)]

    def uploads(self) -> list[list[str]]:
        return [json.loads(line) for line in self.said.read_text().splitlines()] if self.said.exists() else []

    def save(self, name: str = NAME) -> None:
        (self.output / f"{name}.safetensors").write_bytes(TENSORS)
        if not (self.output / f"{name}-state").exists():
            make_state(self.output / f"{name}-state")

    def is_uploaded(self, *names: str) -> None:
        for name in names:
            for path in (self.output / name, *(self.output / name).glob("*")):
                if path.is_file():
                    self.hub.repositories["models/someone/loras"][f"v1/{path.relative_to(self.output)}"] = (
                        path.stat().st_size
                    )

    def run(
        self,
        number: int = 1,
        *,
        end: Status | None = Status.FINISHED,
        log: bytes | None = CALM_LOG,
        config: Mapping[str, object] | None = None,
        stage: Stage = Stage.TRAIN,
        output_name: str = "tiny-v1",
        host: str | None = None,
        trainer: str = "musubi",
    ) -> RunFolder:
        folder = RunFolder(self.project / "runs" / f"v1-train-20260101-00000{number}")
        folder.config.mkdir(parents=True)
        given = {"huggingface_repo_id": "someone/loras", "huggingface_path_in_repo": "v1",
                 "save_state_to_huggingface": True, **(config or {})}  # fmt: skip
        text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in given.items() if value is not None)
        (folder.config / "config.toml").write_text(text)
        argv = (str(self.python), "-m", "x", "--config_file", str(folder.config / "config.toml"))
        host = host or os.uname().nodename
        write_record(folder.record, RunRecord(
            folder.id, "v1", stage, trainer, argv, str(self.project), NOW - 3000, host=host, output_dir="output",
            output_name=output_name, saves=Saves(state=True, uploads=given["huggingface_repo_id"] is not None),
        ))  # fmt: skip
        write_record(folder.heartbeat, Heartbeat(NOW - 100, 1, 1, boot_id(), host, Status.TRAINING))
        if log is not None:
            folder.log.write_bytes(log)
        if end is not None:
            write_record(folder.exit, ExitRecord(end, 0, None, NOW - 3000, NOW - 60))
        return folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(Hub({"models/someone/loras": {}}, token="hf_secret")) as hub:
        yield Place(tmp_path, hub)


def test_what_is_uploaded_whole_is_safe_and_not_looked_at_again(place: Place) -> None:
    place.run(log=FAILED_LOG, end=Status.STOPPED)
    place.save()
    place.is_uploaded(f"{NAME}.safetensors", f"{NAME}-state")
    assert place.unsafe() == []
    assert len(place.hub.asked) == 1
    assert place.unsafe(NOW + 3600) == [] and len(place.hub.asked) == 1
    place.save("tiny-v1-step00000008")
    assert place.kinds(NOW + 3700) == ["upload-failed"], "files of it changed"


def test_what_is_missing_is_named_and_looked_at_again(place: Place) -> None:
    folder = place.run()
    place.save()
    place.is_uploaded(f"{NAME}-state")
    (hazard,) = place.unsafe()
    assert (hazard.kind, hazard.run_id, hazard.can_retry) == ("upload-missing", folder.id, True)
    assert hazard.paths == (str(place.output / f"{NAME}.safetensors"),)
    place.is_uploaded(f"{NAME}.safetensors")
    assert place.kinds(NOW + LOOK_AGAIN - 1) == ["upload-missing"] and len(place.hub.asked) == 1
    assert place.unsafe(NOW + LOOK_AGAIN) == []


def test_a_clock_that_is_set_back_makes_nothing_stale(place: Place) -> None:
    place.run()
    place.save()
    assert place.kinds() == ["upload-missing"]
    place.is_uploaded(f"{NAME}.safetensors", f"{NAME}-state")
    assert place.unsafe(NOW - 3600) == []


def test_uploads_are_tried_again_with_the_runs_own_python(place: Place) -> None:
    place.run(log=FAILED_LOG, end=Status.STOPPED)
    place.save()
    place.hub.fault = status(503)
    hazards = place.unsafe()
    assert [hazard.kind for hazard in hazards] == ["upload-failed"]
    assert place.safety.make_safe(hazards, NOW) == []
    checkpoint, state = str(place.output / f"{NAME}.safetensors"), str(place.output / f"{NAME}-state")
    assert sorted(place.uploads()) == sorted(
        [
            ["someone/loras", checkpoint, f"v1/{NAME}.safetensors", "hf_secret"],
            ["someone/loras", state, f"v1/{NAME}-state", "hf_secret"],
        ]
    )
    assert place.unsafe() == [], "the hub's client said so, and nothing else can be asked"
    place.hub.fault = None
    place.safety._looked.clear()
    assert place.kinds(NOW + LOOK_AGAIN) == ["upload-failed"], "the repository says otherwise"


def test_an_upload_that_fails_is_left_alone_for_a_while(place: Place) -> None:
    place.run()
    place.save()
    place.fails.touch()
    hazards = place.unsafe()
    problems = place.safety.make_safe(hazards, NOW)
    assert [problem.rpartition(": ")[2] for problem in problems] == ["no room.", "no room."]
    assert place.safety.make_safe(hazards, NOW + TRY_AGAIN - 1) == [] and len(place.uploads()) == 2
    assert place.kinds() == ["upload-missing"]
    place.fails.unlink()
    assert place.safety.make_safe(hazards, NOW + TRY_AGAIN) == [] and len(place.uploads()) == 4


def test_a_run_whose_trainer_outlives_its_supervisor_is_uploading(place: Place) -> None:
    folder = place.run(end=None)
    place.save()
    place.at_work[str(folder.config / "config.toml")] = 1
    hazards = place.unsafe()
    assert [hazard.kind for hazard in hazards] == ["uploading"] and not place.hub.asked
    assert place.safety.make_safe(hazards, NOW) == [] and not place.uploads()
    place.at_work.clear()
    assert place.kinds(NOW + 1) == ["upload-missing"], "it is over, and what it left is looked at at once"


def test_a_lost_run_without_a_listing_is_unknown(place: Place) -> None:
    place.run(end=None)
    place.save()
    place.hub.fault = status(401)
    (hazard,) = place.unsafe()
    assert hazard.kind == "unknown" and "does not show someone/loras" in hazard.what


def test_what_was_uploaded_again_is_looked_at_at_once(place: Place) -> None:
    place.run()
    place.save()
    hazards = place.unsafe()
    place.is_uploaded(f"{NAME}.safetensors", f"{NAME}-state")
    assert place.kinds() == ["upload-missing"]
    place.safety.make_safe(hazards, NOW)
    assert place.unsafe() == []


@pytest.mark.parametrize("stage", [Stage.SMOKE, Stage.CACHE_TEXT])
def test_only_training_has_results(place: Place, stage: Stage) -> None:
    place.save()
    place.run(stage=stage)
    assert place.unsafe() == [] and not place.hub.asked


def test_runs_of_other_machines_and_other_boots_are_not_ours(place: Place) -> None:
    place.save()
    place.run(1, host="another")
    beat = Heartbeat(NOW, 1, 1, "an earlier boot", os.uname().nodename, Status.TRAINING)
    write_record(place.run(2).heartbeat, beat)
    assert place.unsafe() == [] and not place.hub.asked


def test_a_rehearsal_uploads_nothing(place: Place) -> None:
    place.save()
    place.run(trainer="rehearsal")
    assert place.unsafe() == [] and not place.hub.asked


def test_what_is_at_work_is_not_over(place: Place) -> None:
    place.save()
    place.run(end=None)
    place.alive = True
    assert place.unsafe() == [] and not place.hub.asked
    place.alive = False
    assert place.kinds() == ["upload-missing"]


def test_a_termination_asks_for_more_than_a_stop(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safety, "_survives", lambda environment, terminate: lambda path: not terminate)
    asked = Safety({}, Outside(lambda beat: False, Counter))
    place.run(config={"huggingface_repo_id": None})
    place.save()
    assert asked.unsafe([str(place.project)], NOW) == []
    (hazard,) = asked.unsafe([str(place.project)], NOW, terminate=True)
    assert hazard.kind == "not-on-volume"
    assert asked.unsafe([str(place.project)], NOW) == []


def test_outputs_belong_to_the_newer_of_two_runs(place: Place) -> None:
    place.run(1, config={"huggingface_path_in_repo": "old"}, end=Status.FAILED)
    newer = place.run(2)
    place.save()
    assert [hazard.run_id for hazard in place.unsafe()] == [newer.id]
    assert len(place.hub.asked) == 1


def test_a_config_that_cannot_be_read(place: Place) -> None:
    folder = place.run()
    place.save()
    (folder.config / "config.toml").write_text("= broken")
    (hazard,) = place.unsafe()
    assert (hazard.kind, hazard.can_retry) == ("unknown", False) and "config.toml is not TOML" in hazard.what


def test_a_disk_that_the_stop_wipes(place: Place) -> None:
    place.run(config={"huggingface_repo_id": None})
    place.save()
    assert place.unsafe() == []
    place.safety._looked.clear()
    place.survives = False
    (hazard,) = place.unsafe()
    assert (hazard.kind, hazard.is_lost_by_stop, len(hazard.paths)) == ("not-on-volume", True, 2)


MOUNTS = "1 0 0:5 / / rw - overlay o rw\n2 1 0:6 / {volume} rw - xfs /dev/sdb rw\n"


@pytest.mark.parametrize(
    ("pod", "terminate", "kept"),
    [
        (PodFacts("k3x9"), False, [True, False]),
        (PodFacts("k3x9"), True, [False, False]),
        (PodFacts("k3x9", network_volume=True), True, [True, False]),
        (PodFacts(), False, [True, True]),
    ],
)
def test_what_a_stop_keeps(
    pod: PodFacts, terminate: bool, kept: list[bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "volume")
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS.format(volume=tmp_path / "volume"))
    monkeypatch.setattr(safety, "pod_facts", lambda environment: pod)
    monkeypatch.setattr(safety, "_MOUNTS", mounts)
    survives = safety._survives({}, terminate=terminate)
    assert [survives(str(tmp_path / name)) for name in ("link/a", "elsewhere/a")] == kept
    mounts.unlink()
    survives = safety._survives({}, terminate=terminate)
    assert survives(str(tmp_path / "link/a")) is (None if pod.id else True)


def test_what_cannot_be_flushed_is_no_safe_result(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[list[str]] = []
    problem: str | None = "dead"

    def flush(paths: list[str], seconds: float) -> str | None:
        flushed.append(paths)
        return problem if paths else None

    monkeypatch.setattr(place.safety._flush, "flush", flush)
    folder = place.run(config={"huggingface_repo_id": None})
    place.save()
    (hazard,) = place.unsafe()
    assert (hazard.kind, hazard.what, hazard.is_lost_by_stop) == ("unknown", "dead", True)
    assert flushed == [[str(place.output), str(folder.path)]]
    problem = None
    assert place.unsafe() == [] and len(flushed[-1]) == 2
    assert place.unsafe() == [] and flushed[-1] == [], "once it is on disk it stays there"


def test_a_project_that_is_not_where_it_was_is_not_taken_for_safe(tmp_path: Path) -> None:
    safety = Safety({}, Outside(at_work=Counter))
    (tmp_path / "there").mkdir()
    (there,) = [safety.unsafe([str(tmp_path / "there")], 1.0)]
    (hazard,) = safety.unsafe([str(tmp_path / "renamed")], 1.0)
    assert there == [] and hazard.is_lost_by_stop and "renamed cannot be looked at" in hazard.what
    (tmp_path / "there" / "runs").write_text("no folder")
    (hazard,) = safety.unsafe([str(tmp_path / "there")], 1.0)
    assert "Not a directory" in hazard.what


def test_before_a_run_it_is_said_that_its_files_would_not_outlive_the_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS.format(volume="/workspace"))
    monkeypatch.setattr(safety, "_MOUNTS", mounts)
    record = RunRecord("r", "v1", Stage.TRAIN, "musubi", ("x",), "/", 0.0, output_dir="/root/out")
    on_pod = {"RUNPOD_POD_ID": "p1"}
    assert "/root/out, lies on a disk that the pod's stop wipes" in (safety.left_behind(record, on_pod) or "")
    for other in (replace(record, output_dir="/workspace/out"), replace(record, saves=Saves(uploads=True)),
                  replace(record, stage=Stage.SMOKE)):  # fmt: skip
        assert safety.left_behind(other, on_pod) is None
    assert safety.left_behind(record, {}) is None


@pytest.mark.parametrize(("path", "kept"), [("/home/me/out", False), ("/lambda/nfs/mine/out", True)])
def test_elsewhere_an_end_leaves_what_lies_on_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, kept: bool
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text("1 0 8:1 / / rw - ext4 x x\n2 1 0:9 / /lambda/nfs/mine rw - virtiofs x x\n")
    monkeypatch.setattr(safety, "_MOUNTS", mounts)
    assert safety._survives({}, terminate=True)(path) is kept
    assert safety._survives({}, terminate=False)(path) is True
