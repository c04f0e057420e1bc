import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fptui.adapters import hosts
from fptui.adapters.http_json import HttpJson
from fptui.adapters.runpod import Limits, RunPod
from fptui.core.provider import PodState
from tests.adapters.fake_runpodctl import write_runpodctl
from tests.adapters.runpod_server import ACCOUNT_KEY, FAULTS, POD_KEY, RunPodServer

KEYS = [("RUNPOD_API_KEY of this shell", POD_KEY), ("FPTUI_RUNPOD_API_KEY of this shell", ACCOUNT_KEY)]
LIMITS = Limits(request=0.3, program=4.0, stop=5.0, look=2.0, least=0.05)
YES = {"200-does-nothing", "slow-stop", "403-without-user-agent"}
"""Faults whose answer is a yes."""


@pytest.fixture
def server() -> Iterator[RunPodServer]:
    with RunPodServer() as running:
        yield running


def runpod(server: RunPodServer, pod_id: str | None = "k3x9", **more: Any) -> RunPod:
    given: dict[str, Any] = {"keys": KEYS, "limits": LIMITS, "runpodctl": "", **more}
    return RunPod(pod_id, base_url=server.url(), **given)


# Stop


def test_a_pod_is_stopped_with_its_own_key_and_seen_to_be(server: RunPodServer) -> None:
    provider = runpod(server)
    assert provider.observe() is PodState.RUNNING
    (attempt,) = provider.stop()
    assert attempt.accepted
    assert (attempt.via, attempt.outcome) == (
        "GraphQL",
        "Accepted: the pod is to stop (RUNPOD_API_KEY of this shell).",
    )
    assert provider.observe() is PodState.STOPPED
    assert server.calls == ["REST v2 get pod", "GraphQL podStop pod", "REST v2 get pod"]
    assert {each.user_agent.split("/")[0] for each in server.log} == {"fptui"}


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - YES))
def test_one_fault_costs_no_more_than_another_try(server: RunPodServer, fault: str) -> None:
    server.faults.append(fault)
    began = time.monotonic()
    attempts = runpod(server).stop()
    assert [attempt.accepted for attempt in attempts] == [False, True]
    assert (server.pod.status, server.pod.asked) == ("EXITED", 1)
    assert time.monotonic() - began < 1.5
    assert POD_KEY not in repr(attempts)


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - YES - {"drip", "half-close"}))
def test_a_service_that_only_fails_is_never_taken_for_a_yes(server: RunPodServer, fault: str) -> None:
    server.faults.extend([fault] * 30)
    limits = Limits(request=0.1, stop=0.8, look=0.3, least=0.05)
    provider = runpod(server, limits=limits)
    began = time.monotonic()
    attempts = provider.stop()
    assert [attempt.via for attempt in attempts].count("REST v2") == 2
    assert not any(attempt.accepted for attempt in attempts)
    before = provider.preflight()
    assert not before.ok
    assert before.problems
    assert provider.observe() in ({PodState.UNKNOWN, PodState.GONE} if fault in ("404", "410") else {PodState.UNKNOWN})
    assert time.monotonic() - began < 3.0
    assert server.pod.asked == 0
    everything = repr((attempts, before))
    assert POD_KEY not in everything
    assert ACCOUNT_KEY not in everything
    assert "\x1b" not in everything.encode().decode("unicode_escape")


@pytest.mark.parametrize("fault", ["drip", "hang"])
def test_a_whole_round_ends_in_time_however_slowly_the_service_speaks(server: RunPodServer, fault: str) -> None:
    server.faults.extend([fault] * 30)
    began = time.monotonic()
    assert not runpod(server, limits=Limits(request=0.5, stop=0.7, least=0.05)).stop()[0].accepted
    assert time.monotonic() - began < 0.95


