import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fptui.adapters.command_provider import CommandProvider
from fptui.adapters.lambda_cloud import LambdaCloud
from fptui.adapters.program import run_program
from fptui.adapters.providers import provider_for
from fptui.adapters.runpod import RunPod
from fptui.adapters.service_words import Keys
from fptui.adapters.vast import Vast
from fptui.core.provider import PodState, Provider
from tests.adapters.runpod_server import POD_KEY, RunPodServer

KEY = "a-key-0123456789"


# Which


def chosen(
    tmp_path: Path, choice: str, environment: Mapping[str, str], command: tuple[str, ...] = ()
) -> Provider | None:
    nowhere = tmp_path / "nowhere"
    return provider_for(choice, environment, command, process_one=nowhere, written=nowhere)


@pytest.mark.parametrize(
    ("choice", "environment", "command", "kind"),
    [
        ("auto", {"RUNPOD_POD_ID": "k3x9", "CONTAINER_ID": "7", "CONTAINER_API_KEY": KEY}, ("true",), RunPod),
        ("auto", {"CONTAINER_ID": "7", "CONTAINER_API_KEY": KEY}, ("true",), Vast),
        ("auto", {"CONTAINER_ID": "7"}, ("true",), CommandProvider),
        ("auto", {"LAMBDA_API_KEY": KEY, "LAMBDA_INSTANCE_ID": "i"}, (), type(None)),
        ("auto", {}, (), type(None)),
        ("none", {"RUNPOD_POD_ID": "k3x9"}, ("true",), type(None)),
        ("command", {"RUNPOD_POD_ID": "k3x9"}, ("true",), CommandProvider),
        ("runpod", {}, (), RunPod),
        ("vast", {}, (), Vast),
        ("lambda", {}, (), LambdaCloud),
    ],
)
def test_what_stops_this_machine(
    tmp_path: Path, choice: str, environment: dict[str, str], command: tuple[str, ...], kind: type
) -> None:
    assert type(chosen(tmp_path, choice, environment, command)) is kind


@pytest.mark.parametrize("choice", ["runpod", "vast", "lambda", "command"])
def test_what_is_chosen_and_lacks_everything_says_so_and_asks_nobody(tmp_path: Path, choice: str) -> None:
    provider = chosen(tmp_path, choice, {})
    assert provider is not None
    found = provider.preflight()
    assert not found.ok
    assert found.problems
    assert [attempt.accepted for attempt in provider.stop()] == [False]
    assert provider.observe() is PodState.UNKNOWN


def test_a_stand_in_for_runpod_is_reached_by_the_environment_and_process_one(tmp_path: Path) -> None:
    one = tmp_path / "environ"
    one.write_bytes(f"RUNPOD_POD_ID=k3x9\0RUNPOD_API_KEY={POD_KEY}\0".encode())
    with RunPodServer() as server:
        environment = {"RUNPOD_API_BASE_URL": f"{server.url()}/"}
        provider = provider_for("auto", environment, process_one=one, written=tmp_path / "nowhere")
        assert provider is not None
        assert provider.pod_id == "k3x9"
        assert provider.stop()[0].accepted
        assert provider.observe() is PodState.STOPPED


# The user's command


def command(text: str, limit: float = 5.0, **environment: str) -> CommandProvider:
    return CommandProvider(["/bin/sh", "-c", text], {"PATH": "/usr/bin:/bin", **environment}, limit=limit)


@pytest.mark.parametrize(
    ("text", "outcome", "accepted"),
    [
        ("echo one; echo two; echo", "The command ended with 0 and says: two", True),
        ("true", "The command ended with 0", True),
        ("echo fine; echo 'no \033[31mright' >&2; exit 3", "The command ended with 3 and says: no right", False),
        ("echo only here; exit 1", "The command ended with 1 and says: only here", False),
        ("echo $MY_API_KEY", "The command ended with 0 and says: …", True),
    ],
)
def test_the_exit_code_of_a_command_counts_and_its_last_line_is_told(text: str, outcome: str, accepted: bool) -> None:
    (attempt,) = command(text, MY_API_KEY="very-secret").stop()
    assert (attempt.via, attempt.outcome, attempt.accepted) == ("command", outcome, accepted)


