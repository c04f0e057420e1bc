"""One request to a service that speaks JSON: a bounded answer within bounded time, whatever the other side does.

Standard library only: what stops a pod must not depend on what a project installs. The time limit is of the whole
request, with name lookup and TLS, and not of each read: a server that drips a byte a second would pass that for ever.
Redirects are not followed, as a key must reach no other host; plain HTTP goes to this machine alone.
"""

import base64
import contextlib
import email.utils
import http.client
import json
import math
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fptui import __version__
from fptui.adapters.hosts import Hosts, Unreachable, is_this_machine, proxy_to

_USER_AGENT = f"fptui/{__version__}"
"""RunPod's edge answers 403 to a Python without one."""
_LARGEST_BODY = 256 * 1024
_LONGEST_RETRY_AFTER = 600.0
_SHARE_OF_LOOKUP = 0.4
"""Of the time limit. What is left is for the addresses that are known already."""


@dataclass(frozen=True)
class Answer:
    """What came back. `trouble` is a sentence when nothing did, or something else than JSON; it holds nothing that the
    service wrote."""

    status: int | None = None
    content: Any = None
    trouble: str | None = None
    retry_after: float | None = None
    """Seconds, at most ten minutes."""


class HttpJson:
    """Never raises. Safe to use from several threads."""

    def __init__(
        self,
        resolved: Mapping[str, Sequence[str]] | None = None,
        *,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.hosts = Hosts(resolved)
        self._context = context
        self._clock = clock

    def request(self, method: str, url: str, key: str, body: object = None, *, limit: float = 10.0) -> Answer:
        """With the key as bearer; within `limit` seconds."""
        try:
            parts = urllib.parse.urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return Answer(trouble="The address of the service is not one.")
        if parts.scheme != "https" and not (parts.scheme == "http" and is_this_machine(host)):
            return Answer(trouble=f"{host or 'The address'} is not reached by https: no key is sent there.")
        exchange = _Exchange(self, _Request(method, parts, host, key, body), time.monotonic() + limit)
        thread = threading.Thread(target=exchange.run, name=f"{method} {host}", daemon=True)
        thread.start()
        thread.join(limit)
        if exchange.answer is None:
            exchange.abandon()
            return Answer(trouble=f"{host} did not answer within {limit:.3g} s.")
        return exchange.answer

    def context(self) -> ssl.SSLContext:
        """Made late: reading the certificates takes some 20 ms."""
        if self._context is None:
            self._context = ssl.create_default_context()
        return self._context

    def wait_asked(self, headers: http.client.HTTPMessage) -> float | None:
        """Retry-After, as seconds or as a date; the date by the service's own clock where it tells it."""
        text = headers.get("Retry-After", "").strip()
        try:
            if text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit():
                seconds = float(text)
            else:
                then = email.utils.parsedate_to_datetime(text).timestamp()
                date = headers.get("Date")
                now = email.utils.parsedate_to_datetime(date).timestamp() if date else self._clock()
                seconds = then - now
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
        return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER) if math.isfinite(seconds) else None


@dataclass(frozen=True)
class _Request:
    method: str
    parts: urllib.parse.SplitResult
    host: str
    key: str
    body: object


