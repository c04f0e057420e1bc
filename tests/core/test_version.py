"""A version as the trainer reads it, and the sentence for each way in which it cannot be."""

from pathlib import Path
from typing import Any

import pytest

from fptui.core.project import Project, Settings
from fptui.core.version import Version, read_version
from fptui.errors import Refused, WrongUse

CONFIG = 'dataset_config = "configs/v1/dataset.toml"\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, "p", Settings())


def write(project: Project, config: str | None = CONFIG, name: str = "v1") -> Path:
    folder = project.configs / name
    folder.mkdir(parents=True)
    if config is not None:
        (folder / "config.toml").write_text(config)
    (folder / "dataset.toml").write_text("[general]\nbatch_size = 1\n")
    (folder / "prompts.txt").write_text("a face\n")
    return folder


def test_the_newest_is_the_default(project: Project) -> None:
    for name in ("v2", "v9", "v10"):
        write(project, CONFIG.replace("v1/", f"{name}/"), name)
    assert read_version(project, None).name == "v10"
    assert read_version(project, "v9").path == project.configs / "v9"


def test_all_of_a_version(project: Project) -> None:
    folder = write(project, f'{CONFIG}sample_prompts = "configs/v1/prompts.txt"\n')
    config = {"dataset_config": "configs/v1/dataset.toml", "sample_prompts": "configs/v1/prompts.txt"}
    dataset = {"general": {"batch_size": 1}}
    paths = (folder / "config.toml", folder / "dataset.toml", folder / "prompts.txt")
    assert read_version(project, "v1") == Version("v1", folder, *paths, config, dataset)


def test_tables_are_flattened_and_the_later_wins(project: Project) -> None:
    write(project, f"{CONFIG}seed = 1\ndit = 'a'\n[model]\nseed = 2\n[train]\nseed = 3\n[train.deep]\nseed = 4\n")
    config = read_version(project, None).config
    assert config == {"dataset_config": CONFIG.split('"')[1], "seed": 3, "dit": "a", "deep": {"seed": 4}}


def test_the_files_may_lie_elsewhere(project: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "data"
    elsewhere.mkdir()
    (elsewhere / "set.TOML").write_text("x = 1\n")
    (elsewhere / "p.txt").touch()
    write(project, f'[data]\ndataset_config = "data/set.TOML"\nsample_prompts = "{elsewhere / "p.txt"}"\n')
    version = read_version(project, None)
    assert (version.dataset_path, version.prompts_path) == (elsewhere / "set.TOML", elsewhere / "p.txt")
    assert version.dataset == {"x": 1}


@pytest.mark.parametrize("prompts", ["", 'sample_prompts = ""\n'])
def test_prompts_are_not_needed(project: Project, prompts: str) -> None:
    write(project, CONFIG + prompts)
    assert read_version(project, None).prompts_path is None


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("", "^configs/v1/config.toml: dataset_config is not set, and the trainer needs it.$"),
        ('dataset_config = ""', "config.toml: dataset_config is not set"),
        ("dataset_config = 7", "config.toml, line 1, dataset_config: must be a text"),
        ('\n\ndataset_config = "d.toml"', r"^configs/v1/config.toml, line 3, dataset_config: \S+/d.toml is missing.$"),
        ('dataset_config = "configs"', r"line 1, dataset_config: \S+/configs is missing"),
        ('dataset_config = "~/d.toml"', r"line 1, dataset_config: \S+/~/d.toml is missing"),
        ('[d]\n"dataset_config" = "configs/v1/prompts.txt"', "line 2, dataset_config: prompts.txt is not a .toml file"),
        (f'{CONFIG}sample_prompts = "p.txt"', r"line 2, sample_prompts: \S+/p.txt is missing.$"),
        (f'{CONFIG}sample_prompts = "~/p.txt"', r"line 2, sample_prompts: \S+/~/p.txt is missing.$"),
        ('dataset_config = "a\\u001b[2Jb.toml"', r"/ab.toml is missing"),
        ("a=0xFF", "config.toml: the trainer's TOML reader .* refuses it"),
        (None, "configs/v1/config.toml is missing"),
    ],
)
def test_refusals(project: Project, config: str | None, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, config)
    monkeypatch.setenv("HOME", str(project.path / "home"))
    for name in ("d.toml", "p.txt"):
        (project.path / "home").mkdir(exist_ok=True)
        (project.path / "home" / name).touch()
    with pytest.raises(Refused, match=words) as error:
        read_version(project, "v1")
    assert "\x1b" not in str(error.value)


def test_a_data_set_that_is_not_toml(project: Project) -> None:
    folder = write(project)
    (folder / "dataset.toml").write_text("[[datasets\n")
    with pytest.raises(Refused, match=r"configs/v1/dataset.toml is not TOML"):
        read_version(project, "v1")


def test_a_version_that_is_not_there(project: Project) -> None:
    with pytest.raises(WrongUse, match=r"configs has no version: make configs/v1 with config.toml"):
        read_version(project, None)
    for number in range(1, 11):
        write(project, CONFIG, f"v{number}")
    for name in ("v11", "1", "", "v01", "../v1"):
        with pytest.raises(WrongUse, match=r"no version .*; there are v10, v9, v8, v7, v6, v5, v4, v3\.$"):
            read_version(project, name)


@pytest.mark.parametrize("value", ["x", "", 7, 0, -1, True, False, 1.0, "7", [1], None])
def test_text_and_number(tmp_path: Path, value: Any) -> None:
    config = tmp_path / "config.toml"
    config.write_text("\nkey = 1")
    version = Version("v1", tmp_path, config, Path(), None, {"key": value}, {})
    for read, kind, wanted in (
        (version.text, "a text", {"x": "x", "7": "7", "": None, None: None}),
        (version.number, "a whole number, 1 or more", {7: 7, None: None}),
    ):
        if not isinstance(value, (list, bool, float)) and value in wanted:
            assert read("key") == wanted[value]
        else:
            with pytest.raises(Refused, match=rf"configs/v1/config.toml, line 2, key: must be {kind}"):
                read("key")
    assert (version.text("other"), version.number("other")) == (None, None)
