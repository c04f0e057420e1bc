"""A RunPod on this machine: GraphQL and REST v2 over one pod with a state of its own, and faults on order.

It speaks as the real one does: errors inside 200, `application/problem+json`, 403 to a Python without User-Agent, 401
to a key that it does not know, `Unauthorized` where a pod's own key asks for the account, 410 from REST v1.

    with RunPodServer("k3x9") as server:
        server.faults.extend(["hang", "", "429:3"])        # one a request, in this order; "" is none
        server.graphql_url, server.rest_url, server.pod.status, server.log
"""

import json
import random
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

POD_KEY, ACCOUNT_KEY = "pod-key-0123456789", "account-key-0123456789"

FAULTS = (
    "hang",  # never an answer
    "drip",  # an answer of one byte every `drip_seconds`
    "half-close",  # half an answer
    "reset",  # the connection is reset
    "html",  # a web page with 200
    "html-502",  # a web page with 502
    "html-404",
    "not-json",
    "wrong-types",  # JSON, but nothing in it is what it should be
    "other-pod",  # a yes for another one
    "errors-beside-data",
    "deep",  # JSON of too many brackets
    "huge",  # a gigabyte
    "redirect",  # redirect:URL to that address
    "429:3",  # Retry-After of three seconds; 429:date:3 as a date; 429 without one
    "401",
    "403",
    "404",
    "409",
    "410",
    "422",
    "500",
    "503:3",
    "errors-in-200",
    "data-null",
    "tells-the-key",  # a refusal that quotes the key
    "200-does-nothing",  # says yes and stops nothing
    "slow-stop",  # says yes; the pod is stopped `slow_seconds` later
    "403-without-user-agent",  # as always
)


@dataclass(frozen=True)
class Logged:
    """One request; `key` is a name and never a key."""

    at: float
    via: str
    operation: str
    key: str
    user_agent: str
    fault: str
    status: int | None


@dataclass
class Pod:
    """What a pod is: `desired` is intent (GraphQL), `status` what it is (REST v2), which follows at `follows_at`."""

    id: str
    desired: str = "RUNNING"
    status: str = "RUNNING"
    follows_at: float | None = None
    locked: bool = False
    network_volume: bool = False
    price: float = 2.49
    gpu: str = "H100 80GB"
    asked: int = 0
    """How often it was really asked to stop or terminate."""

    def ask(self, desired: str, at: float) -> None:
        self.asked += 1
        self.desired, self.follows_at = desired, at

    def settle(self, now: float) -> None:
        if self.follows_at is not None and now >= self.follows_at:
            self.status, self.follows_at = self.desired, None


