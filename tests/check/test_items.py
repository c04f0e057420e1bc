"""Items out of lines and folders, as the trainer takes them in."""

import json
import os
from pathlib import Path

import pytest

from fptui.check.data import Item
from fptui.check.items import read_data_sets
from tests.check.data_project import FOLDER, GENERAL, ITEMS, LINES, VIDEOS, DataProject


def read(data: DataProject) -> tuple[tuple[Item, ...], list[tuple[str, str, str]]]:
    sets, problems = read_data_sets(data.subject())
    return sets[0].items, [(p.severity.value, p.code, p.place.text.rpartition("/")[2]) for p in problems]


def test_lines(data: DataProject) -> None:
    items, problems = read(data)
    assert not problems and len(items) == ITEMS
    assert items[3].target == data.root / "images/03.png"
    assert [path.name for path in items[3].controls] == ["03_0.png", "03_1.png"]
    assert (items[3].caption, items[3].place.text) == ("picture 03", "m.jsonl:4")


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"  \n",
        b"x\n",
        b"[]\n",
        b"5\n",
        b"{}\n",
        b'{"image_path": 5, "caption": "x"}\n',
        b'{"image_path": "", "caption": "x"}\n',
        b'{"image_path": "a\\u0000", "caption": "x"}\n',
        b'{"image_path": "a.png", "caption": "\xff"}\n',
        b'{"image_path": "a.png", "caption": "x", "control_path_x": "b"}\n',
        b'{"image_path": "a.png", "caption": "x", "control_path_": "b"}\n',
        b'{"image_path": "a.png", "caption": "x", "control_path_0": 5}\n',
        b'{"image_path": "a.png", "caption": "x", "control_path_0": null}\n',
        b"[" * 100_000 + b"\n",
        b"9" * 5000 + b"\n",
        b"\xef\xbb\xbf{}\n",
    ],
)
def test_a_line_that_is_no_item(data: DataProject, line: bytes) -> None:
    data.lines(line)
    items, problems = read(data)
    assert (len(items), problems) == (ITEMS, [("error", "broken-json-line", f"m.jsonl:{ITEMS + 1}")])


def test_a_line_without_end(data: DataProject) -> None:
    data.lines(b'{"image_path": "' + b"x" * 3_000_000 + b'"}\n', b"x\n")
    assert [problem[2] for problem in read(data)[1]] == [f"m.jsonl:{ITEMS + 1}", f"m.jsonl:{ITEMS + 2}"]


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_other_line_ends(data: DataProject, end: bytes) -> None:
    (data.root / "m.jsonl").write_bytes((data.root / "m.jsonl").read_bytes().replace(b"\n", end))
    items, problems = read(data)
    assert (len(items), problems) == (ITEMS, [])
    assert items[-1].place.line == ITEMS


@pytest.mark.parametrize(
    ("change", "controls"),
    [
        ({"control_path": "x.png"}, ["x.png", "05_1.png"]),
        ({"control_path_2": "x.png"}, ["05_0.png", "05_1.png"]),
        ({"control_path_00001": "x.png"}, ["05_0.png", "05_1.png"]),
    ],
)
def test_which_controls(data: DataProject, change: dict[str, str], controls: list[str]) -> None:
    data.records[5].update(change)
    data.lines()
    assert [path.name for path in read(data)[0][5].controls] == controls


def test_controls_are_numbered_anew(data: DataProject) -> None:
    for record in data.records:
        record["control_path_12"] = record.pop("control_path_0")
        record["control_path_7"] = record.pop("control_path_1")
    data.lines()
    items, problems = read(data)
    assert not problems and [path.name for path in items[5].controls] == ["05_1.png", "05_0.png"]


def test_a_number_that_takes_another_s_place(data: DataProject) -> None:
    """The trainer writes 0 over, then 1, and finds none."""
    data.records[5]["control_path_-1"] = "x.png"
    data.lines()
    assert read(data)[1] == [("error", "missing-control", "m.jsonl:6")]