def test_no_thread_is_left_with_a_server_that_drips(server: RunPodServer) -> None:
    server.faults.append("drip")
    server.drip_seconds = 0.03
    HttpJson().request("GET", f"{server.rest_url}/pods/k3x9", POD_KEY, limit=0.1)
    deadline = time.monotonic() + 1
    while (left := [each for each in threading.enumerate() if each.name == "GET 127.0.0.1"]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.01)
    assert left == []


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        ("huge", "127.0.0.1 answered with far too much (status 200)."),
        ("deep", "127.0.0.1 answered with something else than JSON (status 200)."),
        ("not-json", "127.0.0.1 answered with something else than JSON (status 200)."),
        ("html-502", "127.0.0.1 answered with something else than JSON (status 502)."),
        ("redirect", "127.0.0.1 points to another address (307), where no key is sent."),
        ("half-close", "127.0.0.1 closed the connection in the middle of its answer."),
        ("reset", "127.0.0.1 closed the connection without a proper answer."),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(server: RunPodServer, fault: str, trouble: str) -> None:
    server.faults.append(fault)
    assert HttpJson().request("GET", f"{server.rest_url}/pods/k3x9", POD_KEY, limit=2).trouble == trouble


def test_a_port_where_nobody_listens(server: RunPodServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    answer = HttpJson().request("GET", f"http://127.0.0.1:{port}/v2", POD_KEY, limit=2)
    assert answer.trouble == "127.0.0.1 refused the connection."


def test_a_way_that_is_down_is_left_before_its_other_keys_are_tried(server: RunPodServer) -> None:
    server.faults.extend(["reset", "403", "403", "500"])
    runpod(server).stop()
    assert server.calls == [
        "GraphQL podStop pod",
        "REST v2 stop pod",
        "REST v2 stop account",
        "GraphQL podStop account",
    ]


def test_a_yes_that_stops_nothing_is_not_asked_for_twice_in_the_same_way(server: RunPodServer) -> None:
    provider = runpod(server)
    for expected in ("GraphQL podStop pod", "GraphQL podStop account", "REST v2 stop pod", "REST v2 stop account"):
        server.faults.append("200-does-nothing")
        assert provider.stop()[-1].accepted
        assert server.calls[-1] == expected
        assert provider.observe() is PodState.RUNNING
    server.faults.append("200-does-nothing")
    provider.stop()
    assert server.calls[-1] == "GraphQL podStop pod"


def test_a_slow_stop_is_seen_only_when_it_is_over() -> None:
    now = [0.0]
    with RunPodServer(clock=lambda: now[0]) as server:
        server.faults.append("slow-stop")
        provider = runpod(server)
        assert provider.stop()[0].accepted
        assert provider.observe() is PodState.RUNNING
        now[0] = server.slow_seconds
        assert provider.observe() is PodState.STOPPED


def test_stopping_what_is_stopped_is_a_yes_and_a_locked_pod_a_no(server: RunPodServer) -> None:
    server.pod.status = "EXITED"
    server.faults.append("500")
    assert [attempt.accepted for attempt in runpod(server).stop()] == [False, True]
    server.pod.status, server.pod.locked = "RUNNING", True
    attempts = runpod(server).stop()
    assert len(attempts) == 4
    assert not any(attempt.accepted or "already" in attempt.outcome for attempt in attempts)


def test_terminate(server: RunPodServer) -> None:
    provider = runpod(server)
    assert provider.stop(terminate=True)[0].accepted
    assert provider.observe() is PodState.GONE
    assert server.calls[0] == "GraphQL podTerminate pod"


def test_a_pod_that_is_not_there_is_terminated_but_not_stopped(server: RunPodServer) -> None:
    assert runpod(server, "other").stop(terminate=True)[0].accepted
    assert not any(attempt.accepted for attempt in runpod(server, "other").stop())
    server.faults.append("500")
    assert [attempt.accepted for attempt in runpod(server, "other").stop(terminate=True)] == [False, True]


def test_terminate_by_rest_has_an_answer_without_a_body(server: RunPodServer) -> None:
    server.faults.append("410")
    attempts = runpod(server).stop(terminate=True)
    assert [(attempt.via, attempt.accepted) for attempt in attempts] == [("GraphQL", False), ("REST v2", True)]
    assert server.pod.status == "TERMINATED"


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [("429:3", 3.0), ("429:date:30", 30.0), ("429:99999", 600.0), ("429:-5", None), ("429:soon", None), ("429", None)],
)
def test_the_time_that_a_service_asks_for(server: RunPodServer, fault: str, seconds: float | None) -> None:
    server.faults.append(fault)
    # A clock that was set back an hour: the date is measured against the service's own.
    attempt = runpod(server, clock=lambda: time.time() - 3600).stop()[0]
    assert attempt.retry_after == (None if seconds is None else pytest.approx(seconds, abs=2))


