"""The data-set file: each fault with its one code at its line, as the trainer's schema and its programs have it."""

import pytest

from fptui.check.dataset_schema import schema_problems
from tests.check.data_project import FOLDER, GENERAL, LINES, VIDEOS, DataProject


def found(data: DataProject) -> list[tuple[str, str, int | None]]:
    return [(p.severity.value, p.code, p.place.line) for p in schema_problems(data.subject())]


@pytest.mark.parametrize("tables", [LINES, FOLDER])
def test_in_order(data: DataProject, tables: str) -> None:
    data.dataset(tables)
    assert found(data) == []


def test_videos_in_order(data: DataProject) -> None:
    data.config("one_frame = false\n")
    data.dataset(VIDEOS)
    assert found(data) == []
    data.dataset(VIDEOS + 'frame_extraction = "slide"\nframe_stride = 4\nsource_fps = 30.0\n')
    assert found(data) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("batch_size = 2", "batchsize = 2", ("error", "unknown-key", 4)),
        ("batch_size = 2", 'cache_directory = "x"', ("error", "unknown-key", 4)),
        ("batch_size = 2", 'batch_size = "2"', ("error", "wrong-type", 4)),
        ("batch_size = 2", "batch_size = 2.0", ("error", "wrong-type", 4)),
        ("batch_size = 2", "batch_size = 0", ("error", "wrong-choice", 4)),
        ("batch_size = 2", "batch_size = -1", ("error", "wrong-choice", 4)),
        ("batch_size = 2", "batch_size = true", ("hint", "wrong-type", 4)),
        ("batch_size = 2", "num_repeats = 0", ("error", "wrong-choice", 4)),
        ("batch_size = 2", "num_repeats = 99999999999", ("error", "wrong-choice", 4)),
        ("[64, 96]", "0", ("error", "wrong-choice", 2)),
        ("[64, 96]", "[64, -96]", ("error", "wrong-choice", 2)),
        ("[64, 96]", "[31, 33]", ("error", "wrong-choice", 2)),
        ("[64, 96]", "99999999999999999999", ("error", "wrong-choice", 2)),
        ("[64, 96]", "[64]", ("error", "wrong-type", 2)),
        ("[64, 96]", '"64x96"', ("error", "wrong-type", 2)),
        ("enable_bucket = true", "bucket_no_upscale = true", ("warning", "ineffective-key", 5)),
        ("enable_bucket = true", "enable_bucket = 1", ("error", "wrong-type", 5)),
        ("[0, 10]", '"0;10"', ("error", "wrong-type", 9)),
        ("[0, 10]", "[]", ("error", "wrong-choice", 9)),
        ("fp_1f_clean_indices = [0, 10]", "", ("warning", "missing-key", 6)),
        ("fp_1f_target_index = 5", "", ("error", "missing-key", 6)),
        ("fp_1f_target_index", "fp_1f_target_idx", ("error", "unknown-key", 10)),
        ("fp_1f_target_index = 5", "fp_1f_target_index = 5\nmax_frames = 9", ("error", "unknown-key", 11)),
        ('cache_directory = "{root}/cache"', "", ("error", "missing-key", 6)),
        ('cache_directory = "{root}/cache"', 'cache_directory = ""', ("error", "missing-key", 8)),
        ("{root}/cache", "{root}/cache[1]", ("error", "wrong-choice", 8)),
        ('image_jsonl_file = "{root}/m.jsonl"', "", ("error", "missing-key", 6)),
        ("fp_1f_no_post = true", "multiple_target = true", ("error", "fatal-combination", 11)),
        ("fp_1f_no_post = true", "no_resize_control = true", ("error", "fatal-combination", 11)),
        ("fp_1f_no_post = true", "qwen_image_edit_no_resize_control = true", ("error", "fatal-combination", 11)),
        ("fp_1f_no_post = true", "control_resolution = 512", ("error", "fatal-combination", 11)),
        ("fp_1f_no_post = true", 'control_directory = "x"', ("warning", "ineffective-key", 11)),
        ("fp_1f_no_post = true", 'video_directory = "x"', ("error", "fatal-combination", 11)),
        ("fp_1f_no_post = true", "fp_latent_window_size = 0", ("error", "wrong-choice", 11)),
    ],
)
def test_one_fault_is_one_problem(data: DataProject, old: str, new: str, problem: tuple[str, str, int]) -> None:
    data.change(old.replace("{root}", str(data.root)), new)
    found_now = found(data)
    if (old, new) == ("fp_1f_target_index", "fp_1f_target_idx"):
        assert found_now.pop() == ("error", "missing-key", 6)
    if new.startswith(("bucket_no_upscale", "video_directory")):
        found_now = found_now[:1]
    assert found_now == [problem]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('caption_extension = ".txt"', "", ("error", "missing-key", 6)),
        ('caption_extension = ".txt"', 'caption_extension = ""', ("error", "missing-key", 3)),
        ("fp_1f_no_post = true", 'image_jsonl_file = "m"', ("warning", "ineffective-key", 12)),
        ('cache_directory = "{root}/cache"', "", None),
    ],
)
def test_of_a_folder(data: DataProject, old: str, new: str, problem: tuple[str, str, int] | None) -> None:
    data.dataset(FOLDER)
    data.change(old.replace("{root}", str(data.root)), new)
    assert found(data) == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("[37]", "[1, 37]", ("error", "wrong-choice", 9)),
        ("[37]", "[36]", ("error", "wrong-choice", 9)),
        ("[37]", "[38]", ("hint", "wrong-choice", 9)),
        ("target_frames = [37]", "", ("error", "missing-key", 6)),
        ("target_frames = [37]", 'frame_extraction = "full"\nmax_frames = 30', ("error", "wrong-choice", 10)),
        ("[37]", '[37]\nframe_extraction = "ful"', ("error", "wrong-choice", 10)),
        ("[37]", '[37]\nframe_extraction = "slide"\nframe_stride = 0', ("error", "wrong-choice", 11)),
        ("[37]", "[37]\nframe_stride = 2", ("hint", "ineffective-key", 10)),
        ("[37]", "[37]\nsource_fps = 30", ("error", "wrong-type", 10)),
        ("[37]", "[37]\nfp_1f_no_post = true", ("error", "unknown-key", 10)),
    ],
)
def test_of_videos(data: DataProject, old: str, new: str, problem: tuple[str, str, int]) -> None:
    data.config("one_frame = false\n")
    data.dataset(VIDEOS)
    data.change(old, new)
    assert found(data) == [problem]