def test_too_few_controls(data: DataProject) -> None:
    del data.records[5]["control_path_1"]
    data.lines()
    assert read(data)[1] == [("error", "missing-control", "m.jsonl:6")]
    for record in data.records:
        record.pop("control_path_0"), record.pop("control_path_1", None)
    data.lines()
    assert read(data)[1] == [("error", "missing-control", "dataset.toml:7")]


def test_one_control_where_nothing_is_said(data: DataProject) -> None:
    data.change("fp_1f_clean_indices = [0, 10]", "")
    for record in data.records:
        del record["control_path_1"]
    data.lines()
    assert read(data)[1] == []


@pytest.mark.parametrize("caption", [None, 5, ["x"]])
def test_a_line_without_a_caption(data: DataProject, caption: object) -> None:
    data.records[5]["caption"] = caption
    data.lines()
    assert read(data)[1] == [("error", "missing-caption", "m.jsonl:6")]
    del data.records[5]["caption"]
    data.lines()
    assert read(data)[1] == [("error", "missing-caption", "m.jsonl:6")]


@pytest.mark.parametrize("caption", ["", " \n"])
def test_a_caption_without_a_word(data: DataProject, caption: str) -> None:
    data.records[5]["caption"] = caption
    data.lines()
    assert read(data)[1] == [("warning", "empty-caption", "m.jsonl:6")]


def test_many_of_one_kind_are_counted(data: DataProject) -> None:
    data.lines(*[b"x\n"] * 5000)
    problems = read_data_sets(data.subject())[1]
    assert [problem.place.line for problem in problems] == [ITEMS + 1, ITEMS + 2, ITEMS + 3]
    assert problems[-1].message.endswith("And 4,997 more like it.")
    assert "more like it" not in problems[0].message


def test_relative_paths(data: DataProject) -> None:
    for record in data.records:
        record["image_path"] = os.path.relpath(record["image_path"], data.root)
    data.lines()
    items, problems = read(data)
    assert items[0].target == data.root / "images/00.png"
    assert problems == [("hint", "relative-path", "m.jsonl")]


@pytest.mark.parametrize("content", [None, b""])
def test_nothing_to_train_on(data: DataProject, content: bytes | None) -> None:
    path = data.root / "m.jsonl"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    code = "missing-file" if content is None else "missing-image"
    assert read(data) == ((), [("error", code, "dataset.toml:7")])


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo, lambda path: path.symlink_to("m.jsonl")])
def test_what_is_no_file(data: DataProject, make: object) -> None:
    (data.root / "m.jsonl").unlink()
    make(data.root / "m.jsonl")  # type: ignore[operator]
    assert read(data) == ((), [("error", "missing-file", "dataset.toml:7")])


def test_a_folder(data: DataProject) -> None:
    data.dataset(FOLDER)
    items, problems = read(data)
    assert not problems and len(items) == ITEMS
    assert [path.name for path in items[3].controls] == ["03_0.png", "03_1.png"]
    assert items[3].caption == "picture 03"


def test_captions_as_python_opens_them(data: DataProject) -> None:
    data.dataset(FOLDER)
    (data.root / "images/03.txt").write_bytes("\r\n 長い\r\nx \r".encode())
    assert read(data)[0][3].caption == "長い\nx"


@pytest.mark.parametrize(
    ("ending", "count", "codes"),
    [
        (".txt", ITEMS, []),
        ("txt", ITEMS, ["missing-caption"] * 3),
        (".en.txt", 0, ["skipped-items"]),
        (".c", 0, ["skipped-items"]),
    ],
)
def test_how_caption_files_end(data: DataProject, ending: str, count: int, codes: list[str]) -> None:
    for number in range(ITEMS):
        data.touch(f"images/{number:02d}.en.txt")
    data.dataset(FOLDER, GENERAL.replace('".txt"', f'"{ending}"'))
    items, problems = read(data)
    assert (len(items), [problem[1] for problem in problems]) == (count, codes)


def test_an_image_without_caption_is_left_out(data: DataProject) -> None:
    data.dataset(FOLDER)
    (data.root / "images/03.txt").unlink()
    items, problems = read(data)
    assert (len(items), problems) == (ITEMS - 1, [("warning", "skipped-items", "dataset.toml:7")])
    for path in (data.root / "images").glob("*.txt"):
        path.unlink()
    assert read(data) == ((), [("error", "skipped-items", "dataset.toml:7")])


