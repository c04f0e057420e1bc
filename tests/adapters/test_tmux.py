import os
import stat
import subprocess
import sys
from ast import literal_eval
from pathlib import Path

import pytest

from fptui.adapters.tmux import Tmux
from fptui.core.terminal import COLUMNS, LINES
from fptui.errors import FptuiError, Refused
from tests.supervise.driving import until
from tests.tmux_server import TmuxServer


def fake_tmux(folder: Path, version: str) -> dict[str, str]:
    program = folder / "tmux"
    program.write_text(f"#!/bin/sh\necho '{version}'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize("version", ["tmux 3.2a", "tmux 3.3a", "tmux 3.10", "tmux next-3.6", "tmux master", "tmux 4.0"])
def test_tmux_that_is_new_enough(tmp_path: Path, version: str) -> None:
    Tmux(environment=fake_tmux(tmp_path, version)).check()


@pytest.mark.parametrize("version", ["tmux 3.2", "tmux 3.0a", "tmux 2.9a", "tmux 1.8"])
def test_tmux_that_is_too_old_is_refused(tmp_path: Path, version: str) -> None:
    with pytest.raises(Refused, match=rf"{version} is too old: fptui needs 3.2a or newer"):
        Tmux(environment=fake_tmux(tmp_path, version)).check()


def test_no_tmux_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"tmux is not installed.*apt-get install tmux"):
        Tmux(environment={"PATH": str(tmp_path)}).check()


def test_a_tmux_that_does_not_run_gets_a_sentence(tmp_path: Path) -> None:
    fake_tmux(tmp_path, "")
    (tmp_path / "tmux").write_text("#!/no/such/interpreter\n")
    environment = {"PATH": str(tmp_path)}
    with pytest.raises(FptuiError, match="tmux does not work"):
        Tmux(environment=environment).check()


SHOW = ("import os,sys; open(sys.argv[1],'w').write(repr((os.getcwd(), tuple(os.get_terminal_size()), sys.argv[2:],"
        " sorted(os.environ)))); input()")  # fmt: skip
ODD = ["$HOME", "`id`", "a b", "#{pid}", "x;", ";", "漫画", "'\"\\", "%1"]


Told = tuple[str, tuple[int, int], list[str], list[str]]


def run_and_read(tmux: Tmux, folder: Path, name: str, ids: list[str]) -> Told:
    told = folder / name
    tmux.open_window(name, [sys.executable, "-c", SHOW, str(told), *ODD], folder, ids)
    text = until(lambda: told.read_text() if told.exists() else "")
    told_by_window: Told = literal_eval(text)
    return told_by_window


@pytest.mark.tmux
def test_a_window_runs_exactly_what_was_given_and_is_found_again(
    tmux_server: TmuxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("LC_ALL", "C"), ("TMUX", "/tmp/x,1,0"), ("WANDB_API_KEY", "secret"), ("PYTHONPATH", "/x")):
        monkeypatch.setenv(name, value)
    tmux, odd = Tmux(), tmp_path / "漫画 #{pid} $(x);"
    odd.mkdir()
    assert tmux.window_of("r1") is None, "without a server"
    cwd, size, argv, environment = run_and_read(tmux, odd, "v1 #{pid};", ["r1", "r2"])
    assert cwd == str(odd) and argv == ODD and size[0] >= 80
    assert not {"WANDB_API_KEY", "PYTHONPATH"} & set(environment)
    run_and_read(tmux, odd, "second", ["r3"])
    windows = [tmux.window_of(name) for name in ("r1", "r2", "r3", "r", "r11")]
    assert windows[0] == windows[1] != windows[2] and None not in windows[:3] and windows[3:] == [None, None]
    shown = tmux_server.cmd("list-windows", "-a", "-F", "#{window_width}x#{window_height}")
    assert shown.splitlines() == [f"{COLUMNS}x{LINES}"] * 2
    assert tmux_server.cmd("show-options", "-gwv", "remain-on-exit") == "on"
    assert tmux_server.cmd("show-options", "-gv", "history-limit") == "50000"
    assert tmux_server.cmd("show-options", "-sv", "exit-empty") == "off"


@pytest.mark.tmux
def test_a_server_that_was_just_killed_is_waited_for(tmux_server: TmuxServer, tmp_path: Path) -> None:
    tmux = Tmux()
    for number in range(4):
        tmux.open_window("w", ["sleep", "60"], tmp_path, [f"r{number}"])
        assert tmux.window_of(f"r{number}")
        tmux_server.cmd("kill-server")
    tmux.open_window("w", ["sleep", "60"], tmp_path, ["last"])
    assert tmux.window_of("last")


@pytest.mark.tmux
def test_windows_of_runs_that_ended_long_ago_are_closed(tmux_server: TmuxServer, tmp_path: Path) -> None:
    tmux = Tmux()
    tmux.open_window("w", ["sleep", "60"], tmp_path, ["alive"])
    for number in range(13):
        tmux.open_window("w", ["sh", "-c", "exit 3"], tmp_path, [f"r{number}"])
        until(lambda: "1 1" in tmux_server.cmd("list-windows", "-a", "-F", "1 #{pane_dead}"))
    until(lambda: tmux_server.cmd("list-windows", "-a", "-F", "#{pane_dead}").count("0") == 1)
    tmux.open_window("w", ["sleep", "60"], tmp_path, ["new"])
    assert tmux.window_of("alive") and tmux.window_of("new") and tmux.window_of("r12") and not tmux.window_of("r0")


@pytest.mark.tmux
def test_attaching_from_inside_another_tmux_shows_the_window(tmux_server: TmuxServer, tmp_path: Path) -> None:
    tmux = Tmux()
    tmux.open_window("w", ["sh", "-c", "echo inner-window; sleep 60"], tmp_path, ["r"])
    window = tmux.window_of("r")
    assert window is not None
    outer = f"{tmux_server.socket}-outer"
    environment = tmux.attach_environment({**os.environ, "TERM": "xterm-nosuch", "HF_TOKEN": "secret", "TMUX": "x"})
    assert environment["TERM"] == "xterm-256color" and not {"HF_TOKEN", "TMUX"} & set(environment)
    assert tmux.attach_environment({"TERM": "screen"})["TERM"] == "screen"
    base = ["tmux", "-L", outer, "-f", "/dev/null"]
    try:
        subprocess.run([*base, "new-session", "-d", "-x", "120", "-y", "30", *tmux.attach_argv(window)], check=True)

        def outer_screen() -> str:
            return subprocess.run([*base, "capture-pane", "-p"], capture_output=True, text=True, check=True).stdout

        until(lambda: "inner-window" in outer_screen() and "detach: Ctrl-b d" in outer_screen())
        shown = tmux_server.cmd("list-windows", "-a", "-F", "#{window_width}x#{window_height}")
        assert shown == f"{COLUMNS}x{LINES}", "a smaller terminal does not narrow it"
    finally:
        subprocess.run([*base, "kill-server"], check=False)
        (Path(os.environ.get("TMUX_TMPDIR", "/tmp")) / f"tmux-{os.getuid()}" / outer).unlink(missing_ok=True)
