"""Notifications out of the pod: by apprise, which speaks to a hundred services (`fptui[notify]`), and by a command of
the user's.

Both run as processes of their own with a time limit: a service that hangs keeps nobody, and apprise, which writes
addresses with their secrets into its log, has no log of ours to write into. Addresses go there by stdin, never by argv.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from fptui.core.secrets import trainer_environment
from fptui.core.text import plain

NOTIFY_SECONDS = 30.0
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,20})://", re.IGNORECASE)
_ENDS_WITHIN = 5.0
_MISSING = "Notifications need the package apprise: pip install 'fptui[notify]'."


def notify(
    urls: Sequence[str],
    title: str,
    body: str,
    environment: Mapping[str, str],
    *,
    seconds: float = NOTIFY_SECONDS,
) -> list[str]:
    """Send it to each of these addresses as apprise writes them. Returns what did not work, a sentence each, in which
    an address is told by its place and its service alone."""
    if not urls:
        return []
    given = json.dumps({"urls": list(urls), "title": title, "body": body}).encode()
    argv = [sys.executable, "-m", "fptui.adapters.notify"]
    try:
        # Elsewhere a folder's own modules would be imported in place of Python's.
        code, said = _ran(argv, given, environment, seconds, "/")
    except OSError as error:
        return [f"The notification was not sent: {plain(sys.executable)} cannot be started ({error.strerror})."]
    how = _results(said)
    if how.get(0) == "missing":
        return [_MISSING]
    rest = f"no answer within {seconds:.0f} s" if code is None else f"apprise ended with exit code {code}"
    return [
        f"The notification to {_name(url, number)} was not sent: {_WHY.get(how.get(number, ''), rest)}."
        for number, url in enumerate(urls, 1)
        if how.get(number) != "sent"
    ]


def notify_command(
    argv: Sequence[str],
    title: str,
    body: str,
    environment: Mapping[str, str],
    *,
    seconds: float = NOTIFY_SECONDS,
) -> list[str]:
    """Run the user's command with title and body as its last two arguments, without a shell. Returns as `notify`."""
    if not argv:
        return []
    name = plain(argv[0], 200)
    try:
        code, _ = _ran([*argv, _argument(title), _argument(body)], None, environment, seconds)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return [f"The notify command {name} cannot be started: {plain(why)}."]
    if code is None:
        return [f"The notify command {name} did not end within {seconds:.0f} s."]
    return [f"The notify command {name} failed (exit code {code})."] if code else []


_WHY = {"unknown": "it is no address that apprise knows", "failed": "the service did not take it"}


def _results(said: bytes) -> dict[int, str]:
    """By the number of the address. Whatever else apprise prints is none."""
    found = {}
    for line in said.splitlines():
        with contextlib.suppress(ValueError, TypeError, RecursionError):
            number, how = json.loads(line)
            found[int(number)] = str(how)
    return found


def _name(url: str, number: int) -> str:
    """Only the part in front of :// is no secret."""
    scheme = _SCHEME.match(url)
    return f"address {number} ({scheme[1].lower()})" if scheme else f"address {number}"


def _argument(text: str) -> str:
    """A text that begins with a dash would be an option."""
    text = plain(text)
    return f" {text}" if text.startswith("-") else text


def _ran(
    argv: Sequence[str], given: bytes | None, environment: Mapping[str, str], seconds: float, cwd: str | None = None
) -> tuple[int | None, bytes]:
    """Exit code, None when it had to be ended, and stdout. Nothing `given`: none is read, which a child that the
    command leaves behind could hold open."""
    pipe = subprocess.DEVNULL if given is None else subprocess.PIPE
    process = subprocess.Popen(
        argv,
        env=trainer_environment(environment),
        cwd=cwd,
        stdin=pipe,
        stdout=pipe,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(given, timeout=seconds)
        return process.returncode, said or b""
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            said, _ = process.communicate(timeout=_ENDS_WITHIN)
            return None, said or b""
        return None, b""


def _send() -> None:
    """In the process of its own: a line for each address, as soon as it is known what became of it."""
    given = json.load(sys.stdin)
    try:
        import apprise
    except ImportError:
        print('[0, "missing"]')
        return

    def tell(number: int, how: str) -> None:
        print(f"{json.dumps([number, how])}\n", end="", flush=True)

    def send(number: int, service: Any) -> None:
        tell(number, "sent" if service.notify(title=given["title"], body=given["body"]) else "failed")

    threads = []
    for number, url in enumerate(given["urls"], 1):
        service = apprise.Apprise()
        if service.add(url):
            # At the same time: one that hangs must not keep the others.
            threads.append(threading.Thread(target=send, args=(number, service)))
        else:
            tell(number, "unknown")
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    _send()
