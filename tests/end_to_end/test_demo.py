import json
from pathlib import Path

import pytest

from tests.conftest import Fptui

pytestmark = pytest.mark.tmux


def test_the_demo_trains_and_prints_what_came_of_it(fptui: Fptui, tmux_socket: str, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    done = fptui("demo", "--no-ui", "--steps", "20", "--json", cwd=here)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["folder"] == str(here / "fptui-demo") and [path.name for path in here.iterdir()] == ["fptui-demo"]
    assert result["steps"] == 20 and 0 < result["loss_last"] < result["loss_first"]
    output = Path(result["output"])
    assert output.is_relative_to(here / "fptui-demo")
    assert result["checkpoints"] == len(list(output.glob("*.safetensors"))) >= 1
    assert result["states"] == len(list(output.glob("*-state"))) >= 1
    assert result["samples"] >= 2
    runs = json.loads(fptui("-C", str(here / "fptui-demo"), "ls", "--json").stdout)
    assert (runs[0]["stage"], runs[0]["status"]) == ("train", "finished")
    assert {run["trainer"] for run in runs} == {"rehearsal"}

    refused = fptui("demo", "--no-ui", str(here / "fptui-demo"))
    assert refused.returncode == 3 and "not empty" in refused.stderr and refused.stderr.count("\n") == 1
