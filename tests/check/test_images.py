"""What is wrong with the pictures of a data set."""

import os
import shutil

import pytest

from fptui.check.images import image_problems
from fptui.check.items import read_data_sets
from fptui.check.pictures import Pictures
from fptui.check.problem import Problem
from tests.check.data_project import VIDEOS, DataProject, picture


def found(data: DataProject) -> list[Problem]:
    subject = data.subject()
    return image_problems(subject, read_data_sets(subject)[0], Pictures())[1]


def told(data: DataProject) -> list[tuple[str, str, int | None]]:
    return [(problem.severity.value, problem.code, problem.place.line) for problem in found(data)]


def test_in_order(data: DataProject) -> None:
    subject = data.subject()
    sets, problems = image_problems(subject, read_data_sets(subject)[0], Pictures())
    assert not problems and {item.size for item in sets[0].items} == {(64, 96)}


@pytest.mark.parametrize("name", ["images/05.png", "controls/05_1.png"])
def test_missing_and_unreadable(data: DataProject, name: str) -> None:
    (data.root / name).write_bytes(b"x")
    assert told(data) == [("error", "unreadable-image", 6)]
    (data.root / name).unlink()
    assert told(data) == [("error", "missing-image", 6)]
    assert name in found(data)[0].message
    (data.root / name).mkdir()
    assert told(data) == [("error", "unreadable-image", 6)]
    (data.root / name).rmdir()
    os.mkfifo(data.root / name)
    assert told(data) == [("error", "unreadable-image", 6)]


def test_a_file_that_all_name_is_reported_once(data: DataProject) -> None:
    for record in data.records:
        record["control_path_1"] = str(data.root / "nowhere.png")
    data.lines()
    assert told(data) == [("error", "missing-image", 1)]


def test_all_are_missing(data: DataProject) -> None:
    shutil.rmtree(data.root / "images")
    problems = found(data)
    assert [problem.place.line for problem in problems] == [1, 2, 3]
    assert problems[-1].message.endswith("And 17 more like it.")


def test_too_small(data: DataProject) -> None:
    picture(data.root / "images/05.png", (1, 2, 3), (15, 200))
    assert told(data) == []
    data.change("enable_bucket = true", "enable_bucket = true\nbucket_no_upscale = true")
    assert told(data) == [("error", "too-small-image", 6)]
    picture(data.root / "images/05.png", (1, 2, 3), (16, 200))
    assert told(data) == []


@pytest.mark.parametrize("way", ["path", "link", "copy"])
def test_the_target_among_its_controls(data: DataProject, way: str) -> None:
    target, control = data.root / "images/05.png", data.root / "controls/05_1.png"
    control.unlink()
    if way == "path":
        data.records[5]["control_path_1"] = str(target)
        data.lines()
    elif way == "link":
        control.symlink_to(target)
    else:
        shutil.copy(target, control)
    assert told(data) == [("error", "input-is-target", 6)]


def test_another_content_of_the_same_length(data: DataProject) -> None:
    for name, colour in (("images/05", (1, 2, 3)), ("controls/05_1", (3, 2, 1))):
        picture(data.root / f"{name}.bmp", colour)
    data.records[5]["image_path"] = str(data.root / "images/05.bmp")
    data.records[5]["control_path_1"] = str(data.root / "controls/05_1.bmp")
    data.lines()
    assert told(data) == []


def test_a_control_that_goes_on_behind_the_target(data: DataProject) -> None:
    target = (data.root / "images/05.png").read_bytes()
    (data.root / "controls/05_1.png").write_bytes(target + b"x")
    assert told(data) == []


def test_two_of_one_name(data: DataProject) -> None:
    picture(data.root / "other/03.jpg", (9, 9, 9))
    data.records[5]["image_path"] = str(data.root / "other/03.jpg")
    data.lines()
    assert told(data) == [("error", "duplicate-basename", 6)]
    assert "line 4" in found(data)[0].message


@pytest.mark.parametrize(
    ("name", "fits"),
    [("n" * 230, True), ("n" * 231, False), ("長" * 76, True), ("長" * 77, False), ("a'\"[b]*\n\x1b[31m.x", True)],
)
def test_a_name_whose_cache_has_no_place(data: DataProject, name: str, fits: bool) -> None:
    """255 bytes, of which the size and the ending take 25."""
    picture(data.root / f"images/{name}.png", (9, 9, 9))
    data.records[5]["image_path"] = str(data.root / f"images/{name}.png")
    data.lines()
    assert told(data) == ([] if fits else [("error", "unreadable-image", 6)])


def test_few(data: DataProject) -> None:
    del data.records[19]
    data.lines()
    assert told(data) == [("hint", "few-items", 7)]
    assert "50 to 100" in found(data)[0].fix
    (data.root / "pyproject.toml").write_text('[tool.fptui]\ntrainer = "rehearsal"\n')
    assert told(data) == []


def test_videos(data: DataProject) -> None:
    data.dataset(VIDEOS)
    for name in ("a.mp4", "b.mp4", "a.mov"):
        data.touch(f"videos/{name}")
    (data.root / "videos/b.mp4").unlink()
    (data.root / "videos/b.mp4").symlink_to("nowhere")
    assert [problem.code for problem in found(data)] == ["duplicate-basename", "missing-image"]