def test_one_frame_and_its_opposite(data: DataProject) -> None:
    data.config("one_frame = false\n")
    assert found(data) == [("error", "fatal-combination", 1)]
    data.config()
    data.dataset(VIDEOS)
    assert found(data) == [("error", "fatal-combination", 1)]


def test_no_buckets(data: DataProject) -> None:
    data.dataset(LINES, GENERAL.replace("[64, 96]", "[60, 96]").replace("= true", "= false"))
    (problem,) = schema_problems(data.subject())
    assert (problem.code, problem.place.line) == ("size-not-multiple", 2)
    assert "[64, 96]" in problem.fix
    data.dataset(LINES, GENERAL.replace("[64, 96]", "[60, 96]"))
    assert found(data) == []


@pytest.mark.parametrize("second", ["{root}/cache", "{root}/configs/../cache", "{root}/link"])
def test_two_data_sets_with_one_folder_of_caches(data: DataProject, second: str) -> None:
    (data.root / "link").symlink_to("cache")
    data.dataset(LINES + LINES.replace("{root}/cache", second))
    assert found(data) == [("error", "fatal-combination", 14)]
    data.dataset(LINES + LINES.replace("{root}/cache", "{root}/other"))
    assert found(data) == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ["missing-key"]),
        ("[general]\n", ["missing-key"]),
        ("datasets = []\n", ["missing-key"]),
        ("datasets = 5\n", ["wrong-type"]),
        ("datasets = [1, 2]\n", ["wrong-type"]),
        ("general = 5\n" + LINES, ["wrong-type"]),
        ('[dataset]\nimage_jsonl_file = "x"\n', ["unknown-key", "missing-key"]),
        ("[[datasets]]\n", ["missing-key"]),
    ],
)
def test_files_of_another_shape(data: DataProject, text: str, codes: list[str]) -> None:
    data.dataset(text, "")
    problems = list(schema_problems(data.subject()))
    assert [problem.code for problem in problems if problem.severity.value == "error"] == codes


@pytest.mark.parametrize(
    ("wrong", "near"), [("batchsize", "batch_size"), ("repeats", "num_repeats"), ("enable_buckets", "enable_bucket")]
)
def test_the_nearest_key_is_named(data: DataProject, wrong: str, near: str) -> None:
    data.change("batch_size = 2", f"{wrong} = 2")
    assert [problem.fix for problem in schema_problems(data.subject())] == [f"Did you mean {near}?"]