def test_a_key_reaches_no_other_host(server: RunPodServer) -> None:
    with RunPodServer() as other:
        location = f"http://127.0.0.1:{other.port}/v2/pods/k3x9"
        server.faults.append(f"redirect:{location}")
        answer = HttpJson().request("GET", f"{server.rest_url}/pods/k3x9", POD_KEY)
        assert (answer.status, answer.content) == (307, None)
        assert other.log == []


def test_a_key_goes_over_plain_http_to_this_machine_only() -> None:
    answer = HttpJson().request("GET", "http://192.0.2.1/v2", POD_KEY, limit=0.2)
    assert answer.trouble == "192.0.2.1 is not reached by https: no key is sent there."
    for url in ("nonsense", "https://", "http://[", "ftp://127.0.0.1/", "https://127.0.0.1:99999/"):
        assert HttpJson().request("GET", url, POD_KEY, limit=0.5).trouble


@pytest.mark.parametrize("pod_id", ["", "a b", "x" * 65, "../v1", "k3x9\n", "k3x9;reboot", "é", None])
def test_what_is_no_pod_id_is_asked_for_nowhere(server: RunPodServer, pod_id: str | None) -> None:
    provider = runpod(server, pod_id)
    (attempt,) = provider.stop()
    assert not attempt.accepted
    assert "RUNPOD_POD_ID" in attempt.outcome
    assert provider.observe() is PodState.UNKNOWN
    assert provider.preflight().problems == (attempt.outcome,)
    assert server.log == []


@pytest.mark.parametrize("key", ["two\nlines", "k\x00y", "schlüssel", "with blank"])
def test_what_is_no_key_is_sent_nowhere_and_shown_nowhere(server: RunPodServer, key: str) -> None:
    provider = runpod(server, keys=[("RUNPOD_API_KEY of this shell", key)])
    attempts, before = provider.stop(), provider.preflight()
    assert "RUNPOD_API_KEY of this shell has characters that no key has" in attempts[0].outcome
    assert not before.ok
    assert key not in repr((attempts, before, provider.__dict__["_keys"]))
    assert server.log == []


def test_a_line_end_behind_a_key_is_left_out(server: RunPodServer) -> None:
    assert runpod(server, keys=[("RUNPOD_API_KEY", POD_KEY + "\n")]).stop()[0].accepted


# runpodctl


@pytest.fixture
def only_runpodctl(server: RunPodServer, monkeypatch: pytest.MonkeyPatch) -> RunPodServer:
    """A service of which this Python reaches nothing, and runpodctl GraphQL."""
    monkeypatch.setenv("RUNPOD_API_URL", server.graphql_url)
    monkeypatch.setenv("RUNPOD_GRAPHQL_URL", server.graphql_url)
    monkeypatch.setenv("FPTUI_RUNPOD_API_KEY", ACCOUNT_KEY)
    server.faults.extend(["403"] * 4)
    return server