def test_a_command_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    began = time.monotonic()
    (attempt,) = command(f"sleep 30 & echo $! > {pid}; wait", limit=0.4).stop()
    assert (attempt.outcome, attempt.accepted) == ("The command did not end within 0.4 s.", False)
    assert time.monotonic() - began < 3
    deadline = time.monotonic() + 2
    while _is_running(int(pid.read_text())) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_running(int(pid.read_text()))


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_child_that_keeps_the_output_open_is_not_waited_for() -> None:
    began = time.monotonic()
    (attempt,) = command("sleep 3 & echo on its way").stop()
    assert (attempt.outcome, attempt.accepted) == ("The command ended with 0 and says: on its way", True)
    assert time.monotonic() - began < 2


def test_a_flood_of_output_is_not_kept() -> None:
    (attempt,) = CommandProvider([sys.executable, "-c", "print('x' * 3_000_000); print('end')"], {}).stop()
    assert attempt.outcome == "The command ended with 0 and says: end"
    ran = run_program([sys.executable, "-c", "print('x' * 3_000_000); print('y' * 60_000)"], {}, 5.0)
    assert ran.out == "y" * 60_000 + "\n"


def test_a_command_is_looked_for_and_not_run_before_it_is_wanted(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    assert command(f"touch {mark}").preflight().ok
    assert not mark.exists()
    missing = CommandProvider(["no-such-program", "now"], {"PATH": "/bin"})
    assert missing.preflight().problems == (
        "stop_command: there is no program no-such-program. Name a program with its path.",
    )
    assert not missing.stop()[0].accepted


# The other clouds


@contextmanager
def service(answers: dict[str, tuple[int, Any]]) -> Iterator[tuple[str, list[tuple[str, str, Any, str]]]]:
    """Answers by `METHOD /path`; its address, and what was asked: method, path, body, authorization."""
    asked: list[tuple[str, str, Any, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append((self.command, self.path, json.loads(data) if data else None, self.headers["Authorization"]))
            status, body = answers.get(f"{self.command} {self.path}", (500, None))
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_PUT = do_POST = do_DELETE = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


def instance(**more: Any) -> tuple[int, Any]:
    return 200, {
        "instances": {"id": 7, "gpu_name": "RTX 4090", "dph_total": 0.41, "intended_status": "running", **more}
    }


def test_an_instance_of_vast_is_stopped_or_destroyed() -> None:
    path = "/instances/7/"
    answers = {
        f"PUT {path}": (200, {"success": True}),
        f"DELETE {path}": (200, {"success": True}),
        f"GET {path}": instance(actual_status="running"),
    }
    with service(answers) as (url, asked):
        vast = Vast("7", [("CONTAINER_API_KEY", KEY)], url=url)
        found = vast.preflight()
        assert (found.ok, found.price_per_hour, found.gpu, found.state) == (True, 0.41, "RTX 4090", PodState.RUNNING)
        (attempt,) = vast.stop()
        assert (attempt.via, attempt.outcome, attempt.accepted) == ("Vast.ai", "Accepted (CONTAINER_API_KEY).", True)
        assert asked[-1] == ("PUT", path, {"state": "stopped"}, f"Bearer {KEY}")
        assert vast.stop(terminate=True)[0].accepted
        assert asked[-1][:2] == ("DELETE", path)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (instance(actual_status="stopped"), PodState.STOPPED),
        (instance(actual_status="exited", intended_status="stopped"), PodState.STOPPED),
        (instance(actual_status="exited"), PodState.RUNNING),
        (instance(actual_status="offline"), PodState.UNKNOWN),
        (instance(actual_status="stopped", id=8), PodState.UNKNOWN),
        ((200, {"instances": None}), PodState.GONE),
        ((404, {"success": False, "error": "no_such_instance"}), PodState.GONE),
        ((404, None), PodState.UNKNOWN),
        ((200, {}), PodState.UNKNOWN),
        ((200, [1]), PodState.UNKNOWN),
        ((500, instance(actual_status="stopped")[1]), PodState.UNKNOWN),
    ],
)
def test_what_vast_says_of_an_instance(answer: tuple[int, Any], state: PodState) -> None:
    with service({"GET /instances/7/": answer}) as (url, _):
        assert Vast("7", [("CONTAINER_API_KEY", KEY)], url=url).observe() is state


def test_vast_says_no_inside_200_and_the_next_key_is_tried() -> None:
    with service({"PUT /instances/7/": (200, {"success": False, "msg": f"no {KEY}"})}) as (url, asked):
        keys = [("CONTAINER_API_KEY", KEY), ("VAST_API_KEY", "other-key")]
        attempts = Vast("7", keys, url=url).stop()
    assert [attempt.accepted for attempt in attempts] == [False, False]
    assert attempts[0].outcome == "The service says no: no … (CONTAINER_API_KEY)."
    assert [each[3] for each in asked] == [f"Bearer {KEY}", "Bearer other-key"]


def test_lambda_terminates_only_where_that_was_chosen() -> None:
    post = "POST /instance-operations/terminate"
    kind = {"price_cents_per_hour": 249, "gpu_description": "H100 (80 GB)"}
    answers: dict[str, tuple[int, Any]] = {
        post: (200, {"data": {"terminated_instances": [{"id": "i1"}]}}),
        "GET /instances/i1": (200, {"data": {"id": "i1", "status": "active", "instance_type": kind}}),
    }
    with service(answers) as (url, asked):
        cloud = LambdaCloud("i1", [("LAMBDA_API_KEY", KEY)], url=url)
        found = cloud.preflight()
        assert (found.ok, found.price_per_hour, found.gpu) == (True, 2.49, "H100 (80 GB)")
        assert found.network_volume is False and cloud.resolve() == {"127.0.0.1": ["127.0.0.1"]}
        answers["GET /instances/i1"][1]["data"]["file_system_names"] = ["mine"]
        assert cloud.preflight().network_volume is True
        assert cloud.observe() is PodState.RUNNING
        asked.clear()
        (attempt,) = cloud.stop()
        assert not attempt.accepted
        assert "terminate = true" in attempt.outcome
        assert asked == []
        assert cloud.stop(terminate=True)[0].accepted
        assert asked == [("POST", "/instance-operations/terminate", {"instance_ids": ["i1"]}, f"Bearer {KEY}")]
        answers[post] = (200, {"data": {"terminated_instances": []}})
        assert not cloud.stop(terminate=True)[0].accepted
        answers["GET /instances/i1"] = (404, {"error": {"code": "global/object-does-not-exist"}})
        assert cloud.observe() is PodState.GONE


@pytest.mark.parametrize("pod_id", ["../1", "7/8", "", "7\n"])
def test_an_id_that_is_none_is_asked_for_nowhere(pod_id: str) -> None:
    with service({}) as (url, asked):
        for kind in (Vast, LambdaCloud):
            provider = kind(pod_id, [("K", KEY)], url=url)
            assert not provider.stop(terminate=True)[0].accepted
            assert not provider.preflight().ok
            assert provider.observe() is PodState.UNKNOWN
        assert asked == []


# Words


def test_a_key_is_blanked_also_where_other_characters_hide_it_and_before_anything_is_cut() -> None:
    keys = Keys([("K", "abcdefgh"), ("L", " abcdefghijkl\n"), ("M", "two\nlines")])
    assert keys.clean("a abcdefghijkl b") == "a … b"
    assert keys.clean("abcd\x1b[0mefgh") == "…"
    assert keys.clean("no two\nlines") == "no …"
    assert "abc" not in keys.clean("x" * 297 + "abcdefghijkl")
    assert keys.clean("rpa_" + "A1" * 20) == "…"
    assert "abcdefgh" not in repr(keys)