@dataclass
class _Reply:
    status: int
    body: bytes = b""
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class RunPodServer:
    """On 127.0.0.1, a port of its own, plain HTTP unless `context` is given. `faults` comes first; then, where
    `fault_rate` is set, a seeded choice among `fault_kinds`."""

    def __init__(
        self,
        pod_id: str = "k3x9",
        *,
        keys: dict[str, str] | None = None,
        seed: int = 0,
        fault_rate: float = 0.0,
        fault_kinds: Sequence[str] = FAULTS,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[Pod], None] | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.pod = Pod(pod_id)
        self.keys = keys if keys is not None else {POD_KEY: "pod", ACCOUNT_KEY: "account"}
        """Key to name; one that is called `pod` may only do what a pod's own key may."""
        self.pod_key_may_use_rest = True
        self.faults: deque[str] = deque()
        self.log: list[Logged] = []
        self.stop_seconds, self.slow_seconds, self.drip_seconds, self.hang_seconds = 0.0, 120.0, 0.05, 30.0
        self.host = "127.0.0.1"
        self._random, self._fault_rate, self._fault_kinds = random.Random(seed), fault_rate, tuple(fault_kinds)
        self._clock, self._on_change = clock, on_change
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self._server = _Server((self.host, 0), _handler(self))
        if context is not None:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._scheme = "http" if context is None else "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, host: str | None = None) -> str:
        return f"{self._scheme}://{host or self.host}:{self.port}"

    @property
    def graphql_url(self) -> str:
        return f"{self.url()}/graphql"

    @property
    def rest_url(self) -> str:
        return f"{self.url()}/v2"

    def __enter__(self) -> "RunPodServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def calls(self) -> list[str]:
        """`VIA OPERATION KEY` of every request so far."""
        return [f"{each.via} {each.operation} {each.key}" for each in self.log]

    def next_fault(self) -> str:
        with self._lock:
            if self.faults:
                return self.faults.popleft()
            return self._random.choice(self._fault_kinds) if self._random.random() < self._fault_rate else ""

    def note(self, logged: Logged) -> None:
        with self._lock:
            self.log.append(logged)

    # What it would answer without a fault

    def reply(self, method: str, path: str, headers: Any, data: bytes, fault: str) -> tuple[str, str, str, _Reply]:
        """Via, operation, name of the key, reply."""
        key = self.keys.get(headers.get("Authorization", "").removeprefix("Bearer "))
        with self._lock:
            self.pod.settle(self._clock())
            if path.startswith("/graphql"):
                operation, reply = self._graphql(key, data, fault)
                return "GraphQL", operation, key or "?", reply
            if path.startswith("/v1/"):
                return "REST v1", method, key or "?", _problem(410, "Gone", "This version has been retired.")
            operation, reply = self._rest(key, method, path, data, fault)
            return "REST v2", operation, key or "?", reply

    def _graphql(self, key: str | None, data: bytes, fault: str) -> tuple[str, _Reply]:  # noqa: PLR0911
        try:
            asked = json.loads(data)
            query, wanted = str(asked["query"]), asked["variables"]["podId"]
        except (ValueError, KeyError, TypeError):
            return "?", _errors("Syntax Error", "GRAPHQL_PARSE_FAILED", status=400)
        names = ("podStop", "podTerminate", "myself", "pod")
        operation = next((each for each in names if each + "(" in query or f"{{ {each} " in query), "?")
        if key is None:
            return operation, _Reply(401, b"")
        if operation == "myself" and key == "pod":
            return operation, _errors("Unauthorized", "UNAUTHORIZED")
        if wanted != self.pod.id or self.pod.status == "TERMINATED":
            return operation, _errors("Pod not found.", "POD_NOT_FOUND")
        if operation == "pod":
            return operation, _data(operation, self._as_graphql())
        if operation == "podStop":
            if self.pod.locked:
                return operation, _errors("Pod is locked.", "BAD_USER_INPUT")
            self._change("EXITED", fault)
            return operation, _data(operation, {"id": self.pod.id, "desiredStatus": "EXITED", "lastStatusChange": ""})
        if operation == "podTerminate":
            self._change("TERMINATED", fault)
            return operation, _data(operation, None)
        return operation, _errors("Cannot query that.", "GRAPHQL_VALIDATION_FAILED", status=400)

    def _as_graphql(self) -> dict[str, object]:
        price = self.pod.price if self.pod.status == "RUNNING" else 0.0
        gpu = {"gpuDisplayName": self.pod.gpu}
        return {"id": self.pod.id, "desiredStatus": self.pod.desired, "costPerHr": price, "machine": gpu}

    def _rest(  # noqa: PLR0911
        self, key: str | None, method: str, path: str, data: bytes, fault: str
    ) -> tuple[str, _Reply]:
        parts = path.strip("/").split("/")
        operation = "get"
        if method == "POST" and parts[3:] == ["action"]:
            try:
                operation = str(json.loads(data)["action"])
            except (ValueError, KeyError, TypeError):
                return "?", _problem(422, "Unprocessable Entity", "No action.")
        if key is None:
            return operation, _problem(401, "Unauthorized", "The key is not valid.")
        if key == "pod" and not self.pod_key_may_use_rest:
            return operation, _problem(403, "Forbidden", "This key may not do that.")
        if parts[:2] != ["v2", "pods"] or parts[2:3] != [self.pod.id]:
            return operation, _problem(404, "Not Found", "pod not found")
        if operation == "get":
            return operation, _Reply(200, json.dumps(self._as_rest()).encode())
        if self.pod.status == "TERMINATED":
            return operation, _problem(404, "Not Found", "pod not found")
        if operation == "stop":
            if self.pod.locked or self.pod.status != "RUNNING":
                return operation, _problem(409, "Conflict", "The pod is locked or not running.")
            self._change("EXITED", fault)
            return operation, _Reply(200, json.dumps(self._as_rest()).encode())
        if operation == "terminate":
            self._change("TERMINATED", fault)
            return operation, _Reply(204)
        return operation, _problem(422, "Unprocessable Entity", "Unknown action.")

    def _as_rest(self) -> dict[str, object]:
        mount = {"network": [{"id": "v1"}]} if self.pod.network_volume else {"persistent": {"size": 20}}
        return {
            "id": self.pod.id,
            "name": "a pod",
            "status": self.pod.status,
            "actions": ["stop", "restart", "terminate"],
            "cost": self.pod.price if self.pod.status == "RUNNING" else 0.0,
            "gpu": {"id": "NVIDIA " + self.pod.gpu, "count": 1},
            "mounts": mount,
            "locked": self.pod.locked,
            "runtime": None,
        }

    def _change(self, desired: str, fault: str) -> None:
        if fault == "200-does-nothing":
            return
        now = self._clock()
        self.pod.ask(desired, now + (self.slow_seconds if fault == "slow-stop" else self.stop_seconds))
        self.pod.settle(now)
        if self._on_change is not None:
            self._on_change(self.pod)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away in the middle are what this is for."""


def _handler(server: RunPodServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 30

        def do_GET(self) -> None:
            self._answer()

        do_POST = do_DELETE = do_GET

        def _answer(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = server.next_fault()
            agent = self.headers.get("User-Agent", "")
            refused = _instead(fault, agent, self.headers.get("Authorization", ""))
            # A request that is refused on the way in must change nothing behind it.
            via, operation, key, reply = server.reply(
                self.command, self.path, self.headers, data, fault if refused is None else "200-does-nothing"
            )
            reply = refused or reply
            status = None if fault in ("hang", "reset") else reply.status
            server.note(Logged(time.time(), via, operation, key, agent, fault, status))
            self._send(reply, fault)

        def _send(self, reply: _Reply, fault: str) -> None:
            if fault == "hang":
                server.closing.wait(server.hang_seconds)
                self.close_connection = True
                return
            if fault == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            self.send_response(reply.status)
            for name, value in {"Content-Type": reply.kind, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header(
                "Content-Length",
                str(
                    1 << 30
                    if fault == "huge"
                    else max(len(reply.body), 1) * 2
                    if fault == "half-close"
                    else len(reply.body)
                ),
            )
            self.end_headers()
            if fault == "huge":
                while not server.closing.is_set():
                    self.wfile.write(b" " * 65536)
            elif fault == "drip":
                for each in reply.body:
                    if server.closing.wait(server.drip_seconds):
                        return
                    self.wfile.write(bytes([each]))
            else:
                self.wfile.write(reply.body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on stderr: a request may hold a key."""

    return Handler


