"""Options and config file, merged as the real trainer merges them."""

import argparse
import json
import logging
from pathlib import Path

import pytest

from fptui.rehearsal import options


def _config(tmp_path: Path, text: str, name: str = "config.toml") -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_command_line_wins_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    path = _config(tmp_path, "learning_rate = 1e-3\nmax_train_steps = 10\n")
    read = options.read_train_options(["--config_file", path, "--max_train_steps", "20"])
    assert (read.learning_rate, read.max_train_steps, read.gradient_accumulation_steps) == (1e-3, 20, 1)
    assert read.config_file == path.removesuffix(".toml")


def test_sections_are_dissolved_and_the_later_one_wins(tmp_path: Path) -> None:
    read = options.read_train_options(["--config_file", _config(tmp_path, "seed = 1\n[a]\nseed = 2\n[b]\nseed = 3\n")])
    assert read.seed == 3


def test_what_the_file_says_is_taken_as_it_is(tmp_path: Path) -> None:
    path = _config(
        tmp_path, 'no_such_key = 1\nlearning_rate = "1e-4"\ntimestep_sampling = "nonsense"\nsdpa = "false"\n'
    )
    read = options.read_train_options(["--config_file", path])
    assert (read.no_such_key, read.learning_rate, read.timestep_sampling, read.sdpa) == (1, "1e-4", "nonsense", "false")


def test_the_ending_is_added_to_the_file_s_name(tmp_path: Path) -> None:
    _config(tmp_path, "seed = 5", "x.conf.toml")
    assert options.read_train_options(["--config_file", str(tmp_path / "x.conf")]).seed == 5


def test_a_missing_file_ends_with_1(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(SystemExit) as ended:
        options.read_train_options(["--config_file", str(tmp_path / "none.toml")])
    assert ended.value.code == 1
    assert caplog.messages == [f"{tmp_path}/none.toml not found."]


@pytest.mark.parametrize("wrong", [["--foo", "3"], ["--max_train_steps", "x"], ["--timestep_sampling", "nonsense"]])
def test_a_wrong_command_line_ends_with_2(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        options.read_train_options(wrong)
    assert ended.value.code == 2


def test_names_may_be_cut_short() -> None:
    assert options.read_train_options(["--save_every_n_step", "3"]).save_every_n_steps == 3


def test_lists_and_shares_of_steps() -> None:
    read = options.read_train_options(
        ["--network_args", "a=1", "b=2", "--lr_warmup_steps", "10%", "--lr_decay_steps", "7"]
    )
    assert (read.network_args, read.lr_warmup_steps, read.lr_decay_steps) == (["a=1", "b=2"], 0.1, 7)


REAL = Path(__file__).parents[3] / "shared/reference/musubi_options.json"


@pytest.mark.skipif(not REAL.exists(), reason="the table of the real trainer's options is not there")
@pytest.mark.parametrize(
    ("program", "parser"),
    [
        ("fpack_train_network", options.train_parser()),
        ("fpack_cache_latents", options.cache_latents_parser()),
        ("fpack_cache_text_encoder_outputs", options.cache_text_parser()),
    ],
)
def test_every_option_of_the_real_program_is_there_with_its_default(
    program: str, parser: argparse.ArgumentParser
) -> None:
    real = {entry["dest"]: entry for entry in json.loads(REAL.read_text())[program]}
    mine = {action.dest: action for action in parser._actions if action.dest != "help"}
    assert mine.keys() == real.keys()
    for name, entry in real.items():
        assert mine[name].default == entry["default"], name
        assert mine[name].required == entry["required"], name
        assert list(mine[name].choices or []) == (entry["choices"] or []), name