@pytest.mark.parametrize("content", [b"\xff", None])
def test_a_caption_that_cannot_be_read(data: DataProject, content: bytes | None) -> None:
    data.dataset(FOLDER)
    path = data.root / "images/03.txt"
    path.unlink()
    path.mkdir() if content is None else path.write_bytes(content)
    assert read(data)[1] == [("error", "missing-caption", "03.txt")]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("x.PNG", True), ("x.AVIF", True), ("x.b.png", True), ("x.Png", False), (".x.png", False), ("x.gif", False)],
)
def test_what_is_an_image(data: DataProject, name: str, is_one: bool) -> None:
    data.dataset(FOLDER)
    data.touch(f"images/{name}")
    data.touch(f"images/{Path(name).stem}.txt").write_text("x")
    assert len(read(data)[0]) == ITEMS + is_one


@pytest.mark.parametrize(
    ("gone", "new", "problem"),
    [
        ("03_1.png", None, "dataset.toml:8"),
        ("03_1.png", "03_x.png", "03_x.png"),
        ("03_1.png", "03_².png", "03_².png"),
        ("03_0.png", "03.png", None),
        ("03_0.png", "03_12.webp", None),
        (None, "03_a.gif", None),
    ],
)
def test_controls_by_name(data: DataProject, gone: str | None, new: str | None, problem: str | None) -> None:
    data.dataset(FOLDER)
    if gone:
        (data.root / "controls" / gone).unlink()
    if new:
        data.touch(f"controls/{new}")
    assert read(data)[1] == ([("error", "missing-control", problem)] if problem else [])


def test_longer_names_take_their_controls_first(data: DataProject) -> None:
    data.dataset(FOLDER)
    for name in ("images/03_5.png", "controls/03_5_0.png", "controls/03_5_1.png"):
        data.touch(name)
    data.touch("images/03_5.txt").write_text("x")
    items, problems = read(data)
    assert not problems
    assert {item.target.name: [path.name for path in item.controls] for item in items[3:5]} == {
        "03.png": ["03_0.png", "03_1.png"],
        "03_5.png": ["03_5_0.png", "03_5_1.png"],
    }


def test_no_folder_of_controls(data: DataProject) -> None:
    data.dataset(FOLDER.replace("{root}/controls", "{root}/nowhere"))
    assert read(data)[1] == [("error", "missing-file", "dataset.toml:8")]
    data.dataset(FOLDER.replace('control_directory = "{root}/controls"\n', ""))
    assert read(data)[1] == [("error", "missing-control", "dataset.toml:6")]


def test_videos(data: DataProject) -> None:
    data.dataset(VIDEOS)
    for name in ("a.mp4", "b.MOV", "c.txt", "d.png"):
        data.touch(f"videos/{name}").write_text("x")
    for name in "ab":
        data.touch(f"videos/{name}.txt").write_text(name)
    items, problems = read(data)
    assert not problems and [(item.target.name, item.caption) for item in items] == [("a.mp4", "a"), ("b.MOV", "b")]
    data.dataset(VIDEOS + 'control_directory = "{root}/poses"\n')
    data.touch("poses/a.webm")
    assert read(data)[1] == [("error", "missing-control", "dataset.toml:10")]
    (data.root / "poses/b").mkdir()
    items, problems = read(data)
    assert not problems and [item.controls[0].name for item in items] == ["a.webm", "b"]


def test_lines_of_videos(data: DataProject) -> None:
    data.dataset(LINES.replace("image_jsonl_file", "video_jsonl_file").partition("fp_1f")[0])
    lines = [
        {"video_path": "/a.mp4", "caption": "x", "control_path": "/b.mp4"},
        {"video_path": "/c.mp4", "caption": "y"},
    ]
    (data.root / "m.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read(data)[1] == [("error", "missing-control", "m.jsonl:2")]
    (data.root / "m.jsonl").write_text(json.dumps({"image_path": "/a.mp4", "caption": "x"}) + "\n")
    assert read(data)[1] == [("error", "broken-json-line", "m.jsonl:1")]
