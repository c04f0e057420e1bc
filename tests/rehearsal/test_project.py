"""The demo's project: complete, inside its folder, nothing written over."""

import importlib
import json
import sys
from pathlib import Path

import pytest
import toml

from fptui.rehearsal.project import make_project
from fptui.rehearsal.prompts import load_prompts

tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("projects") / "my 'demo' \"1\" \\ 日本語 [a]"
    make_project(folder, steps=300)
    return folder


def _paths(value: object) -> list[str]:
    if isinstance(value, dict):
        return [path for part in value.values() for path in _paths(part)]
    if isinstance(value, list):
        return [path for part in value for path in _paths(part)]
    return [value] if isinstance(value, str) and value.startswith("/") else []


@pytest.mark.parametrize("name", ["pyproject.toml", "configs/v1/config.toml", "configs/v1/dataset.toml"])
def test_both_toml_readers_agree_and_every_path_is_inside(folder: Path, name: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    table = tomllib.loads(text)
    assert toml.loads(text) == table
    assert all(Path(path).is_relative_to(folder) for path in _paths(table))


def test_the_settings_are_those_of_a_rehearsal_that_can_be_resumed(folder: Path) -> None:
    assert tomllib.loads((folder / "pyproject.toml").read_text())["tool"]["fptui"]["trainer"] == "rehearsal"
    config = tomllib.loads((folder / "configs/v1/config.toml").read_text())
    assert (config["max_train_steps"], config["save_every_n_steps"], config["save_state"]) == (300, 20, True)
    assert all(
        Path(config[model]).is_file() for model in ("dit", "vae", "text_encoder1", "text_encoder2", "image_encoder")
    )


def test_a_short_demo_still_saves_a_state(tmp_path: Path) -> None:
    make_project(tmp_path / "short", steps=7)
    assert "save_every_n_steps = 7\n" in (tmp_path / "short/configs/v1/config.toml").read_text()


def test_samples_are_of_pictures_that_are_not_trained_on(folder: Path) -> None:
    lines = (folder / "data/dataset-v1/metadata-v1.jsonl").read_text(encoding="utf-8").splitlines()
    items = [json.loads(line) for line in lines]
    trained = {Path(item[key]).read_bytes() for item in items for key in item if "path" in key}
    prompts = load_prompts(str(folder / "configs/v1/prompts.txt"))
    assert len(items) == 8
    assert len(prompts) == 2
    for prompt in prompts:
        assert prompt["image_path"] == prompt["control_image_path"][0]
        for path in prompt["control_image_path"]:
            assert Path(path).is_relative_to(folder)
            assert Path(path).read_bytes() not in trained


@pytest.mark.parametrize("name", ["pyproject.toml", "configs/v1/config.toml", "output/demo-v1.safetensors"])
def test_nothing_is_written_over(tmp_path: Path, name: str) -> None:
    mine = tmp_path / "demo" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FileExistsError, match=name.split("/", maxsplit=1)[0]):
        make_project(tmp_path / "demo")
    assert mine.read_text() == "mine"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_name_that_prompts_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="prompts"):
        make_project(tmp_path / "a --w b")
    assert not any(tmp_path.iterdir())
