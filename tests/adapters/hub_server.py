"""A Hugging Face on this machine: repositories by their HTTP API, as huggingface_hub 0.34 speaks it, and its faults.

Uploads are taken in as `regular` files, whose bytes come within the commit: enough for the client's own code.
"""

import base64
import json
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Fault = Callable[["Handler"], None]


@dataclass
class Hub:
    """What it holds, and what it was asked."""

    repositories: dict[str, dict[str, int]] = field(default_factory=dict)
    """Bytes by path, by `models/someone/name`."""
    token: str | None = None
    """Who does not bring it sees nothing."""
    page: int = 1000
    fault: Fault | None = None
    """Answers in its place while it is set."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Method and address, and the Authorization that came with it."""
    commits: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        return {"HF_ENDPOINT": self.url, "HOME": "/nonexistent"} | ({"HF_TOKEN": self.token} if self.token else {})


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    handler = type("Bound", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def answer(self, status: int, content: Any, **headers: str) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _handle(self) -> None:
        hub = self.hub
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        hub.asked.append((f"{self.command} {self.path}", self.headers.get("Authorization")))
        if hub.fault is not None:
            hub.fault(self)
            return
        if hub.token is not None and self.headers.get("Authorization") != f"Bearer {hub.token}":
            self.answer(401, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
            return
        parts = urllib.parse.urlsplit(self.path)
        path, query = parts.path.strip("/").split("/"), dict(urllib.parse.parse_qsl(parts.query))
        if path[:3] == ["api", "repos", "create"]:
            wanted = json.loads(body)
            repo = f"{wanted.get('type') or 'model'}s/{wanted['organization']}/{wanted['name']}"
            hub.repositories.setdefault(repo, {})
            self.answer(200, {"url": f"{hub.url}/{repo}", "name": repo})
            return
        repo, rest = "/".join(path[1:4]), path[4:]
        if repo in hub.renamed:
            self.answer(307, {}, Location=self.path.replace(repo, hub.renamed[repo]))
            return
        if repo not in hub.repositories:
            self.answer(404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
            return
        self._in(repo, rest, query, body)

    def _in(self, repo: str, rest: list[str], query: dict[str, str], body: bytes) -> None:
        if rest[:1] == ["tree"]:
            self._tree(repo, urllib.parse.unquote("/".join(rest[2:])), int(query.get("cursor", 0)))
        elif rest[:1] == ["preupload"]:
            files = [{"path": each["path"], "uploadMode": "regular", "shouldIgnore": False}
                     for each in json.loads(body)["files"]]  # fmt: skip
            self.answer(200, {"files": files})
        elif rest[:1] == ["commit"]:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    data = base64.b64decode(line["value"]["content"])
                    self.hub.repositories[repo][line["value"]["path"]] = len(data)
                    self.hub.commits.append(line["value"]["path"])
            self.answer(200, {"commitOid": "0" * 40, "commitUrl": f"{self.hub.url}/{repo}/commit/{'0' * 40}",
                              "pullRequestUrl": None})  # fmt: skip
        else:
            self.answer(200, {"id": repo.partition("/")[2], "siblings": [], "private": True, "sha": "0" * 40,
                              "tags": [], "downloads": 0, "likes": 0})  # fmt: skip

    def _tree(self, repo: str, path: str, start: int) -> None:
        files = {name: size for name, size in self.hub.repositories[repo].items() if not path or name == path
                 or name.startswith(f"{path}/")}  # fmt: skip
        if path and not files:
            self.answer(404, {"error": f"{path} does not exist"}, X_Error_Code="EntryNotFound")
            return
        folders = sorted({name.rpartition("/")[0] for name in files if "/" in name})
        entries: list[dict[str, Any]] = [{"type": "directory", "path": name, "size": 0} for name in folders]
        entries += [{"type": "file", "path": name, "size": size, "oid": "0", "lfs": {"size": size, "pointerSize": 134}}
                    for name, size in files.items()]  # fmt: skip
        more = start + self.hub.page < len(entries)
        address = f"{self.hub.url}{self.path.partition('&cursor')[0]}&cursor={start + self.hub.page}"
        link = {"Link": f'<{address}>; rel="next"'} if more else {}
        self.answer(200, entries[start : start + self.hub.page], **link)


def status(code: int, **headers: str) -> Fault:
    return lambda handler: handler.answer(code, {"error": "no"}, **headers)


def html(handler: Handler) -> None:
    handler.answer(200, b"<html>Just a moment</html>", Content_Type="text/html")


def hang(handler: Handler) -> None:
    time.sleep(3)


def drip(handler: Handler) -> None:
    """A header that comes for ever, a byte at a time: within every time limit of a socket."""
    try:
        for _ in range(300):
            handler.wfile.write(b"H")
            time.sleep(0.01)
    except OSError:
        pass


def cut_short(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"[]")
    handler.close_connection = True


def endless_pages(handler: Handler) -> None:
    number = handler.path.count("x") + 1
    handler.answer(200, [], Link=f'<{handler.hub.url}/{"x" * number}>; rel="next"')


def flood(handler: Handler) -> None:
    with suppress(OSError):
        handler.answer(200, b"[" + b" " * (9 << 20) + b"]")
