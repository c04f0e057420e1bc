from pathlib import Path

from fptui.watch.log_tail import last_lines, lines_of
from tests.core.musubi.logs import DATA

_BAR = b"\rsteps:  40%%|##  | %d/10 [00:11<00:21,  3.62s/it, avr_loss=1]"


def test_bars_are_one_line_at_their_last_drawing() -> None:
    assert lines_of(b"a\r\n" + _BAR % 1 + _BAR % 2 + _BAR % 3) == [
        "a",
        "steps:  40%|##  | 3/10 [00:11<00:21,  3.62s/it, avr_loss=1]",
    ]


def test_what_is_glued_behind_a_bar_stands_alone() -> None:
    assert lines_of(_BAR % 1 + b"INFO:x:saving state at step 1\nb\n") == ["INFO:x:saving state at step 1", "b"]


def test_nested_bars_are_one_line() -> None:
    nested = b"\r\n\r  5%|#  | 1/20 [00:00<00:04,  4.47it/s]\x1b[A\r\n\r 10%|#  | 2/20 [00:00<00:04,  4.26it/s]\x1b[A"
    assert lines_of(b"One frame\r\n" + nested + b"\r\nDecoded\r\n") == [
        "One frame",
        "10%|#  | 2/20 [00:00<00:04,  4.26it/s]",
        "Decoded",
    ]


def test_text_from_outside_is_harmless() -> None:
    assert lines_of("prompt: \x1b[31m[bold]猫[/bold]\x07\n".encode()) == ["prompt: [bold]猫[/bold]�"]


def test_the_last_lines_of_a_real_log() -> None:
    path = DATA / "logs" / "pane_killed.log"
    lines = last_lines(path, 4)
    assert lines[:3] == [
        "INFO:musubi_tuner.fpack_generate_video:Decoded. Pixel shape torch.Size([1, 3, 1, 384, 256])",
        "epoch 2/2",
        "INFO:musubi_tuner.dataset.cache_io:epoch is incremented. current_epoch: 1, epoch: 2",
    ]
    assert lines[3].endswith("| 67/80 [04:06<00:47,  3.68s/it, avr_loss=0.994]")
    assert last_lines(path, 10_000)[0].startswith("The following values were not passed")
    assert last_lines(path, 10_000)[-4:] == lines


def test_lines_before_a_long_stretch_of_bars(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_bytes(b"first\nsecond\n" + b"".join(_BAR % (step % 10) for step in range(20_000)))
    assert last_lines(path, 3)[:2] == ["first", "second"]
    assert last_lines(path, 0) == []
    assert last_lines(tmp_path / "none", 3) == []
