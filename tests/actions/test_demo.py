import os
from pathlib import Path

import pytest

from fptui.actions.demo import demo_folder, make_demo
from fptui.errors import FptuiError, Refused, WrongUse


def test_a_new_folder_each_time(tmp_path: Path) -> None:
    assert demo_folder(None, tmp_path) == tmp_path / "fptui-demo"
    (tmp_path / "fptui-demo").mkdir()
    (tmp_path / "fptui-demo-2").touch()
    assert demo_folder(None, tmp_path) == tmp_path / "fptui-demo-3"


def test_a_folder_that_was_named_must_be_new_or_empty(tmp_path: Path) -> None:
    assert demo_folder("a/b c", tmp_path) == tmp_path / "a" / "b c"
    (tmp_path / "empty").mkdir()
    assert demo_folder("empty", tmp_path) == tmp_path / "empty"
    (tmp_path / "empty" / "file").touch()
    with pytest.raises(Refused, match="not empty"):
        demo_folder("empty", tmp_path)
    with pytest.raises(WrongUse, match="is a file"):
        demo_folder("empty/file", tmp_path)
    with pytest.raises(WrongUse, match="not UTF-8"):
        demo_folder(os.fsdecode(b"bad\xff"), tmp_path)


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FptuiError, match="Name another folder"):
        make_demo(tmp_path / "file" / "x", 1)