def _instead(fault: str, agent: str, authorization: str) -> _Reply | None:
    """What is answered in place of the truth; None where the request goes through."""
    if not agent or agent.startswith("Python-urllib"):
        return _Reply(403, b"<html>error code: 1010</html>", "text/html")
    page = b"<!doctype html><html><body>Just a moment \x1b[31m</body></html>"
    fixed = {
        "hang": _Reply(200),
        "reset": _Reply(200),
        "huge": _Reply(200),
        "html": _Reply(200, page, "text/html"),
        "html-502": _Reply(502, page, "text/html"),
        "not-json": _Reply(200, b'{"data": {"podStop": '),
        "wrong-types": _Reply(200, b'{"data": {"podStop": [1], "pod": "x"}, "status": 7, "id": {}, "errors": 3}'),
        "other-pod": _data("podStop", {"id": "other", "desiredStatus": "EXITED"}),
        "errors-beside-data": _Reply(
            200, b'{"errors": [{}], "data": {"podStop": {"id": "k3x9", "desiredStatus": "EXITED"}}}'
        ),
        "deep": _Reply(200, b"[" * 100_000),
        "redirect": _Reply(307, b"", headers={"Location": "http://127.0.0.1:9/elsewhere"}),
        "html-404": _Reply(404, page, "text/html"),
        "errors-in-200": _errors("Something went wrong.", "INTERNAL_SERVER_ERROR"),
        "data-null": _Reply(200, b'{"data": null}'),
        "tells-the-key": _errors(f"Bad header {authorization} ({authorization[7:]})", "BAD"),
    }
    if fault in fixed:
        return fixed[fault]
    if fault.startswith("redirect:"):
        return _Reply(307, b"", headers={"Location": fault.partition(":")[2]})
    status, _, wait = fault.partition(":")
    if status.isdigit():
        reply = _problem(int(status), "Refused", "Not now.")
        if wait.startswith("date:"):
            reply.headers["Retry-After"] = formatdate(time.time() + float(wait[5:]), usegmt=True)
        elif wait:
            reply.headers["Retry-After"] = wait
        return reply
    return None


def _data(operation: str, value: object) -> _Reply:
    return _Reply(200, json.dumps({"data": {operation: value}}).encode())


def _errors(message: str, code: str, status: int = 200) -> _Reply:
    errors = [{"message": message, "extensions": {"code": code}}]
    return _Reply(status, json.dumps({"errors": errors, "data": None}).encode())


def _problem(status: int, title: str, detail: str) -> _Reply:
    body = {"title": title, "status": status, "detail": detail}
    return _Reply(status, json.dumps(body).encode(), "application/problem+json")
