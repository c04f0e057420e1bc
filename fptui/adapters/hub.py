"""Hugging Face: what a repository holds, by its HTTP API; and an upload by the project's own huggingface_hub.

The standard library alone asks: what decides about a stop must not depend on what a project installs. The token goes to
the endpoint's own origin and nowhere else.
"""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from fptui import __version__
from fptui.core.musubi.uploads import Repository
from fptui.core.safety import Listing
from fptui.core.secrets import trainer_environment, without_tokens
from fptui.core.text import plain

_ENDPOINT = "https://huggingface.co"
_LARGEST_PAGE = 8 << 20
"""Bytes; a page has at most 1000 entries of some 300."""
_MOST_PAGES = 100
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,]*\brel="?next"?')
_ENDS_WITHIN = 5.0

_UPLOAD = """
import contextlib, os, sys
sys.path = [folder for folder in sys.path if folder]
def main(repo_id, repo_type, visibility, path, path_in_repo):
    from huggingface_hub import HfApi
    api, repo = HfApi(), {"repo_id": repo_id, "repo_type": repo_type}
    try:
        api.repo_info(**repo)
    except Exception:
        with contextlib.suppress(Exception):
            api.create_repo(**repo, private=visibility == "private", exist_ok=True)
    if os.path.isdir(path):
        api.upload_folder(**repo, folder_path=path, path_in_repo=path_in_repo)
    else:
        api.upload_file(**repo, path_or_fileobj=path, path_in_repo=path_in_repo)
try:
    main(*sys.argv[1:])
except BaseException as error:
    text = f"{type(error).__name__}: {error}"[:2000].encode("utf-8", "backslashreplace")
    sys.stdout.buffer.write(text)
    sys.exit(1)
"""


def list_repository(
    repo: Repository, environment: Mapping[str, str], *, revision: str = "main", seconds: float = 30.0
) -> Listing:
    """The files below its path. Takes no longer than that, and never raises. A path that is not in the repository holds
    nothing: that is an answer, too."""
    endpoint = (environment.get("HF_ENDPOINT") or _ENDPOINT).rstrip("/")
    try:
        look = _Look(endpoint, token_of(environment), repo.id, time.monotonic() + seconds)
    except ValueError:
        return Listing(None, "HF_ENDPOINT is no address that can be asked.")
    path, found = repo.place(""), list[Listing]()
    url = f"{endpoint}/api/{_quoted(repo.type)}s/{urllib.parse.quote(repo.id)}/tree/{_quoted(revision)}"
    url += f"/{_quoted(path)}" if path else ""
    thread = threading.Thread(target=lambda: found.append(look.all(f"{url}?recursive=true")), daemon=True)
    thread.start()
    # Neither a name's look-up nor a header that comes drop by drop heeds a socket's time limit.
    thread.join(seconds)
    return found[0] if found else Listing(None, f"{look.host} did not answer within {seconds:.0f} s.")