@pytest.mark.parametrize("version", ["1.14", "2.7"])
def test_runpodctl_comes_last_with_the_key_in_its_environment(
    only_runpodctl: RunPodServer, tmp_path: Path, version: str
) -> None:
    provider = runpod(only_runpodctl, runpodctl=str(write_runpodctl(tmp_path, version)))
    attempts = provider.stop()
    assert [attempt.via for attempt in attempts][-1] == "runpodctl"
    assert [attempt.accepted for attempt in attempts][-1]
    assert only_runpodctl.pod.status == "EXITED"
    assert (tmp_path / "seen").read_text() == "stop pod k3x9 | RUNPOD_API_KEY\n"


def test_runpodctl_removes_where_the_pod_is_to_be_terminated(only_runpodctl: RunPodServer, tmp_path: Path) -> None:
    provider = runpod(only_runpodctl, runpodctl=str(write_runpodctl(tmp_path, "2.7")))
    assert provider.stop(terminate=True)[-1].accepted
    assert only_runpodctl.pod.status == "TERMINATED"


@pytest.mark.parametrize("behaviour", ["says no", "says another pod", "quotes the key", "floods", "hangs"])
def test_what_runpodctl_prints_counts_and_not_its_exit_code(
    only_runpodctl: RunPodServer, tmp_path: Path, behaviour: str
) -> None:
    program = write_runpodctl(tmp_path, behaviour=behaviour)
    limits = Limits(request=0.4, program=0.4 if behaviour == "hangs" else 4.0)
    provider = runpod(only_runpodctl, keys=KEYS[:1], runpodctl=str(program), limits=limits)
    only_runpodctl.faults.clear()
    only_runpodctl.faults.extend(["403", "403"])
    attempt = provider.stop()[-1]
    assert (attempt.via, attempt.accepted) == ("runpodctl", False)
    assert POD_KEY not in attempt.outcome
    assert len(attempt.outcome) <= 301


def test_without_a_key_runpodctl_may_have_one_of_its_own(server: RunPodServer, tmp_path: Path) -> None:
    program = write_runpodctl(tmp_path)
    (attempt,) = runpod(server, keys=[], runpodctl=str(program)).stop()
    assert (attempt.via, attempt.accepted) == ("runpodctl", False)
    assert "API key not found" in attempt.outcome


def test_a_runpodctl_that_is_not_there(server: RunPodServer, tmp_path: Path) -> None:
    server.faults.extend(["500", "500"])
    attempts = runpod(server, keys=KEYS[:1], runpodctl=str(tmp_path / "runpodctl")).stop()
    assert "could not be started" in attempts[-1].outcome


# Look


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("RUNNING", PodState.RUNNING),
        ("STARTING", PodState.RUNNING),
        ("ERROR", PodState.RUNNING),
        ("EXITED", PodState.STOPPED),
        ("TERMINATED", PodState.GONE),
    ],
)
def test_the_pod_is_what_rest_says_it_is_whatever_is_wanted(server: RunPodServer, status: str, state: PodState) -> None:
    server.pod.status, server.pod.desired = status, "RUNNING" if status == "EXITED" else "EXITED"
    assert runpod(server).observe() is state


def test_what_is_wanted_of_it_counts_where_rest_is_silent(server: RunPodServer) -> None:
    server.faults.extend(["403", "500"])
    server.pod.desired = "EXITED"
    assert runpod(server).observe() is PodState.STOPPED


def test_a_page_that_is_not_found_is_no_pod_that_is_gone(server: RunPodServer) -> None:
    server.faults.extend(["html-404"] * 8)
    assert runpod(server).observe() is PodState.UNKNOWN
    server.faults.clear()
    assert runpod(server, "other").observe() is PodState.GONE


def test_a_pod_that_graphql_still_has_is_not_gone(server: RunPodServer) -> None:
    server.faults.extend(["404", "404"])
    assert runpod(server).observe() is PodState.RUNNING


# Before


