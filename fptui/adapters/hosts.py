"""Where a service is: its addresses, also when names cannot be looked up, and the proxy on the way.

On pods the name service has been seen to fail at the very moment of the stop.
"""

import ipaddress
import socket
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

_MOST_ADDRESSES = 3
_getaddrinfo = socket.getaddrinfo

_T = TypeVar("_T")


class Unreachable(OSError):
    """Its text is a sentence for people."""


class Hosts:
    """The addresses of hosts by their names."""

    def __init__(self, resolved: Mapping[str, Sequence[str]] | None = None) -> None:
        self._known = {host: list(addresses) for host, addresses in (resolved or {}).items()}
        """For when a name cannot be looked up."""

    def addresses(self, host: str, limit: float) -> list[str]:
        """Where to try, in this order; within `limit` seconds."""
        fresh = look_up(host, limit)[:_MOST_ADDRESSES]
        return fresh + [each for each in self._known.get(host, ())[:_MOST_ADDRESSES] if each not in fresh]

    def learn(self, host: str, address: str) -> None:
        """This address has proved, by TLS, to be the host's."""
        before = [each for each in self._known.get(host, ()) if each != address]
        self._known[host] = [address, *before][:_MOST_ADDRESSES]

    def resolve(self, urls: Sequence[str], limit: float = 4.0) -> dict[str, list[str]]:
        """What is known of their hosts now, for the `resolved` of a later one; without those nothing is known of."""
        hosts = sorted({urllib.parse.urlsplit(url).hostname or "" for url in urls})
        return {host: found for host in hosts if (found := self.addresses(host, limit))}


def look_up(host: str, limit: float) -> list[str]:
    """Its addresses; empty when they cannot be had within `limit` seconds."""
    if is_address(host):
        return [host]
    found = _within(limit, lambda: _getaddrinfo(host, None, type=socket.SOCK_STREAM)) or []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def proxy_to(host: str) -> urllib.parse.SplitResult | None:
    """As urllib: HTTPS_PROXY, unless NO_PROXY names the host."""
    url = urllib.request.getproxies().get("https")
    if not url or urllib.request.proxy_bypass(host):
        return None
    proxy = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
    if proxy.scheme not in ("http", "https"):
        raise Unreachable(f"HTTPS_PROXY is a proxy of a kind that fptui cannot use: {proxy.scheme}.")
    return proxy


def is_address(host: str) -> bool:
    """Not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_this_machine(host: str) -> bool:
    """Whether what is sent there leaves this machine never."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def _within(limit: float, work: Callable[[], _T]) -> _T | None:
    """What `work` returns, or None when it raises or takes longer; it is not waited for then."""
    found: list[_T] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception:
            return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(limit)
    return found[0] if found else None
