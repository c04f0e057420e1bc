import json
import os
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from fptui.adapters.notify import notify, notify_command

SECRET = "verySecret123"


class Service:
    """Takes whatever is posted to it; answers with `status`, after `seconds`."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.status, self.seconds = 200, 0.0
        self.address = ""


@pytest.fixture
def service() -> Iterator[Service]:
    state = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state.taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            time.sleep(state.seconds)
            self.send_response(state.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def environment() -> dict[str, str]:
    return {**os.environ, "no_proxy": "127.0.0.1", "RUNPOD_API_KEY": "rpa_x"}


@pytest.fixture
def fake_apprise(tmp_path: Path, environment: dict[str, str]) -> dict[str, str]:
    """An environment in which the package notes what it is given, and hangs where an address says so."""
    (tmp_path / "apprise.py").write_text(f"""
import json, os, sys, time
class Apprise:
    def add(self, url):
        self.url = url
        print("apprise says something of its own")
        return not url.startswith("bad")
    def notify(self, title, body):
        with open({str(tmp_path / "said")!r}, "a") as file:
            print(json.dumps([self.url, title, body, sys.argv[1:], "RUNPOD_API_KEY" in os.environ]), file=file)
        if "hang" in self.url: time.sleep(60)
        if "die" in self.url: os._exit(3)
        return "fail" not in self.url
""")
    return {**environment, "PYTHONPATH": f"{tmp_path}:{environment.get('PYTHONPATH', '')}"}


def test_apprise_brings_it_to_a_service(service: Service, environment: dict[str, str]) -> None:
    pytest.importorskip("apprise")
    assert notify([f"json://user:{SECRET}@{service.address}/x"], "v8 failed", "at step 3 – 誤り", environment) == []
    (taken,) = service.taken
    assert (taken["title"], taken["message"]) == ("v8 failed", "at step 3 – 誤り")


def test_apprise_tells_of_what_does_not_work(service: Service, environment: dict[str, str]) -> None:
    pytest.importorskip("apprise")
    service.status = 500
    urls = [f"json://user:{SECRET}@{service.address}/x", f"nonsense://{SECRET}", SECRET]
    problems = notify(urls, "t", "b", environment)
    assert [problem.partition(" was")[0] for problem in problems] == [
        "The notification to address 1 (json)",
        "The notification to address 2 (nonsense)",
        "The notification to address 3",
    ]
    assert SECRET not in str(problems) and "no address that apprise knows" in problems[1]


def test_each_address_is_told_apart_and_none_stands_in_argv(fake_apprise: dict[str, str], tmp_path: Path) -> None:
    problems = notify(["x://ok", "x://fail", "bad://x"], "t", "b", fake_apprise)
    assert [problem.rpartition(": ")[2] for problem in problems] == [
        "the service did not take it.",
        "it is no address that apprise knows.",
    ]
    said = sorted(json.loads(line) for line in (tmp_path / "said").read_text().splitlines())
    assert sorted(said, key=lambda each: each[0], reverse=True) == [
        ["x://ok", "t", "b", [], False],
        ["x://fail", "t", "b", [], False],
    ]


def test_a_module_that_lies_where_it_is_called_is_not_taken_for_apprise(
    fake_apprise: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "apprise.py").write_text("raise ImportError")
    monkeypatch.chdir(tmp_path / "here")
    assert notify(["x://ok"], "t", "b", fake_apprise) == []


def test_a_service_that_hangs_keeps_nobody(fake_apprise: dict[str, str]) -> None:
    began = time.monotonic()
    assert notify(["x://hang", "x://ok", "x://fail"], "t", "b", fake_apprise, seconds=1.0) == [
        "The notification to address 1 (x) was not sent: no answer within 1 s.",
        "The notification to address 3 (x) was not sent: the service did not take it.",
    ], "the others were sent meanwhile"
    assert time.monotonic() - began < 3


def test_apprise_that_breaks_or_is_missing(fake_apprise: dict[str, str], tmp_path: Path) -> None:
    assert notify(["x://die"], "t", "b", fake_apprise) == [
        "The notification to address 1 (x) was not sent: apprise ended with exit code 3."
    ]
    (tmp_path / "apprise.py").write_text("raise ImportError")
    assert notify(["x://ok"], "t", "b", fake_apprise) == [
        "Notifications need the package apprise: pip install 'fptui[notify]'."
    ]
    assert notify([], "t", "b", fake_apprise) == []


def test_a_command_of_the_users(tmp_path: Path, environment: dict[str, str]) -> None:
    said = tmp_path / "said"
    program = f"import os, sys; open({str(said)!r}, 'w').write(repr((sys.argv[1:], 'RUNPOD_API_KEY' in os.environ)))"
    argv = [sys.executable, "-c", program, "x"]
    assert notify_command(argv, "v8; touch /tmp/no", "-rf\x1b[31m a\nb", environment) == []
    assert said.read_text() == "(['x', 'v8; touch /tmp/no', ' -rf a b'], False)"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["false"], "The notify command false failed (exit code 1)."),
        (["/no/such"], "The notify command /no/such cannot be started: No such file or directory."),
        (["a\0b"], "cannot be started: embedded null byte."),
        (["sh", "-c", "sleep 60"], "The notify command sh did not end within 0 s."),
    ],
)
def test_a_command_that_does_not_work(argv: list[str], said: str, environment: dict[str, str]) -> None:
    (problem,) = notify_command(argv, "t", "b", environment, seconds=0.3)
    assert said in problem


def test_a_command_that_leaves_a_child_behind_has_ended(environment: dict[str, str]) -> None:
    began = time.monotonic()
    assert notify_command(["sh", "-c", "sleep 3 & true"], "t", "b", environment, seconds=2) == []
    assert time.monotonic() - began < 1.5


def test_no_command() -> None:
    assert notify_command([], "t", "b", {}) == []