def test_preflight_says_what_the_pod_is_and_changes_nothing(server: RunPodServer) -> None:
    server.pod.network_volume = True
    found = runpod(server).preflight()
    assert found.ok
    assert (found.price_per_hour, found.gpu, found.state) == (2.49, "H100 80GB", PodState.RUNNING)
    assert (found.locked, found.network_volume, found.via, found.problems) == (False, True, "GraphQL", ())
    assert server.pod.asked == 0
    assert server.calls == ["GraphQL pod pod", "REST v2 get pod"]


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf"), True, "2.49", None, 10**400])
def test_what_is_no_price_is_none(server: RunPodServer, price: Any) -> None:
    server.pod.price = price
    found = runpod(server).preflight()
    assert found.price_per_hour is None


def test_preflight_needs_only_one_of_the_two(server: RunPodServer) -> None:
    server.faults.extend(["410", "410"])
    found = runpod(server).preflight()
    assert (found.ok, found.via, found.price_per_hour, found.gpu) == (True, "REST v2", 2.49, "NVIDIA H100 80GB")
    server.pod_key_may_use_rest = False
    found = runpod(server, keys=KEYS[:1]).preflight()
    assert (found.ok, found.via, found.locked, found.network_volume) == (True, "GraphQL", None, None)


def test_preflight_refuses_a_locked_pod_and_one_that_cannot_be_this(server: RunPodServer) -> None:
    server.pod.locked = True
    (problem,) = runpod(server).preflight().problems
    assert "locked" in problem
    server.pod.locked, server.pod.status = False, "EXITED"
    found = runpod(server).preflight()
    assert not found.ok
    assert "RUNPOD_POD_ID" in found.problems[0]


def test_preflight_names_the_key_that_is_refused_and_the_cure(server: RunPodServer) -> None:
    found = runpod(server, keys=[("RUNPOD_API_KEY of /proc/1/environ", "wrong-key-123")]).preflight()
    assert found.problems == (
        "GraphQL: The service does not know the key (status 401) (RUNPOD_API_KEY of /proc/1/environ). "
        "Make a key in RunPod's settings and put it into FPTUI_RUNPOD_API_KEY.",
        "REST v2: The service does not know the key (status 401: The key is not valid.) "
        "(RUNPOD_API_KEY of /proc/1/environ). Make a key in RunPod's settings and put it into FPTUI_RUNPOD_API_KEY.",
    )
    found = runpod(server, "other").preflight()
    assert all("Compare RUNPOD_POD_ID with the id in RunPod's console." in problem for problem in found.problems)


def test_preflight_without_a_key(server: RunPodServer) -> None:
    (problem,) = runpod(server, keys=[]).preflight().problems
    assert "FPTUI_RUNPOD_API_KEY" in problem