def retry_upload(
    python: str, repo: Repository, path: str, place: str, *, environment: Mapping[str, str], seconds: float
) -> str | None:
    """Upload a file or a folder to that place, as the trainer would. None when it is there now, else why not.
    `python` must have huggingface_hub; the token is in `environment`, or in the file that the hub's own login wrote."""
    argv = [python, "-c", _UPLOAD, repo.id, repo.type, "private" if repo.is_private else "public", path, place]
    # Without the package hf_transfer that switch makes every upload fail; RunPod's images set it.
    switches = {"HF_HUB_ENABLE_HF_TRANSFER": "0", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    name = plain(Path(path).name, 200)
    try:
        process = subprocess.Popen(
            argv,
            env=trainer_environment(environment) | switches,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return f"{name} was not uploaded: {plain(python)} cannot be started ({plain(why)})."
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_ENDS_WITHIN)
        return f"{name} was not uploaded within {seconds:.0f} s."
    if process.returncode == 0:
        return None
    token = token_of(environment)
    text = said.decode("utf-8", "replace").strip() or f"exit code {process.returncode}"
    text = without_tokens(text.replace(token, "…") if token else text)
    return f"{name} was not uploaded: {plain(text, 300).rstrip('.')}."


def token_of(environment: Mapping[str, str]) -> str | None:
    """As huggingface_hub finds it (utils/_auth.py): the variable, then the file that `hf auth login` writes."""
    token = environment.get("HF_TOKEN") or environment.get("HUGGING_FACE_HUB_TOKEN")
    if not token:
        cache = environment.get("XDG_CACHE_HOME") or str(Path(environment.get("HOME", "/"), ".cache"))
        home = environment.get("HF_HOME") or str(Path(cache, "huggingface"))
        try:
            token = Path(environment.get("HF_TOKEN_PATH") or Path(home, "token")).read_text("utf-8")[:1000]
        except (OSError, ValueError):
            return None
    token = token.replace("\r", "").replace("\n", "").strip()
    return token if token.isascii() and token.isprintable() and token else None


def _quoted(part: str) -> str:
    return urllib.parse.quote(part, safe="")


class _Look:
    """One listing, page by page."""

    def __init__(self, endpoint: str, token: str | None, repo_id: str, deadline: float) -> None:
        self._origin = _origin(endpoint)
        if self._origin[0] not in ("http", "https"):
            raise ValueError(endpoint)
        self._token, self._repo, self._deadline = token, plain(repo_id, 200), deadline
        self.host = plain(self._origin[1], 200)
        self._opener = urllib.request.build_opener(_Redirects(self))

    def all(self, first: str) -> Listing:
        files: dict[str, int] = {}
        url = first
        try:
            for _ in range(_MOST_PAGES):
                with self._opener.open(self.request(url), timeout=self._left()) as response:
                    files |= _files(json.loads(self._body(response)))
                    following = _NEXT.search(response.headers.get("Link") or "")
                if following is None:
                    return Listing(files)
                url = urllib.parse.urljoin(url, following[1])
        except urllib.error.HTTPError as error:
            with contextlib.suppress(Exception):
                error.close()
            return self._refused(error)
        except Exception as error:
            return Listing(None, self._trouble(error))
        return Listing(None, f"{self.host} lists {self._repo} without an end.")

    def request(self, url: str) -> urllib.request.Request:
        """With the token where that may go: by https, or to this machine."""
        origin = _origin(url)
        if origin[0] not in ("http", "https"):
            raise _NotJson
        request = urllib.request.Request(url, headers={"User-Agent": f"fptui/{__version__}"})
        is_private = origin[0] == "https" or origin[1] in ("localhost", "127.0.0.1", "::1")
        if self._token is not None and origin == self._origin and is_private:
            request.add_header("Authorization", f"Bearer {self._token}")
        return request

    def _left(self) -> float:
        return max(self._deadline - time.monotonic(), 0.05)

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        pieces, size = [], 0
        while piece := response.read1(1 << 16):
            pieces.append(piece)
            size += len(piece)
            if size > _LARGEST_PAGE:
                raise _NotJson
            if time.monotonic() > self._deadline:
                raise TimeoutError
        if response.length:
            raise ConnectionResetError
        return b"".join(pieces)

    def _refused(self, error: urllib.error.HTTPError) -> Listing:
        status, code = error.code, error.headers.get("X-Error-Code", "") if error.headers else ""
        if status == 404 and code == "EntryNotFound":
            return Listing({})
        if status in (401, 403):
            whom = "to this token" if self._token else "without a token"
            return Listing(None, f"{self.host} does not show {self._repo} {whom} ({status}).")
        if status == 404:
            return Listing(None, f"{self.host} does not know {self._repo} (404).")
        if status == 429:
            return Listing(None, f"{self.host} asks to be left alone for a while (429).")
        if 300 <= status < 400:
            return Listing(None, f"{self.host} points to addresses that lead nowhere ({status}).")
        return Listing(None, f"{self.host} is in trouble ({status}).")

    def _trouble(self, error: Exception) -> str:
        """Nothing that the other side wrote is in it."""
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, TimeoutError):
            return f"{self.host} did not answer in time."
        if isinstance(reason, (ValueError, RecursionError)):
            return f"{self.host} answered with something else than a listing."
        if isinstance(reason, (http.client.HTTPException, ConnectionResetError)):
            return f"{self.host} closed the connection without a whole answer."
        why = reason.strerror if isinstance(reason, OSError) and reason.strerror else type(reason).__name__
        return f"{self.host} cannot be reached ({plain(why, 200)})."


class _NotJson(ValueError):
    """An answer that is no listing."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """A renamed repository is a redirect (307); elsewhere it leads without the token."""

    def __init__(self, look: _Look) -> None:
        self._look = look

    def redirect_request(  # noqa: PLR0917 - urllib's own
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request:
        return self._look.request(newurl)

    http_error_308 = urllib.request.HTTPRedirectHandler.http_error_302  # Python 3.10 does not know it


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _files(entries: Any) -> dict[str, int]:
    """Of one page; of a large file `size` is its own, not its pointer's."""
    if not isinstance(entries, list):
        raise _NotJson
    found = {}
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
            raise _NotJson
        if entry.get("type") == "file" and isinstance(entry.get("size"), int):
            found[entry["path"]] = entry["size"]
    return found
