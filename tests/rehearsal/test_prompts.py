"""Prompt files, read as the trainer reads them."""

from pathlib import Path
from typing import Any

import pytest

from fptui.rehearsal.prompts import load_prompts, parse_line


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "a cat --w 64 --h 96 --d 5 --s 8",
            {"prompt": "a cat", "width": 64, "height": 96, "seed": 5, "sample_steps": 8},
        ),
        ("a --s 5000", {"prompt": "a", "sample_steps": 1000}),
        (
            "a --g 2.5 --fs 3 --l 1.5",
            {"prompt": "a", "guidance_scale": 2.5, "discrete_flow_shift": 3.0, "cfg_scale": 1.5},
        ),
        ("a --ci x.png --ci y z.png", {"prompt": "a", "control_image_path": ["x.png", "y z.png"]}),
        ("a --w=64 --vs 3", {"prompt": "a"}),
        ("a --d -3", {"prompt": "a"}),
        ("I am a cat", {"prompt": "I am a cat", "image_path": "am a cat"}),
        ("s 20 cats --s 8", {"prompt": "s 20 cats", "sample_steps": 8}),
        ("a --g 7.5.1 --w 8", {"prompt": "a", "width": 8}),
    ],
)
def test_a_line(line: str, expected: dict[str, Any]) -> None:
    assert parse_line(line) == expected


def test_a_text_file_skips_blank_lines_and_comments_at_the_very_start_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "prompts.txt"
    path.write_text("# no\n\none\n  # a prompt\n", encoding="utf-8")
    assert [(prompt["enum"], prompt["prompt"]) for prompt in load_prompts(str(path))] == [(0, "one"), (1, "# a prompt")]


def test_toml_and_json(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("[prompt]\nwidth = 64\n[[prompt.subset]]\nprompt = 'a'\n")
    (tmp_path / "p.json").write_text('[{"prompt": "a"}, "b --w 8"]')
    assert load_prompts(str(tmp_path / "p.toml")) == [{"width": 64, "prompt": "a", "enum": 0}]
    assert load_prompts(str(tmp_path / "p.json")) == [
        {"prompt": "a", "enum": 0},
        {"prompt": "b", "width": 8, "enum": 1},
    ]


def test_any_other_ending_and_a_missing_subset_are_the_trainer_s_errors(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("[prompt]\nwidth = 64\n")
    with pytest.raises(KeyError, match="subset"):
        load_prompts(str(tmp_path / "p.toml"))
    with pytest.raises(UnboundLocalError):
        load_prompts(str(tmp_path / "p.TXT"))
