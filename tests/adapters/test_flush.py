import time
from pathlib import Path

import pytest

from fptui.adapters.flush import Flush


@pytest.fixture
def fake_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `sync` that notes its arguments, and does what stands in the file `then`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "sync"
    script.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/said\n. {tmp_path}/then\n')
    script.chmod(0o755)
    (tmp_path / "then").touch()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return tmp_path


def test_files_are_flushed(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    assert Flush().flush([str(tmp_path / "a"), str(tmp_path)]) is None


def test_the_disks_of_the_paths_alone_are_waited_for(fake_sync: Path) -> None:
    assert Flush().flush(["/a b", "/c"]) is None
    assert (fake_sync / "said").read_text() == "-f /a b /c\n"
    assert Flush().flush([]) is None and (fake_sync / "said").read_text() == "-f /a b /c\n"


def test_an_error_of_the_disk_is_told(fake_sync: Path) -> None:
    (fake_sync / "then").write_text("echo 'sync: /a: Input/output error' >&2; exit 1\n")
    assert Flush().flush(["/a"]) == "What was written could not be flushed: sync: /a: Input/output error."


def test_a_dead_volume_keeps_nobody(fake_sync: Path) -> None:
    (fake_sync / "then").write_text(f"while [ ! -e {fake_sync}/back ]; do sleep 0.02; done\n")
    flush = Flush()
    began = time.monotonic()
    assert flush.flush(["/dead"], 0.2) == "The disk of /dead has not taken in what was written to it within 0 s."
    assert flush.flush(["/dead"], 0.2) is not None
    assert time.monotonic() - began < 2
    assert (fake_sync / "said").read_text() == "-f /dead\n", "no second one beside the first"
    (fake_sync / "back").touch()
    assert flush.flush(["/dead"], 5.0) is None
    assert (fake_sync / "said").read_text() == "-f /dead\n-f /dead\n", "what was written meanwhile is flushed too"


def test_without_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Flush().flush([str(tmp_path)]) is None
