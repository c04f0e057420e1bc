"""Caches against the data set as it is now."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fptui.check.caches import CacheNeeds, cache_needs
from fptui.core.run import RunFolder, RunRecord, write_record
from fptui.core.status import Stage
from tests.check.data_project import ITEMS, LINES, VIDEOS, DataProject, latents, picture, safetensors

NAME, TEXT = "05_0064x0096_fp.safetensors", "05_fp_te.safetensors"


def needs(data: DataProject) -> CacheNeeds:
    found = data.report().needs
    assert found is not None
    assert cache_needs(data.subject(), data.report().data_sets) == found
    return found


def counts(data: DataProject) -> tuple[int | None, int, int, int]:
    found = needs(data)
    return found.items, len(found.latents), len(found.texts), len(found.stale)


def told(data: DataProject) -> list[tuple[str, str, str]]:
    return [(p.severity.value, p.code, p.place.text.rpartition("/")[2]) for p in data.problems()]


def test_in_order(data: DataProject) -> None:
    assert told(data) == []
    assert counts(data) == (ITEMS, 0, 0, 0)


def test_nothing_is_cached(tmp_path: Path) -> None:
    data = DataProject(tmp_path, cached=False)
    assert told(data) == [("hint", "missing-cache", "dataset.toml:8")]
    assert counts(data) == (ITEMS, ITEMS, ITEMS, 0)
    (tmp_path / "cache").rmdir()
    assert counts(data) == (ITEMS, ITEMS, ITEMS, 0)


def test_one_is_missing(data: DataProject) -> None:
    (data.root / "cache" / NAME).unlink()
    assert told(data) == [("hint", "missing-cache", "dataset.toml:8")]
    found = needs(data)
    assert [item.target.stem for item in found.latents] == ["05"] and not found.texts


def test_latents_without_text_are_skipped(data: DataProject) -> None:
    (data.root / "cache" / TEXT).unlink()
    assert told(data) == [("warning", "skipped-items", "dataset.toml:8")]
    assert counts(data) == (ITEMS, 0, 1, 0)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("[64, 96]", "[96, 64]", 2),
        ("fp_1f_target_index = 5", "fp_1f_target_index = 6", 10),
        ("[0, 10]", "[0, 9]", 9),
        ("fp_1f_no_post = true", "fp_1f_no_post = false", 11),
    ],
)
def test_a_changed_setting_is_one_problem_at_its_line(data: DataProject, old: str, new: str, line: int) -> None:
    for number in range(ITEMS):
        picture(data.root / f"images/{number:02d}.png", (number, 0, 0))
        data.age(data.root / f"images/{number:02d}.png", -100)
    data.change(old, new)
    if line == 2:
        data.change("enable_bucket = true", "enable_bucket = false")
    assert told(data) == [("warning", "stale-cache", f"dataset.toml:{line}")]
    assert data.problems()[0].message.endswith("And 19 more like it.")
    assert counts(data) == (ITEMS, ITEMS, 0, ITEMS)


def test_the_indices_that_the_caching_program_writes(data: DataProject) -> None:
    """With fp_1f_no_post = false it appends the window's end (fpack_cache_latents.py)."""
    data.change("fp_1f_no_post = true", "fp_latent_window_size = 7")
    for record in data.records:
        data.cache(Path(record["image_path"]).stem, record["caption"], clean=(0, 10, 8))
    assert told(data) == []


@pytest.mark.parametrize("name", ["images/05.png", "controls/05_0.png", "controls/05_1.png"])
def test_a_newer_picture(data: DataProject, name: str) -> None:
    data.age(data.root / name, 1)
    assert told(data) == [("warning", "stale-cache", "m.jsonl:6")]
    assert counts(data) == (ITEMS, 1, 0, 1)
    data.age(data.root / name, 0)
    assert told(data) == []


def test_a_time_to_come_is_a_wrong_clock(data: DataProject) -> None:
    """Caches would never be new enough."""
    os.utime(data.root / "images/05.png", (time.time() + 9999,) * 2)
    os.utime(data.root / "models/vae.safetensors", (time.time() + 9999,) * 2)
    assert told(data) == []


def test_another_caption(data: DataProject) -> None:
    data.records[5]["caption"] += "!"
    data.lines()
    assert told(data) == [("warning", "stale-cache", "m.jsonl:6")]
    assert counts(data) == (ITEMS, 0, 1, 1)
    assert needs(data).stale == (data.root / "cache" / TEXT,)


def test_an_image_of_another_size(data: DataProject) -> None:
    picture(data.root / "images/05.png", (5, 0, 0), (80, 96))
    data.age(data.root / "images/05.png", -100)
    assert told(data) == [("warning", "stale-cache", "m.jsonl:6")]
    assert counts(data) == (ITEMS, 1, 0, 1)


@pytest.mark.parametrize("name", [NAME, TEXT])
@pytest.mark.parametrize("left", [0, 5, 60, -1])
def test_cut_short(data: DataProject, name: str, left: int) -> None:
    path = data.root / "cache" / name
    path.write_bytes(path.read_bytes()[:left])
    assert told(data) == [("warning", "stale-cache", "m.jsonl:6")]
    assert counts(data) == (ITEMS, int(name == NAME), int(name == TEXT), 1)


