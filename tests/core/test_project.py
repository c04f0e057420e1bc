"""A project found from where one stands, its settings, its versions in order, its runs by name."""

import os
from pathlib import Path

import pytest

from fptui.core.project import Project, Settings, find_project, find_run
from fptui.core.run import RunFolder
from fptui.errors import WrongUse

CACHE = ["v8-cache-latents-20261122-103000", "v8-cache-text-20261122-103000"]
TRAIN, AGAIN = "v8-train-20261122-103000", "v8-train-20261122-103000-2"
OLDER, OTHER = "v8-train-20261121-235959", "v10-smoke-20261120-080000"


def project_at(folder: Path, pyproject: str | bytes | None = None) -> Project:
    (folder / "configs").mkdir(parents=True, exist_ok=True)
    if pyproject is not None:
        data = pyproject if isinstance(pyproject, bytes) else pyproject.encode()
        (folder / "pyproject.toml").write_bytes(data)
    return find_project(folder)


def with_runs(folder: Path, *names: str) -> Project:
    for name in names:
        (folder / "runs" / name).mkdir(parents=True)
        (folder / "runs" / name / "run.json").write_text("{}")
    return project_at(folder)


def test_versions_are_numbers_not_words(tmp_path: Path) -> None:
    for name in ("v9", "v10", "v2", "v010", "V11", "v", "v1a", "version12", "v1.5", ".v99", "v12 ", "v9999999999"):
        (tmp_path / "configs" / name).mkdir(parents=True)
    (tmp_path / "configs" / "v30").write_text("a file")
    assert project_at(tmp_path).version_names() == ["v10", "v010", "v9", "v2"]


def test_no_version_and_no_run(tmp_path: Path) -> None:
    project = project_at(tmp_path)
    assert (project.version_names(), project.run_folders()) == ([], [])
    with pytest.raises(WrongUse, match="has no run yet: start one with `fptui train`"):
        find_run(project, None)


def test_found_from_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = project_at(tmp_path / "nearest")
    deep = here.path / "configs" / "v1" / "images"
    deep.mkdir(parents=True)
    (tmp_path / "configs").mkdir()
    assert find_project(deep) == here == Project(tmp_path / "nearest", "nearest", Settings())
    monkeypatch.chdir(deep)
    assert find_project(Path("..")).path == here.path and find_project(Path()).path.is_absolute()
    assert find_project(tmp_path).path == tmp_path


@pytest.mark.parametrize(("start", "words"), [("empty", "No project here: neither"), ("gone", "is not a folder")])
def test_no_project_says_what_to_do(tmp_path: Path, start: str, words: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(WrongUse, match=words) as error:
        find_project(tmp_path / start)
    assert str(tmp_path / start) in str(error.value) and "-C" in str(error.value)


def test_settings_and_name(tmp_path: Path) -> None:
    table = (
        '[project]\nname = "faces"\n[tool.fptui]\ntrainer = "rehearsal"\nlauncher = "python"\npython = "p"\nuv = false'
    )
    assert project_at(tmp_path, table) == Project(tmp_path, "faces", Settings("rehearsal", "python", "p", False))
    for other in ("", '[project]\nname = 3\n[tool.fptui]\n[tool.other]\nx = "y"'):
        assert project_at(tmp_path, other) == Project(tmp_path, tmp_path.name, Settings())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[tool.fptui]\ntrainr = "musubi"', r"\[tool.fptui\], trainr: there is no such setting. Known: trainer, "),
        ("[tool.fptui]\nuv = 1", r"\[tool.fptui\], uv: must be true or false"),
        ('[tool.fptui]\nuv = "true"', r"\[tool.fptui\], uv: must be true or false"),
        ("[tool.fptui]\npython = 3.11", r"\[tool.fptui\], python: must be a text"),
        ("[tool.fptui]\ntrainer = true", r"\[tool.fptui\], trainer: must be a text"),
        ('[tool.fptui]\ntrainer = "kohya\\u001b[2J"', "trainer: must be musubi or rehearsal, not kohya."),
        ('[tool.fptui]\nlauncher = "torchrun"', "launcher: must be accelerate or python, not torchrun"),
        ('[tool.fptui]\nnotify = "x://y"', "notify: must be a list of texts"),
        ("[tool.fptui]\nnotify_command = [1]", "notify_command: must be a list of texts"),
        ("[tool.fptui]\nautostop = true", "autostop: must be a table"),
        ("tool = 2", "tool: must be a table"),
        ("[tool]\nfptui = [1]", "fptui: must be a table"),
        ("[tool.fptui\n", r"is not TOML: .*line 1"),
        ("x = " + "[" * 5000, "is not TOML: "),
        (b"name = '\xff'", r"cannot be read: .*utf-8"),
    ],
)
def test_settings_are_refused_with_file_and_key(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(WrongUse, match=words) as error:
        project_at(tmp_path, text)
    assert str(error.value).startswith(str(tmp_path / "pyproject.toml")) and "\x1b" not in str(error.value)


def test_settings_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    with pytest.raises(WrongUse, match=r"pyproject.toml cannot be read: .*directory"):
        project_at(tmp_path)


def test_runs_newest_first(tmp_path: Path) -> None:
    order = [AGAIN, f"{TRAIN}-copy", TRAIN, *reversed(CACHE), OLDER, OTHER, "odd"]
    project = with_runs(tmp_path, *sorted(order), "gpu/x", ".v9-train-20271122-103000")
    (project.runs / "v9-train-20261231-000000").mkdir()
    (project.runs / "notes.txt").write_text("a file")
    assert [folder.id for folder in project.run_folders()] == order


def test_the_tenth_of_one_second_is_newer_than_the_second(tmp_path: Path) -> None:
    project = with_runs(tmp_path, TRAIN, AGAIN, f"{TRAIN}-10")
    assert [folder.id for folder in project.run_folders()] == [f"{TRAIN}-10", AGAIN, TRAIN]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (TRAIN, TRAIN),
        (OLDER[:-2], OLDER),
        ("v10", OTHER),
        ("v1", OTHER),
        ("v8", AGAIN),
        ("v8-cache-t", CACHE[1]),
        (None, AGAIN),
    ],
)
def test_a_run_by_id_beginning_and_version(tmp_path: Path, name: str | None, found: str) -> None:
    assert find_run(with_runs(tmp_path, *CACHE, TRAIN, AGAIN, OLDER, OTHER), name).id == found


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("v8-t", "is the beginning of 3 runs: write more of it"),
        ("", "The run's name is empty"),
        ("v2", "No run is called v2: `fptui ls`"),
        ("V8", "No run is called V8"),
        ("../x\x1b[31m", r"No run is called \.\./x:"),
    ],
)
def test_a_run_that_is_not_there_or_not_alone(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(WrongUse, match=words):
        find_run(with_runs(tmp_path, *CACHE, TRAIN, AGAIN, OLDER, OTHER), name)


def test_the_newest_active_run_comes_before_a_newer_one_that_ended(tmp_path: Path) -> None:
    active = {TRAIN, OLDER}

    def is_active(folder: RunFolder) -> bool:
        return folder.id in active

    project = with_runs(tmp_path, TRAIN, AGAIN, OLDER)
    assert find_run(project, None, is_active).id == TRAIN
    assert find_run(project, "v8", is_active).id == AGAIN, "a name says more than activity"
    active.clear()
    assert find_run(project, None, is_active).id == AGAIN


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_settings(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch(mode=0)
    with pytest.raises(WrongUse, match=r"cannot be read: .*[Pp]ermission"):
        project_at(tmp_path)
