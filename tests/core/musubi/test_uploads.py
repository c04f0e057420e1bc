import json
import os
from pathlib import Path

import pytest

from fptui.core.musubi.uploads import Output, Repository, outputs, repository
from fptui.core.run import RunRecord
from fptui.core.status import Stage
from tests.core.musubi.states import make_state


def record(folder: Path, output_dir: str | None = "output", output_name: str | None = "girl-v1") -> RunRecord:
    return RunRecord("v1-train-x", "v1", Stage.TRAIN, "musubi", ("python",), str(folder), 1e9,
                     output_dir=output_dir, output_name=output_name)  # fmt: skip


def checkpoint(path: Path, size: int = 10) -> Path:
    header = json.dumps({"a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * size)
    return path


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("v1", "v1/a"),
        ("", "a"),
        (None, "a"),
        ("loras/v1/", "loras/v1/a"),
        ("/v1", "v1/a"),
        ("./v1//x", "v1/x/a"),
    ],
)
def test_where_a_save_belongs(path: str | None, place: str) -> None:
    assert Repository("someone/loras", path=path).place("a") == place


def test_the_repository_of_a_config() -> None:
    assert repository({}) is None and repository({"huggingface_repo_id": ""}) is None
    assert repository({"huggingface_repo_id": 7}) is None
    assert repository({"huggingface_repo_id": "a/b"}) == Repository("a/b", "model", None, False, True)
    config = {"huggingface_repo_id": "a/b", "huggingface_repo_type": "dataset", "huggingface_path_in_repo": "",
              "save_state_to_huggingface": True, "huggingface_repo_visibility": "public"}  # fmt: skip
    assert repository(config) == Repository("a/b", "dataset", "", True, False)
    assert repository({**config, "huggingface_repo_visibility": "private"}) == Repository("a/b", "dataset", "", True)


def test_what_a_run_has_left_whole(tmp_path: Path) -> None:
    final = checkpoint(tmp_path / "output" / "girl-v1.safetensors")
    checkpoint(tmp_path / "output" / "girl-v10.safetensors")
    torn = checkpoint(tmp_path / "output" / "girl-v1-step00000020.safetensors")
    torn.write_bytes(torn.read_bytes()[:-1])
    state = make_state(tmp_path / "output" / "girl-v1-step00000020-state")
    (make_state(tmp_path / "output" / "girl-v1-state") / "optimizer.bin").unlink()
    found = outputs(record(tmp_path), Repository("a/b", path="v1"))
    assert [(output.path, output.place) for output in found] == [
        (str(final), "v1/girl-v1.safetensors"),
        (str(state), None),
    ]
    assert found[0].files == {"": final.stat().st_size}
    assert found[1].files == {path.name: path.stat().st_size for path in state.iterdir()}
    (_, with_states) = outputs(record(tmp_path), Repository("a/b", path="v1", takes_states=True))
    assert with_states.place == "v1/girl-v1-step00000020-state"
    assert [output.place for output in outputs(record(tmp_path), None)] == [None, None]


def test_checkpoints_come_first_and_the_newest_before_all(tmp_path: Path) -> None:
    folder = tmp_path / "output"
    names = ["girl-v1-state", "girl-v1.safetensors", "girl-v1-step00000020.safetensors", "girl-v1-000003.safetensors"]
    make_state(folder / names[0])
    for age, name in enumerate(names[1:]):
        os.utime(checkpoint(folder / name), (1e9 - age, 1e9 - age))
    found = [output.name for output in outputs(record(tmp_path), None)]
    assert found == [*names[1:], names[0]]


def test_a_run_that_has_no_outputs(tmp_path: Path) -> None:
    assert outputs(record(tmp_path), None) == ()
    assert outputs(record(tmp_path, None), None) == outputs(record(tmp_path, output_name=None), None) == ()


def test_a_state_is_in_the_repository_with_all_its_files() -> None:
    state = Output("/o/a-state", {"model.safetensors": 5, "more/x": 6}, "v1/a-state")
    listed = {"v1/a-state/model.safetensors": 5, "v1/a-state/more/x": 6, "v1/other": 1}
    assert state.is_in(listed)
    assert not state.is_in({**listed, "v1/a-state/more/x": 7})
    assert not state.is_in({"v1/a-state/model.safetensors": 5})
    assert not Output("/o/a", {"": 5}).is_in({"": 5}), "it belongs nowhere"
    assert Output("/o/a", {"": 5}, "a").is_in({"a": 5})
