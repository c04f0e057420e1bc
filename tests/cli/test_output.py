import io
import json

import pytest

from fptui.cli.output import Progress, emit_json, table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_json_is_valid_and_acts_on_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    emit_json({"loss": float("nan"), "list": [float("inf"), 1.5, None], "text": "\x9b31m漫画\udcff"})
    text = capsys.readouterr().out
    assert json.loads(text) == {"loss": None, "list": [None, 1.5, None], "text": "\x9b31m漫画\udcff"}
    assert text.isascii() and "\x9b" not in text


def test_a_table_is_aligned_and_harmless() -> None:
    lines = table(
        ("RUN", "STEP", "WHY"), [("v1-\x1b[31mtrain", "5/20", ""), ("v10", "?", "no [b]room[/b]\n")], ("STEP",)
    )
    assert lines == ["RUN       STEP  WHY", "v1-train  5/20", "v10          ?  no [b]room[/b]"]


def test_progress_rewrites_one_line_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    progress = Progress(stream)
    progress.show("step 1, and a long tail of words", 0.0)
    progress.show("step 2", 0.1)
    progress.end()
    progress.end()
    assert stream.getvalue() == "\rstep 1, and a long…\rstep 2             \n"


def test_progress_elsewhere_is_a_line_now_and_then() -> None:
    stream = io.StringIO()
    progress = Progress(stream, every_seconds=30)
    for second in range(62):
        progress.show(f"step {second}", float(second), key="training" if second < 45 else "saving")
    progress.end()
    assert stream.getvalue().splitlines() == ["step 0", "step 30", "step 45"]
