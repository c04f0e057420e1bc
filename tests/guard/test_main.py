import shutil
from pathlib import Path

from fptui.adapters.guard_files import GuardFiles
from fptui.guard.main import _lock


def test_of_two_guards_one_works_and_sees_when_its_folder_was_made_anew(tmp_path: Path) -> None:
    files = GuardFiles(tmp_path / "state")
    files.folder.mkdir()
    with _lock(files) as first:
        assert first is not None and first()
        with _lock(files) as second:
            assert second is None
        shutil.rmtree(files.folder)
        assert first(), "nobody has taken its place"
        files.folder.mkdir()
        with _lock(files) as third:
            assert third is not None and third() and not first()