@pytest.mark.parametrize("name", ["vae", "image_encoder", "text_encoder1", "text_encoder2"])
def test_a_newer_model(data: DataProject, name: str) -> None:
    data.age(data.root / f"models/{name}.safetensors", 5)
    (problem,) = data.problems()
    assert (problem.code, problem.place.key) == ("stale-cache", name)
    is_text = name.startswith("text")
    assert counts(data) == (ITEMS, 0 if is_text else ITEMS, ITEMS if is_text else 0, ITEMS)


def ran(data: DataProject, vae: str, at: float, number: int = 1, **changed: object) -> None:
    run_id = f"v1-cache-latents-20261122-10300{number}"
    argv = ("python", "-m", "x", "--vae", vae, "--image_encoder", str(data.root / "models/image_encoder.safetensors"))
    record = RunRecord(run_id, "v1", Stage.CACHE_LATENTS, "musubi", argv, str(data.root), at)
    (data.root / "runs" / run_id).mkdir(parents=True)
    write_record(RunFolder(data.root / "runs" / run_id).record, replace(record, **changed))  # type: ignore[arg-type]


def test_made_with_another_model(data: DataProject) -> None:
    ran(data, "/elsewhere/vae.safetensors", 1_700_000_000 - 10)
    (problem,) = data.problems()
    assert (problem.code, problem.place.key) == ("stale-cache", "vae")
    assert "made with another vae" in problem.message
    assert counts(data) == (ITEMS, ITEMS, 0, ITEMS)


def test_a_cache_is_of_the_last_run_before_it(data: DataProject) -> None:
    ran(data, str(data.root / "models/vae.safetensors"), 1_700_000_000 - 10, 2)
    ran(data, "/elsewhere/vae.safetensors", 1_700_000_000 - 20, 1)
    ran(data, "/elsewhere/vae.safetensors", 1_700_000_000 + 20, 3)
    assert told(data) == []


def test_made_by_the_rehearsal(data: DataProject) -> None:
    ran(data, str(data.root / "models/vae.safetensors"), 1_700_000_000 - 10, trainer="rehearsal")
    (problem,) = data.problems()
    assert problem.code == "stale-cache" and "the rehearsal trainer" in problem.message


def test_orphans(data: DataProject) -> None:
    data.cache("zz", "x")
    assert told(data) == [("warning", "orphan-cache", "dataset.toml:8")]
    assert "zz_0064x0096_fp.safetensors" in data.problems()[0].message
    (data.root / "cache/zz_fp_te.safetensors").unlink()
    assert told(data) == []


@pytest.mark.parametrize("name", ["x_foo_fp.safetensors", "x_fp.safetensors", "x_1x2x3_fp.safetensors"])
def test_a_name_at_which_training_ends(data: DataProject, name: str) -> None:
    data.touch(f"cache/{name}")
    assert told(data) == [("error", "orphan-cache", "dataset.toml:8")]
    (data.root / "cache" / name).rename(data.root / f"cache/.{name}")
    assert told(data) == []


def test_other_things_in_the_folder(data: DataProject) -> None:
    data.touch("cache/a_0064x0096_hv.safetensors")
    data.touch("cache/notes.txt")
    (data.root / "cache/loop").symlink_to("loop")
    assert told(data) == []


def test_unread_items_leave_no_orphans(data: DataProject) -> None:
    lines = (data.root / "m.jsonl").read_bytes().split(b"\n")
    lines[5] = b"x"
    (data.root / "m.jsonl").write_bytes(b"\n".join(lines))
    assert told(data) == [("error", "broken-json-line", "m.jsonl:6")]


@pytest.mark.parametrize("spoil", ["missing-image", "unreadable-image", "duplicate-basename", "missing-caption"])
def test_one_fault_has_no_echo_in_the_caches(data: DataProject, spoil: str) -> None:
    path = data.root / "images/05.png"
    if spoil == "missing-image":
        path.unlink()
    elif spoil == "unreadable-image":
        path.write_bytes(b"x")
        data.age(path, -100)
    elif spoil == "duplicate-basename":
        data.records.append({**data.records[5], "caption": "another"})
    else:
        del data.records[5]["caption"]
    data.lines()
    assert [(severity, code) for severity, code, _ in told(data)] == [("error", spoil)]


def test_videos(data: DataProject) -> None:
    data.config("one_frame = false\n")
    data.dataset(VIDEOS)
    for path in (data.root / "cache").iterdir():
        path.unlink()
    data.touch("videos/a.mp4"), data.touch("videos/a.txt").write_text("a")
    data.age(data.root / "videos/a.mp4", -100)
    assert told(data) == [("hint", "missing-cache", "dataset.toml:8")]
    assert counts(data) == (None, 1, 1, 0)
    data.touch("cache/a_fp_te.safetensors").write_bytes(safetensors({}, {"caption1": "a"}))
    name = "cache/a_00000-073-{:04d}_0064x0096_fp.safetensors"
    data.touch(name.format(0)).write_bytes(latents())
    assert told(data) == [("hint", "missing-cache", "dataset.toml:8")]
    data.touch(name.format(1)).write_bytes(latents())
    assert told(data) == []
    data.change("[64, 96]", "[128, 128]")
    assert told(data) == [("warning", "stale-cache", "dataset.toml:2")]
    assert counts(data) == (None, 1, 0, 2)


def test_two_data_sets(data: DataProject) -> None:
    data.dataset(LINES + LINES.replace("{root}/cache", "{root}/cache2"))
    assert told(data) == [("hint", "missing-cache", "dataset.toml:14")]
    assert counts(data) == (2 * ITEMS, ITEMS, ITEMS, 0)
