"""`fptui inspect`: the JSON that others may rely on, and the page for people."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from fptui.cli.main import main

LOGS = Path(__file__).parents[1] / "data" / "logs"


def _json(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["inspect", str(path), "--json"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    value = json.loads(output.out, parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))
    assert isinstance(value, dict)
    return value


def test_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(LOGS / "pane_killed.log", capsys)
    wanted = {
        "trainer": "musubi", "program": "fpack_train_network", "phase": "training", "outcome": "running",
        "error": None, "total_steps": 80, "step": 67, "epochs": 2, "epoch": 2, "resumed_from": None,
        "num_train_items": 240, "batch_size": [4], "warnings": [],
    }  # fmt: skip
    assert {key: found[key] for key in wanted} == wanted
    assert found["loss"][0] == {"step": 1, "average": 1.62}
    assert found["loss"][-1] == {"step": 67, "average": 0.994}
    assert 1.9 <= found["seconds_per_step"] <= 2.1
    assert found["checkpoints"][0] == {"step": 20, "path": "/workspace/out/full-v1-step00000020.safetensors"}
    assert found["states"][-1] == {"step": 60, "path": "/workspace/out/full-v1-step00000060-state"}
    assert found["samples"][0] == {
        "step": 0,
        "prompt": "Convert reference images of poses and expressions into character design images.",
        "seed": 42,
    }


def test_out_of_memory(capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(LOGS / "oom.log", capsys)
    assert (found["outcome"], found["error"]["kind"], found["seconds_per_step"]) == (
        "out-of-memory",
        "out-of-memory",
        None,
    )
    assert found["error"]["tried_bytes"] == round(11.81 * 2**30)
    assert found["loss"] == []


def test_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(LOGS / "cached_latents.log", capsys)
    assert found["warnings"][0]["kind"] == "nan-latents"
    assert found["warnings"][0]["count"] == 5
    assert (found["items_cached"], found["items_to_cache"]) == (3, 48)


def test_what_is_no_number_is_null(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(
        b"\rsteps:  1%|#| 1/9 [00:00<00:00, 1.00it/s, avr_loss=nan]\rsteps:  1%|#| 2/9 [00:00<?, ?it/s, avr_loss=inf]"
    )
    found = _json(log, capsys)
    assert found["loss"] == [{"step": 1, "average": None}, {"step": 2, "average": None}]
    assert found["average_loss"] is None


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    data = (LOGS / "oom.log").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert _json(Path("-"), capsys)["outcome"] == "out-of-memory"


@pytest.mark.parametrize("name", ["oom.log", "pane_killed.log", "cached_latents.log", "wandb_offline.log"])
def test_the_page_is_plain_text(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(LOGS / name)]) == 0
    output = capsys.readouterr().out
    assert "program    fpack_" in output
    assert output.replace("\n", "").isprintable()


def test_the_page_says_what_matters(capsys: pytest.CaptureFixture[str]) -> None:
    main(["inspect", str(LOGS / "oom.log")])
    output = capsys.readouterr().out
    assert "out of memory" in output
    assert "tried to get 11.8 GiB with 2.9 of 139.8 GiB free" in output
    main(["inspect", str(LOGS / "pane_killed.log")])
    output = capsys.readouterr().out
    assert "step       67/80" in output
    assert "step 60  /workspace/out/full-v1-step00000060-state" in output
    assert "finished" not in output


def test_an_empty_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").touch()
    assert main(["inspect", str(tmp_path / "empty")]) == 0
    assert "no program" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["none.log", ".", "a\0b"])
def test_nothing_to_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["inspect", name]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert len(output.err.splitlines()) == 1
    assert "Traceback" not in output.err
