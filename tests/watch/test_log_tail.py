from pathlib import Path

import pytest

from fptui.watch.log_tail import LogTail
from tests.core.musubi.logs import DATA

_BAR = b"\rsteps:  40%%|##  | %d/10 [00:11<00:21,  3.62s/it, avr_loss=1]"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "output.log"


def _lines(path: Path, data: bytes) -> list[str]:
    """At once, and the same as it grows."""
    path.write_bytes(data)
    whole = LogTail(path).lines(1000)
    path.write_bytes(b"")
    tail = LogTail(path)
    for end in range(0, len(data) + 1, 3):
        path.write_bytes(data[:end])
        tail.lines(1000)
    path.write_bytes(data)
    assert tail.lines(1000) == whole
    return whole


def test_bars_are_one_line_at_their_last_drawing(path: Path) -> None:
    assert _lines(path, b"a\r\n" + _BAR % 1 + _BAR % 2 + _BAR % 3) == [
        "a",
        "steps:  40%|##  | 3/10 [00:11<00:21,  3.62s/it, avr_loss=1]",
    ]


def test_what_is_glued_behind_a_bar_stands_alone(path: Path) -> None:
    assert _lines(path, _BAR % 1 + b"INFO:x:saving state at step 1\nb\n") == ["INFO:x:saving state at step 1", "b"]


def test_nested_bars_are_one_line(path: Path) -> None:
    nested = b"\r\n\r  5%|#  | 1/20 [00:00<00:04,  4.47it/s]\x1b[A\r\n\r 10%|#  | 2/20 [00:00<00:04,  4.26it/s]\x1b[A"
    assert _lines(path, b"One frame\r\n" + nested + b"\r\nDecoded\r\n") == [
        "One frame",
        "10%|#  | 2/20 [00:00<00:04,  4.26it/s]",
        "Decoded",
    ]


def test_text_from_outside_is_harmless(path: Path) -> None:
    assert _lines(path, "prompt: \x1b[31m[bold]猫[/bold]\x07\n".encode()) == ["prompt: [bold]猫[/bold]�"]


def test_the_last_lines_of_a_real_log() -> None:
    path = DATA / "logs" / "pane_killed.log"
    lines = LogTail(path).lines(4)
    assert lines[:3] == [
        "INFO:musubi_tuner.fpack_generate_video:Decoded. Pixel shape torch.Size([1, 3, 1, 384, 256])",
        "epoch 2/2",
        "INFO:musubi_tuner.dataset.cache_io:epoch is incremented. current_epoch: 1, epoch: 2",
    ]
    assert lines[3].endswith("| 67/80 [04:06<00:47,  3.68s/it, avr_loss=0.994]")
    assert LogTail(path).lines(10_000)[0].startswith("The following values were not passed")
    assert LogTail(path).lines(10_000)[-4:] == lines


def test_lines_before_a_long_stretch_of_bars(path: Path) -> None:
    path.write_bytes(b"first\nsecond\n" + b"".join(_BAR % (step % 10) for step in range(20_000)))
    assert LogTail(path).lines(3)[:2] == ["first", "second"]


def test_a_line_whose_beginning_lies_too_far_back(path: Path) -> None:
    path.write_bytes(b"x" * 5_000_000 + b"\nlast\n")
    assert LogTail(path).lines(5) == ["last"]
    path.write_bytes(b"x" * 5_000_000 + _BAR % 7)
    assert [line[:5] for line in LogTail(path).lines(5)] == ["steps"]


def test_more_and_fewer_lines(path: Path) -> None:
    path.write_bytes(b"".join(b"line %d\n" % number for number in range(50)))
    tail = LogTail(path)
    assert tail.lines(2) == ["line 48", "line 49"]
    assert len(tail.lines(30)) == 30
    assert tail.lines(1) == ["line 49"]
    assert tail.lines(0) == []
    path.write_bytes(b"anew\n")
    assert tail.lines(5) == ["anew"]
    path.unlink()
    assert tail.lines(5) == []
