"""A whole night in seconds: a rehearsal run in tmux, the real guard, and a RunPod on this machine."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fptui.adapters.guard_files import GuardFiles, Life
from fptui.core.records import read_record
from fptui.rehearsal.project import make_project
from tests.adapters.runpod_server import POD_KEY, RunPodServer
from tests.conftest import Fptui

pytestmark = pytest.mark.tmux


class Pod:
    """This machine as a pod."""

    def __init__(self, server: RunPodServer, fptui: Fptui, project: Path, state: Path) -> None:
        self.server, self._fptui, self._project = server, fptui, project
        self.files = GuardFiles(state / "fptui")

    def call(self, *arguments: str, code: int = 0) -> str:
        done = self._fptui("-C", str(self._project), *arguments)
        assert done.returncode == code, done.stderr
        assert POD_KEY not in done.stdout + done.stderr
        return done.stdout + done.stderr

    def status(self) -> dict[str, Any]:
        done = self._fptui("autostop", "--json")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def until(self, status: str, seconds: float = 30) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while (found := self.status())["status"] != status:
            assert time.monotonic() < deadline, (found, self.files.log.read_text())
            time.sleep(0.1)
        return found

    def notices(self) -> Path:
        """The project tells a user who is away, by a command; where it writes."""
        told, script = self._project / "told.txt", self._project / "tell"
        script.write_text(f'#!/bin/sh\necho "$1: $2" >> "{told}"\n')
        script.chmod(0o755)
        settings = self._project / "pyproject.toml"
        line = f"[tool.fptui]\nnotify_command = ['{script}']\n"
        settings.write_text(settings.read_text().replace("[tool.fptui]\n", line, 1))
        return told

    def guard_pid(self) -> int:
        deadline = time.monotonic() + 10
        while not self.files.is_guarded():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        life = read_record(self.files.life, Life)
        assert life is not None
        return life.pid


@pytest.fixture
def pod(
    tmux_socket: str, state_home: Path, fptui: Fptui, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pod]:
    make_project(tmp_path / "project", steps=40)
    with RunPodServer("k3x9") as server:
        for name, value in (("RUNPOD_POD_ID", "k3x9"), ("RUNPOD_API_KEY", POD_KEY), ("RUNPOD_VOLUME_ID", "vol1"),
                            ("RUNPOD_API_BASE_URL", server.url())):  # fmt: skip
            monkeypatch.setenv(name, value)
        made = Pod(server, fptui, tmp_path / "project", state_home)
        yield made
        life = read_record(made.files.life, Life)
        if life is not None and made.files.is_guarded():
            os.kill(life.pid, signal.SIGTERM)


def test_the_pod_stops_after_the_run_though_the_guard_is_killed_and_the_service_refuses_at_first(pod: Pod) -> None:
    told = pod.notices()
    pod.server.faults.extend(["", "", "401", "html"])
    said = pod.call("train", "--smoke", "--autostop", "4s", "--no-wait")
    assert "This pod stops 4 s after its last run." in said
    os.kill(pod.guard_pid(), signal.SIGKILL)
    pod.until("counting")
    assert pod.server.pod.status == "RUNNING"
    os.kill(pod.guard_pid(), signal.SIGKILL)
    found = pod.until("stopped", 60)
    assert pod.server.pod.status == "EXITED" and found["pod_id"] == "k3x9"
    said = told.read_text()
    assert "pod k3x9 stops in" in said and "pod k3x9 is being stopped" in said
    assert [each["via"] for each in found["attempts"]]
    for path in pod.files.folder.rglob("*"):
        assert not path.is_file() or POD_KEY not in path.read_text(errors="replace"), path


def test_a_countdown_is_put_off_and_cancelled_and_a_new_run_arms_again(pod: Pod) -> None:
    pod.call("train", "--smoke", "--autostop", "30s")
    pod.until("counting")
    pod.call("autostop", "extend", "1h")
    assert pod.status()["deadline"] - time.time() > 3500
    assert "cancelled" in pod.call("autostop", "cancel")
    assert "There is nothing to cancel" in pod.call("autostop", "cancel", code=3)
    assert "no countdown to extend" in pod.call("autostop", "extend", "5m", code=3)
    assert "stops in 10 min" in pod.call("autostop", "arm"), "no run is on: from now"
    assert pod.server.pod.status == "RUNNING"


def test_nothing_looks_armed_that_is_not(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNPOD_API_KEY", "a-wrong-key-0123456789")
    assert "Not armed." in pod.call("autostop", "arm", code=3)
    assert pod.status()["status"] == "off"
    assert "FAIL" in pod.call("autostop", "test", code=1)
    monkeypatch.setenv("RUNPOD_API_KEY", POD_KEY)
    tested = pod.call("autostop", "test")
    assert tested.count("ok  ") == 4 and pod.server.pod.status == "RUNNING"
    assert not [each for each in pod.server.log if "stop" in each.operation.lower()]


def test_a_rehearsal_arms_nothing_unless_it_is_asked_to(pod: Pod) -> None:
    assert "This pod stops" not in pod.call("train", "--smoke")
    assert not pod.files.state.exists() and not pod.files.requests.exists()


def test_a_run_is_stopped_at_its_next_save_when_it_has_had_its_hours(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "kept by the guard" in pod.call("train", "--max-hours", "1", "--autostop", "off", code=3)
    monkeypatch.setenv("FPTUI_REHEARSAL_STEP_SECONDS", "0.15")
    pod.call("train", "--max-hours", "0.0003", "--autostop", "5m", code=1)
    [run, *_] = json.loads(pod.call("ls", "--json"))
    assert (run["status"], run["step"]) == ("stopped", 20)
    assert pod.until("counting")["reason"] == f"{run['id']} is stopped."


def test_a_run_that_could_not_be_guarded_is_not_started(pod: Pod) -> None:
    pod.files.folder.parent.mkdir(parents=True, exist_ok=True)
    pod.files.folder.write_text("no folder")
    refused = pod.call("train", "--smoke", "--autostop", "5m", code=1)
    assert "Autostop cannot be armed" in refused and "--autostop off" in refused
    assert json.loads(pod.call("ls", "--json")) == []
    assert "finished" in pod.call("train", "--smoke", "--autostop", "off")


def test_a_guard_that_its_supervisor_starts_again_has_the_keys_and_holds_up_no_end(
    pod: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FPTUI_REHEARSAL_STEP_SECONDS", "1.2")
    pod.call("train", "--smoke", "--no-wait", "--autostop", "4s")
    os.killpg(os.getpgid(pod.guard_pid()), signal.SIGKILL)
    deadline = time.monotonic() + 40
    while pod.server.pod.status != "EXITED":
        assert time.monotonic() < deadline, pod.files.log.read_text()
        time.sleep(0.1)
    assert "There is no key" not in pod.files.log.read_text() and pod.files.log.read_text().count("began") >= 2


def test_a_guard_that_dies_when_nobody_looks_any_more_is_there_again(pod: Pod) -> None:
    pod.call("train", "--smoke", "--autostop", "5s")
    pod.until("counting")
    before = pod.guard_pid()
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while pod.server.pod.status != "EXITED":
        assert time.monotonic() < deadline, pod.files.log.read_text()
        time.sleep(0.1)
    assert pod.guard_pid() != before
