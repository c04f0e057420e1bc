"""Names in output_dir, and which of the files behind them are whole."""

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from fptui.core.musubi.files import (
    STATE_FILES,
    State,
    checkpoint_name,
    existing_outputs,
    is_complete_safetensors,
    is_complete_state,
    list_states,
    same_folder,
    state_name,
    why_incomplete,
)
from tests.core.musubi.states import TENSORS, make_state

HEADER = 8 + int.from_bytes(TENSORS[:8], "little")


def safetensors(header: object, rest: int = 0) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"\0" * rest


@pytest.mark.parametrize(
    ("step", "checkpoint", "folder"),
    [
        (None, "v1.safetensors", "v1-state"),
        (100, "v1-step00000100.safetensors", "v1-step00000100-state"),
        (123456789, "v1-step123456789.safetensors", "v1-step123456789-state"),
    ],
)
def test_names(step: int | None, checkpoint: str, folder: str) -> None:
    assert (checkpoint_name("v1", step), state_name("v1", step)) == (checkpoint, folder)


def test_states_by_step_and_the_final_one_last(tmp_path: Path) -> None:
    for step in (None, 1000, 20, 123456789, 100):
        make_state(tmp_path / state_name("a.b", step))
    (tmp_path / state_name("a.b", 100) / "optimizer.bin").unlink()
    for other in ("a.b-step0000002-state", "axb-step00000020-state", "a.b-step00000030", "a.b-2-step00000040-state"):
        make_state(tmp_path / other)
    make_state(tmp_path / "a.b-step00000050-state.old")
    (tmp_path / "a.b-step00000060-state").touch()
    found = list_states(tmp_path, "a.b")
    assert [one.step for one in found] == [20, 100, 1000, 123456789, None]
    assert found[1] == State(100, tmp_path / "a.b-step00000100-state", False, "optimizer.bin is missing")
    assert [one.complete for one in found] == [True, False, True, True, True]


@pytest.mark.parametrize("place", ["nowhere", "file"])
def test_no_output_folder_has_nothing(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    assert (list_states(tmp_path / place, "v1"), existing_outputs(tmp_path / place, "v1")) == ([], [])


@pytest.mark.parametrize("name", STATE_FILES)
@pytest.mark.parametrize(
    ("harm", "why"),
    [(Path.unlink, "is missing"), (lambda path: path.write_bytes(b""), "is empty"), (None, None)],
    ids=["missing", "empty", "whole"],
)
def test_a_state_needs_each_file(
    tmp_path: Path, name: str, harm: Callable[[Path], object] | None, why: str | None
) -> None:
    folder = make_state(tmp_path / "state")
    if harm:
        harm(folder / name)
    assert why_incomplete(folder) == (f"{name} {why}" if why else None)
    assert is_complete_state(folder) == (why is None)


@pytest.mark.parametrize("name", STATE_FILES[:3])
@pytest.mark.parametrize("left", [-1, 0.5, 30])
def test_a_state_with_a_file_cut_short(tmp_path: Path, name: str, left: float) -> None:
    path = make_state(tmp_path / "state") / name
    size = path.stat().st_size
    os.truncate(path, size - 1 if left == -1 else int(size * left) if left < 1 else int(left))
    assert why_incomplete(path.parent) == f"{name} is cut short"


def test_no_state_folder_at_all(tmp_path: Path) -> None:
    assert why_incomplete(tmp_path / "none") == "model.safetensors is missing"


def test_safetensors_at_every_length(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(TENSORS)
    assert is_complete_safetensors(path)
    for length in (0, 1, 7, 8, 9, HEADER - 1, HEADER, HEADER + 1, len(TENSORS) - 1):
        path.write_bytes(TENSORS[:length])
        assert not is_complete_safetensors(path), length
    path.write_bytes(TENSORS + b"\0")
    assert not is_complete_safetensors(path)


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (safetensors({}), True),
        (safetensors({"__metadata__": {"a": "b"}}), True),
        (safetensors({"a": {"data_offsets": [0, 4]}}, 4), True),
        (safetensors({"b": {"data_offsets": [4, 8]}, "a": {"data_offsets": [0, 4]}}, 8), True),
        (safetensors({"a": {"data_offsets": [0, 4]}}, 3), False),
        (safetensors({"a": {}}), False),
        (safetensors({"a": {"data_offsets": [0]}}), False),
        (safetensors({"a": {"data_offsets": ["0", "4"]}}, 4), False),
        (safetensors({"a": 1}), False),
        (safetensors([1, 2]), False),
        (safetensors(b"{}x"), False),
        (safetensors(b"\xff\xff"), False),
        (safetensors(b"[" * 100_000), False),
        (struct.pack("<Q", 1 << 63) + b"{}", False),
        (b"\0" * 64, False),
    ],
    ids=range(15),
)
def test_safetensors_of_any_content(tmp_path: Path, data: bytes, whole: bool) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(data)
    assert is_complete_safetensors(path) is whole


def test_what_a_run_would_write_over(tmp_path: Path) -> None:
    stems = ("v1", "v1-step00000100", "v1-step123456789", "v1-000001", "v1-1000000")
    over = [f"{stem}{ending}" for stem in stems for ending in (".safetensors", "-state")]
    others = [
        "v10.safetensors", "v1-from00000060.safetensors", "v1-from00000060-state", "v1-from00000060-step00000020-state",
        "v1-2.safetensors", "v1-step0000010.safetensors", "v1-00001-state", "v1.safetensors.bak", "v1", "xv1-state",
        "sample", "V1.safetensors", "v1-state-old", "v1-last.safetensors",
    ]  # fmt: skip
    for name in [*over, *others]:
        (tmp_path / name).touch()
    assert [path.name for path in existing_outputs(tmp_path, "v1")] == sorted(over)
    assert [path.name for path in existing_outputs(tmp_path, "v1-2")] == ["v1-2.safetensors"]
    assert existing_outputs(tmp_path, "v.") == [], "a name is no pattern"


def test_one_folder_under_two_names(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert same_folder(tmp_path / "link" / "a", str(tmp_path / "real" / "b" / ".." / "a"))
    assert not same_folder(tmp_path / "real", tmp_path / "real2")