# The way there


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of `api.runpod.test`, by itself."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    name, key = "api.runpod.test", str(path.with_name("key.pem"))
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    argv += ["-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    try:
        subprocess.run([*argv, "-keyout", key, "-out", str(path)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("openssl makes no certificate here")
    path.write_text(path.read_text() + Path(key).read_text())
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[RunPodServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with RunPodServer(context=context) as running:
        yield running


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], list[str]]], None]:
    """Puts another name service in place."""
    for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)

    def set_to(look_up: Callable[[str], list[str]]) -> None:
        def getaddrinfo(host: str, *_: object, **__: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
            return [(2, 1, 6, "", (address, 0)) for address in look_up(host)]

        monkeypatch.setattr(hosts, "_getaddrinfo", getaddrinfo)

    return set_to


def fails(host: str) -> list[str]:
    raise socket.gaierror(-3, "Temporary failure in name resolution")


def hangs(host: str) -> list[str]:
    time.sleep(0.5)
    return []


def by_name(secure: RunPodServer, certificate: Path, host: str, **more: Any) -> RunPod:
    trusted = ssl.create_default_context(cafile=str(certificate))
    url = secure.url(host)
    http = HttpJson(more.pop("resolved", None), context=trusted)
    return RunPod("k3x9", KEYS, base_url=url, http=http, limits=LIMITS, **more)


Names = Callable[[Callable[[str], list[str]]], None]


def test_the_name_is_what_the_certificate_must_be_of(secure: RunPodServer, certificate: Path, names: Names) -> None:
    names(lambda host: ["127.0.0.1"])
    assert by_name(secure, certificate, "api.runpod.test").preflight().ok
    secure.log.clear()
    found = by_name(secure, certificate, "api.other.test").preflight()
    assert "does not prove to be it" in found.problems[0]
    assert secure.log == []


@pytest.mark.parametrize("trouble", [fails, hangs])
def test_addresses_of_when_it_was_armed_serve_when_names_do_not(
    secure: RunPodServer, certificate: Path, names: Names, trouble: Callable[[str], list[str]]
) -> None:
    names(trouble)
    provider = by_name(secure, certificate, "api.runpod.test", runpodctl="")
    assert not provider.stop()[0].accepted
    assert provider.resolve() == {}
    names(lambda host: ["127.0.0.1"])
    resolved = provider.resolve()
    assert resolved == {"api.runpod.test": ["127.0.0.1"]}
    names(trouble)
    assert by_name(secure, certificate, "api.runpod.test", resolved=resolved).stop()[0].accepted


def test_an_address_that_answered_is_remembered(secure: RunPodServer, certificate: Path, names: Names) -> None:
    provider = by_name(secure, certificate, "api.runpod.test")
    names(lambda host: ["127.0.0.1"])
    assert provider.preflight().ok
    names(fails)
    assert provider.stop()[0].accepted


def test_an_address_that_is_dead_is_followed_by_the_next(secure: RunPodServer, certificate: Path, names: Names) -> None:
    names(lambda host: ["127.0.0.9", "127.0.0.1"])
    assert by_name(secure, certificate, "api.runpod.test").stop()[0].accepted


@contextmanager
def proxy(status: int = 200) -> Iterator[tuple[int, list[str]]]:
    """Its port, and the heads of what it was asked: it connects to 127.0.0.1 whatever the name."""
    listening, asked = socket.create_server(("127.0.0.1", 0)), []

    def copy(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def serve() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            asked.append(head.decode())
            client.sendall(f"HTTP/1.1 {status} Well\r\n\r\n".encode())
            if status != 200:
                client.close()
                continue
            port = int(head.split()[1].rpartition(b":")[2])
            behind = socket.create_connection(("127.0.0.1", port))
            for pair in ((client, behind), (behind, client)):
                threading.Thread(target=copy, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1], asked
    finally:
        listening.close()


def test_a_proxy_of_the_environment_is_used_and_sees_no_key(
    secure: RunPodServer, certificate: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(fails)
    with proxy() as (port, asked):
        monkeypatch.setenv("https_proxy", f"http://user:p%40ss@127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "")
        assert by_name(secure, certificate, "api.runpod.test").stop()[0].accepted
        assert asked[0].startswith(f"CONNECT api.runpod.test:{secure.port} HTTP/1.1\r\n")
        assert "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n" in asked[0]
        assert POD_KEY not in "".join(asked)
        monkeypatch.setenv("no_proxy", "api.runpod.test")
        names(lambda host: ["127.0.0.1"])
        assert by_name(secure, certificate, "api.runpod.test").observe() is PodState.STOPPED
        assert len(asked) == 1


def test_a_proxy_that_refuses_is_named(
    secure: RunPodServer, certificate: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(fails)
    with proxy(407) as (port, _):
        monkeypatch.setenv("https_proxy", f"http://user:secret@127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "")
        outcome = by_name(secure, certificate, "api.runpod.test").stop()[0].outcome
    assert "The proxy 127.0.0.1 refuses the way to api.runpod.test (status 407)" in outcome
    assert "secret" not in outcome
