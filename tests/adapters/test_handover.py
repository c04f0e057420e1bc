import os
import stat
from pathlib import Path

import pytest

from fptui.adapters.handover import take_environment, write_environment
from fptui.errors import FptuiError

ENVIRONMENT = {"HF_TOKEN": "hf_secret", "A": "漫画 'x'\n\"=\"", "RAW": b"\xff\xfe".decode("utf-8", "surrogateescape")}


@pytest.fixture(autouse=True)
def runtime_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def test_it_arrives_whole_and_nothing_stays(runtime_dir: Path) -> None:
    path = write_environment(ENVIRONMENT, "r1")
    assert path.is_relative_to(runtime_dir)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert take_environment(path) == ENVIRONMENT
    assert list(path.parent.iterdir()) == []
    with pytest.raises(FptuiError, match=r"cannot be read .* No such file .* start it again"):
        take_environment(path)


def test_what_no_supervisor_came_for_is_swept_away() -> None:
    forgotten, waiting = write_environment(ENVIRONMENT, "r1"), write_environment(ENVIRONMENT, "r2")
    os.utime(forgotten, (1e9, 1e9))
    write_environment(ENVIRONMENT, "r3")
    assert not forgotten.exists() and take_environment(waiting) == ENVIRONMENT


def test_a_file_that_others_could_have_touched_is_refused(runtime_dir: Path) -> None:
    path = write_environment(ENVIRONMENT, "r1")
    path.chmod(0o640)
    with pytest.raises(FptuiError, match="not private"):
        take_environment(path)
    path.chmod(0o600)
    path.parent.chmod(0o777)
    with pytest.raises(FptuiError, match="not private"):
        take_environment(path)
    path.parent.chmod(0o700)
    link = path.with_name("link")
    link.symlink_to(path)
    with pytest.raises(FptuiError, match="cannot be read"):
        take_environment(link)
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
        with pytest.raises(FptuiError, match="not private"):
            take_environment(path)


@pytest.mark.parametrize("text", ["", "[1]", "{", "\xff"])
def test_a_file_that_holds_something_else_is_refused(runtime_dir: Path, text: str) -> None:
    path = write_environment({}, "r1")
    path.write_text(text, encoding="latin-1")
    with pytest.raises(FptuiError, match="does not hold"):
        take_environment(path)
    assert not path.exists()


def test_a_folder_that_somebody_else_prepared_is_not_used(runtime_dir: Path) -> None:
    (runtime_dir / "elsewhere").mkdir(mode=0o700)
    (runtime_dir / f"fptui-{os.geteuid()}").symlink_to(runtime_dir / "elsewhere")
    path = write_environment(ENVIRONMENT, "r1")
    try:
        assert not path.is_relative_to(runtime_dir) and list((runtime_dir / "elsewhere").iterdir()) == []
    finally:
        path.unlink()
