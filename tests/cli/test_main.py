import os
import re
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from fptui.cli import main as cli
from fptui.errors import FptuiError, Refused, WrongUse


def command(run: Callable[[Namespace], int]) -> Callable[[str], ModuleType]:
    module = ModuleType("fptui.cli.gpu")

    def add_arguments(parser: ArgumentParser) -> None:
        parser.add_argument("number", nargs="?", type=int)

    vars(module).update(HELP="What it does.", EXAMPLE="fptui gpu 7", add_arguments=add_arguments, run=run)
    return lambda name: module


@pytest.fixture(autouse=True)
def _own_state(state_home: Path) -> None:
    """Crash reports of these tests go nowhere else."""


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Namespace], int], list[str]], int]:
    def play(run: Callable[[Namespace], int], argv: list[str]) -> int:
        monkeypatch.setattr(cli, "import_module", command(run))
        return cli.main(argv)

    return play


Play = Callable[[Callable[[Namespace], int], list[str]], int]


def raising(error: BaseException) -> Callable[[Namespace], int]:
    def run(args: Namespace) -> int:
        raise error

    return run


@pytest.mark.parametrize(
    "argv",
    [
        ["-C", "some dir", "gpu", "7"],
        ["-Csome dir", "gpu", "7"],
        ["gpu", "-C", "some dir", "7"],
        ["gpu", "7", "-C", "some dir"],
    ],
)
def test_the_project_may_stand_before_or_behind_the_command(played: Play, argv: list[str]) -> None:
    seen: list[Namespace] = []
    assert played(lambda args: seen.append(args) or 0, argv) == 0  # type: ignore[func-returns-value]
    assert (seen[0].directory, seen[0].number) == ("some dir", 7)


@pytest.mark.parametrize(
    ("error", "code"), [(FptuiError("It failed."), 1), (WrongUse("Not so."), 2), (Refused("No."), 3)]
)
def test_an_error_is_one_sentence_and_its_exit_code(
    played: Play, capsys: pytest.CaptureFixture[str], error: FptuiError, code: int
) -> None:
    assert played(raising(error), ["gpu"]) == code
    assert capsys.readouterr() == ("", f"fptui: {error}\n")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["gpu", "seven"], "invalid int value: 'seven'"),
        (["gpu", "--nonsense"], "nrecognized arguments: --nonsense"),
        (["gpuu"], "did you mean 'gpu'"),
        (["\x1b[31mred"], "There is no command"),
        (["-C"], "-C needs the project's folder"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    played: Play, capsys: pytest.CaptureFixture[str], argv: list[str], words: str
) -> None:
    assert played(lambda args: 0, argv) == 2
    out, err = capsys.readouterr()
    assert out == "" and words in err and err.count("\n") == 1 and "\x1b" not in err


def test_interrupting_is_quiet(played: Play, capsys: pytest.CaptureFixture[str]) -> None:
    assert played(raising(KeyboardInterrupt()), ["gpu"]) == 130
    assert capsys.readouterr() == ("", "")


def test_an_unexpected_error_is_a_sentence_and_a_report_for_the_user_alone(
    played: Play, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_verysecretvalue")
    assert played(raising(ZeroDivisionError("with hf_verysecretvalue inside")), ["gpu", "7"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "Traceback" not in err and err.count("\n") == 1
    (path,) = (tmp_path / "state" / "fptui").iterdir()
    assert str(path) in err
    text = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert "ZeroDivisionError" in text and "['gpu', '7']" in text and "hf_verysecret" not in text


def test_a_system_error_says_which_file(
    played: Play, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))  # cannot hold a report: the next place does
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert played(raising(OSError(28, "No space left on device", "runs/x/run.json")), ["gpu"]) == 1
    assert capsys.readouterr().err.startswith("fptui: No space left on device (runs/x/run.json). The details are in")


def test_help_of_every_command_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for name in cli.COMMANDS:
        assert cli.main([name, "--help"]) == 0
        text = re.sub(r"\s+", " ", capsys.readouterr().out)
        assert f"usage: fptui {name} " in text and "example: fptui" in text and "-C DIR" in text


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in cli.COMMANDS)
    assert "supervise" not in text and max(map(len, text.splitlines())) <= 120


def test_without_a_terminal_there_is_no_dashboard(tmp_path: Path) -> None:
    done = fptui([], cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert "needs a terminal" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-", ">&- 2>&- <&-"])
def test_a_closed_stream_is_no_fault(tmp_path: Path, closed: str) -> None:
    for arguments, code in (("--version", 0), ("ls", 2), ("", 2)):
        line = f'exec "$0" -m fptui {arguments} {closed}'
        done = subprocess.run(["sh", "-c", line, sys.executable], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == code and b"fault" not in done.stderr
        assert not (code and done.stdout), "a refusal is no data"


def test_whoever_stops_reading_is_not_told_of_it() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    argv = [sys.executable, "-m", "fptui", "--help"]
    done = subprocess.run(argv, stdout=writer, stderr=subprocess.PIPE, timeout=30, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_terminal_that_lacks_a_character_is_no_error() -> None:
    done = fptui(["漫画"], environment={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 2 and "\\u6f2b" in done.stderr


def fptui(
    arguments: list[str], cwd: Path | None = None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "fptui", *arguments]
    return subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, text=True, timeout=30, check=False)
