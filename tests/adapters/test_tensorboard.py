import json
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fptui.adapters.tensorboard import EventTail, Scalar, _length_checksum
from tests.adapters.events import event, field, record, scalar, write

SHARED = Path(__file__).parents[3] / "shared" / "data" / "h200" / "tensorboard"
GOLDEN = Path(__file__).parents[1] / "data" / "golden" / "tensorboard_scalars.json"


def test_the_checksum_of_a_length() -> None:
    """As in the first bytes of a file that TensorBoard wrote: an event of 24 bytes."""
    assert struct.pack("<QI", 24, _length_checksum(24)).hex() == "1800000000000000a37f4b22"


def test_scalars(tmp_path: Path) -> None:
    write(tmp_path, record(b"\x09" + bytes(8) + b"\x1a\x0dbrain.Event:2") + scalar("lr/unet", 300, 0.5, 7.25))
    assert EventTail(tmp_path).poll() == [Scalar("lr/unet", 300, 0.5, 7.25)]


def test_a_real_run() -> None:
    if not SHARED.exists():
        pytest.skip("the whole event files are not beside this checkout")
    scalars = EventTail(SHARED).poll()
    tags = [item.tag for item in scalars]
    assert {tag: tags.count(tag) for tag in set(tags)} == {
        "loss/current": 67,
        "loss/average": 67,
        "lr/unet": 67,
        "loss/epoch": 1,
    }
    averages = {item.step: item.value for item in scalars if item.tag == "loss/average"}
    assert sorted(averages) == list(range(1, 68))
    assert averages[1] == pytest.approx(1.617, abs=5e-4)
    assert averages[67] == pytest.approx(0.994, abs=5e-4)


def test_many_values_of_a_real_run_come_back(tmp_path: Path) -> None:
    wanted = [
        (tag, step, value)
        for tag, points in json.loads(GOLDEN.read_text())["train_accum3"].items()
        for step, value in points
    ]
    write(tmp_path, b"".join(scalar(*item) for item in wanted))
    assert [tuple(item[:3]) for item in EventTail(tmp_path).poll()] == wanted


def test_files_grow(tmp_path: Path) -> None:
    """Cut anywhere: a record is taken once, when it is whole."""
    data = b"".join(scalar("loss/current", step, step / 8) for step in range(20))
    path = write(tmp_path, b"")
    tail = EventTail(tmp_path)
    steps: list[int] = []
    for end in range(0, len(data) + 1, 7):
        path.write_bytes(data[:end])
        steps += [item.step for item in tail.poll()]
    path.write_bytes(data)
    steps += [item.step for item in tail.poll()]
    assert steps == list(range(20))
    assert tail.poll() == []


def test_the_folder_may_come_later(tmp_path: Path) -> None:
    tail = EventTail(tmp_path / "logs")
    assert tail.poll() == []
    write(tmp_path / "logs" / "20261122103429" / "network_train", scalar("a", 1, 1))
    assert len(tail.poll()) == 1


def test_the_newest_run_and_not_its_options(tmp_path: Path) -> None:
    write(tmp_path / "20261122103429" / "network_train", scalar("a", 1, 1), began=1_795_343_670)
    newer = tmp_path / "20261123103429" / "network_train"
    write(newer, scalar("b", 1, 1), began=1_795_430_070)
    write(newer / "1795430070.894403", scalar("hparams", 1, 1), began=1_795_430_071)
    assert [item.tag for item in EventTail(tmp_path).poll()] == ["b"]


def test_a_directory_that_runs_share(tmp_path: Path) -> None:
    for day, tag in enumerate("abc"):
        write(tmp_path / f"2026112{day}000000" / "n", scalar(tag, 1, 1), began=1000 + 100 * day)
    assert [item.tag for item in EventTail(tmp_path, since=1090.0).poll()] == ["b"]
    assert EventTail(tmp_path, since=5000.0).poll() == []


def test_values_as_tensors(tmp_path: Path) -> None:
    single = b"\x08\x01" + field(4, struct.pack("<f", 0.25))
    double = b"\x08\x02" + field(6, struct.pack("<d", 0.125))
    text = b"\x08\x07" + field(8, b"words")
    summaries = [
        field(1, field(1, b"t") + field(9, b"metadata") + field(8, tensor)) for tensor in (single, double, text)
    ]
    write(tmp_path, b"".join(event(step, 1.0, summary) for step, summary in enumerate(summaries)))
    assert [(item.step, item.value) for item in EventTail(tmp_path).poll()] == [(0, 0.25), (1, 0.125)]


def test_several_values_in_one_event(tmp_path: Path) -> None:
    value = field(1, field(1, b"x") + b"\x15" + struct.pack("<f", 2.0))
    write(tmp_path, event(-3, 1.0, value * 3))
    assert [(item.step, item.value) for item in EventTail(tmp_path).poll()] == [(-3, 2.0)] * 3


def test_a_broken_file_is_read_up_to_there(tmp_path: Path) -> None:
    path = write(tmp_path, scalar("a", 1, 1) + b"\xff" * 40 + scalar("a", 2, 1))
    tail = EventTail(tmp_path)
    assert [item.step for item in tail.poll()] == [1]
    path.write_bytes(path.read_bytes() + scalar("a", 3, 1))
    assert tail.poll() == []


def test_a_broken_file_does_not_stop_the_next(tmp_path: Path) -> None:
    write(tmp_path, b"\xff" * 40, began=1000)
    write(tmp_path, scalar("a", 1, 1), began=2000)
    assert len(EventTail(tmp_path).poll()) == 1


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=40), st.just(scalar("loss/current", 5, 1.0))), max_size=6), st.booleans())
def test_hostile_bytes_do_no_harm(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], framed: bool) -> None:
    folder = tmp_path_factory.mktemp("events")
    write(folder, b"".join(record(piece) if framed else piece for piece in pieces))
    EventTail(folder).poll()