class _Exchange:
    """One request in a thread of its own, which `abandon` ends: it blocks in calls that know no time limit."""

    def __init__(self, client: HttpJson, request: _Request, deadline: float) -> None:
        self._client, self._request, self._deadline = client, request, deadline
        self._socket: socket.socket | None = None
        self._is_abandoned = False
        self.answer: Answer | None = None

    def run(self) -> None:
        try:
            self.answer = self._exchange()
        except Exception as error:
            self.answer = Answer(trouble=_sentence(error, self._request.host))
        finally:
            self._close()

    def abandon(self) -> None:
        self._is_abandoned = True
        self._close()

    def _close(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

    def _exchange(self) -> Answer:
        is_plain = self._request.parts.scheme == "http"
        port = self._request.parts.port or (80 if is_plain else 443)
        self._reach(is_plain, port)
        if is_plain:
            connection = http.client.HTTPConnection(self._request.host, port)
        else:
            connection = http.client.HTTPSConnection(self._request.host, port, context=self._client.context())
        connection.sock = self._socket
        data = None if self._request.body is None else json.dumps(self._request.body).encode()
        path = urllib.parse.urlunsplit(("", "", self._request.parts.path or "/", self._request.parts.query, ""))
        connection.request(self._request.method, path, data, self._headers(data))
        response = connection.getresponse()
        return self._read(response)

    def _headers(self, data: bytes | None) -> dict[str, str]:
        headers = {
            "User-Agent": _USER_AGENT,
            "Accept": "application/json",
            "Authorization": f"Bearer {self._request.key}",
        }
        return {**headers, "Connection": "close", **({"Content-Type": "application/json"} if data is not None else {})}

    def _read(self, response: http.client.HTTPResponse) -> Answer:
        status, wait = response.status, self._client.wait_asked(response.headers)
        if 300 <= status < 400:
            trouble = f"{self._request.host} points to another address ({status}), where no key is sent."
            return Answer(status, None, trouble, wait)
        data = response.read(_LARGEST_BODY + 1)
        if len(data) > _LARGEST_BODY:
            return Answer(status, None, f"{self._request.host} answered with far too much (status {status}).", wait)
        if response.length:
            return Answer(None, None, f"{self._request.host} closed the connection in the middle of its answer.", wait)
        if not data.strip():
            return Answer(status, None, None, wait)
        try:
            return Answer(status, json.loads(data), None, wait)
        except (ValueError, RecursionError):
            return Answer(
                status, None, f"{self._request.host} answered with something else than JSON (status {status}).", wait
            )

    # The way there

    def _reach(self, is_plain: bool, port: int) -> None:
        proxy = None if is_plain else proxy_to(self._request.host)
        if proxy is not None:
            self._connect(proxy.hostname or "", proxy.port or 80)
            self._tunnel(port, proxy)
        else:
            address = self._connect(self._request.host, port)
        if is_plain or self._socket is None:
            return
        # The name is checked, not the address: one that was remembered may have become somebody else's.
        secure = self._client.context().wrap_socket(
            self._socket, server_hostname=self._request.host, do_handshake_on_connect=False
        )
        self._keep(secure)
        secure.do_handshake()
        if proxy is None:
            self._client.hosts.learn(self._request.host, address)

    def _connect(self, host: str, port: int) -> str:
        """The address that answered."""
        addresses = self._client.hosts.addresses(host, self._left() * _SHARE_OF_LOOKUP)
        if not addresses:
            raise Unreachable(f"The name {host} cannot be looked up.")
        for index, address in enumerate(addresses):
            try:
                share = self._left() / (len(addresses) - index)
                self._keep(socket.create_connection((address, port), timeout=share))
                return address
            except OSError as error:
                if index == len(addresses) - 1 or self._is_abandoned:
                    raise Unreachable(_sentence(error, host)) from None
        raise AssertionError("there was an address")

    def _keep(self, opened: socket.socket) -> None:
        self._socket = opened
        opened.settimeout(self._left())
        if self._is_abandoned:
            self._close()

    def _tunnel(self, port: int, proxy: urllib.parse.SplitResult) -> None:
        assert self._socket is not None
        host = f"[{self._request.host}]" if ":" in self._request.host else self._request.host
        lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}", f"User-Agent: {_USER_AGENT}"]
        if proxy.username is not None:
            pair = f"{urllib.parse.unquote(proxy.username)}:{urllib.parse.unquote(proxy.password or '')}"
            lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}")
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        response = http.client.HTTPResponse(self._socket, method="CONNECT")
        response.begin()
        if response.status != 200:
            raise Unreachable(
                f"The proxy {proxy.hostname} refuses the way to {self._request.host} (status {response.status})."
            )
        response.close()

    def _left(self) -> float:
        return max(self._deadline - time.monotonic(), 0.05)


def _sentence(error: Exception, host: str) -> str:  # noqa: PLR0911
    if isinstance(error, Unreachable):
        return str(error)
    if isinstance(error, TimeoutError):
        return f"{host} did not answer in time."
    if isinstance(error, ConnectionRefusedError):
        return f"{host} refused the connection."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"Whoever answers for {host} does not prove to be it: {error.verify_message}."
    if isinstance(error, ssl.SSLError):
        return f"No secure connection with {host}: {error.reason or 'broken off'}."
    if isinstance(error, (http.client.HTTPException, ConnectionError)):
        return f"{host} closed the connection without a proper answer."
    if isinstance(error, OSError) and error.strerror:
        return f"{host} cannot be reached: {error.strerror}."
    return f"{host} could not be asked ({type(error).__name__})."
