import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fptui.adapters.hub import list_repository, retry_upload, token_of
from fptui.core.musubi.uploads import Repository
from fptui.core.safety import Listing
from tests.adapters import hub_server
from tests.adapters.hub_server import Hub, serving

REPO = Repository("someone/loras", path="v1")
FILES = {"v1/a.safetensors": 5, "v1/a-state/model.safetensors": 7, "v10/other.safetensors": 9}
SECRET = "hf_" + "verySecret" * 3


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(Hub({"models/someone/loras": dict(FILES), "datasets/someone/loras": {}}, token=SECRET)) as hub:
        yield hub


def look(hub: Hub, repo: Repository = REPO, seconds: float = 5.0) -> Listing:
    return list_repository(repo, hub.environment, seconds=seconds)


def test_files_below_the_path_with_their_sizes(hub: Hub) -> None:
    assert look(hub).files == {"v1/a.safetensors": 5, "v1/a-state/model.safetensors": 7}
    assert look(hub, Repository("someone/loras", path="")).files == FILES
    assert look(hub, Repository("someone/loras", "dataset")).files == {}
    assert hub.asked[0][0] == "GET /api/models/someone/loras/tree/main/v1?recursive=true"


def test_all_pages_are_read(hub: Hub) -> None:
    hub.page = 1
    assert look(hub).files == {"v1/a.safetensors": 5, "v1/a-state/model.safetensors": 7}
    assert len(hub.asked) == 4, "two files and two folders"


def test_a_path_that_is_not_there_holds_nothing(hub: Hub) -> None:
    assert look(hub, Repository("someone/loras", path="v9")) == Listing({})


def test_the_token_goes_in_its_header_alone(hub: Hub) -> None:
    look(hub)
    ((asked, header),) = hub.asked
    assert (header, SECRET in asked) == (f"Bearer {SECRET}", False)


def test_a_renamed_repository_is_followed_with_the_token(hub: Hub) -> None:
    hub.renamed["models/someone/old"] = "models/someone/loras"
    assert look(hub, Repository("someone/old", path="v1")).files == {
        "v1/a.safetensors": 5,
        "v1/a-state/model.safetensors": 7,
    }


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_no_redirect_takes_the_token_elsewhere(hub: Hub, code: int) -> None:
    with serving(Hub({"models/someone/loras": dict(FILES)})) as other:
        hub.fault = hub_server.status(code, Location=f"{other.url}/api/models/someone/loras/tree/main?recursive=true")
        assert look(hub).files == FILES
        assert [header for _, header in other.asked] == [None]


def test_no_further_page_takes_the_token_elsewhere(hub: Hub) -> None:
    with serving(Hub({"models/someone/loras": dict(FILES)})) as other:
        there = f"{other.url}/api/models/someone/loras/tree/main?recursive=true"
        hub.fault = lambda handler: handler.answer(200, [], Link=f'<{there}>; rel="next"')
        assert look(hub).files == FILES
        assert [header for _, header in other.asked] == [None]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (hub_server.status(401), "does not show someone/loras to this token (401)"),
        (hub_server.status(403), "(403)"),
        (hub_server.status(404, X_Error_Code="RepoNotFound"), "does not know someone/loras"),
        (hub_server.status(404), "does not know someone/loras"),
        (hub_server.status(429, Retry_After="60"), "left alone"),
        (hub_server.status(503), "in trouble (503)"),
        (hub_server.status(302, Location="ftp://elsewhere/x"), "something else than a listing"),
        (hub_server.status(302, Location="/api/again"), "lead nowhere"),
        (hub_server.html, "something else than a listing"),
        (lambda handler: handler.answer(200, {"error": "x"}), "something else than a listing"),
        (lambda handler: handler.answer(200, [{"path": 7}]), "something else than a listing"),
        (lambda handler: handler.answer(200, b"[" * 100_000), "something else than a listing"),
        (hub_server.cut_short, "without a whole answer"),
        (hub_server.endless_pages, "without an end"),
        (hub_server.flood, "something else than a listing"),
    ],
)
def test_what_is_no_listing_is_told_without_the_token(hub: Hub, fault: hub_server.Fault, said: str) -> None:
    hub.fault = fault
    listing = look(hub)
    assert listing.files is None and listing.problem is not None
    assert said in listing.problem and listing.problem.startswith("127.0.0.1 ") and SECRET not in listing.problem


@pytest.mark.parametrize("fault", [hub_server.hang, hub_server.drip])
def test_nothing_keeps_it_beyond_its_time(hub: Hub, fault: hub_server.Fault) -> None:
    hub.fault = fault
    began = time.monotonic()
    assert "did not answer" in str(look(hub, seconds=0.3).problem)
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:9", "file:///etc", "nonsense", "http://[", "http://127.0.0.1:x"]
)
def test_an_endpoint_that_cannot_be_reached(endpoint: str) -> None:
    listing = list_repository(REPO, {"HF_ENDPOINT": endpoint, "HF_TOKEN": SECRET}, seconds=2)
    assert listing.files is None and listing.problem and SECRET not in listing.problem


def test_where_the_token_is_found(tmp_path: Path) -> None:
    file = tmp_path / "huggingface" / "token"
    file.parent.mkdir()
    file.write_text("hf_file\n")
    assert token_of({"XDG_CACHE_HOME": str(tmp_path)}) == "hf_file"
    assert token_of({"HF_HOME": str(file.parent), "HUGGING_FACE_HUB_TOKEN": "hf_old"}) == "hf_old"
    assert token_of({"HF_TOKEN": " hf_new\n", "HUGGING_FACE_HUB_TOKEN": "hf_old"}) == "hf_new"
    assert token_of({"HF_TOKEN": "hf_\x01a"}) is None, "a header cannot hold it"
    assert token_of({"HOME": str(tmp_path)}) is None


# Uploads, by an interpreter that has this for huggingface_hub

_FAKE = """
import json, os, sys, time
class HfApi:
    def repo_info(self, **k): self._say("repo_info", k); assert "new" not in k["repo_id"]
    def create_repo(self, **k): self._say("create_repo", k)
    def upload_file(self, **k): self._say("upload_file", k)
    def upload_folder(self, **k): self._say("upload_folder", k)
    def _say(self, what, k):
        with open(os.environ["SAID"], "a") as file:
            file.write(json.dumps([what, k, sys.argv[1:], os.environ.get("HF_TOKEN"),
                                   os.environ.get("RUNPOD_API_KEY"), os.environ["HF_HUB_ENABLE_HF_TRANSFER"]]) + "\\n")
        if what == os.environ.get("FAILS"): raise RuntimeError("401 for " + os.environ["HF_TOKEN"] + "\\x1b[31m\\nmore")
        if what == os.environ.get("HANGS"): time.sleep(60)
"""


@pytest.fixture
def fake_hub(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "huggingface_hub.py").write_text(_FAKE)
    (tmp_path / "a.safetensors").write_bytes(b"12345")
    (tmp_path / "a-state").mkdir()
    return {"PYTHONPATH": str(tmp_path / "modules"), "SAID": str(tmp_path / "said"), "HF_TOKEN": SECRET,
            "RUNPOD_API_KEY": "rpa_x", "HF_HUB_ENABLE_HF_TRANSFER": "1"}  # fmt: skip


def upload(environment: dict[str, str], path: Path, repo: Repository = REPO, seconds: float = 20.0) -> str | None:
    return retry_upload(
        sys.executable, repo, str(path), repo.place(path.name), environment=environment, seconds=seconds
    )


def said(environment: dict[str, str]) -> list[list[object]]:
    import json

    return [json.loads(line) for line in Path(environment["SAID"]).read_text().splitlines()]


def test_a_file_and_a_folder_are_uploaded_as_the_trainer_would(fake_hub: dict[str, str], tmp_path: Path) -> None:
    assert upload(fake_hub, tmp_path / "a.safetensors") is None
    assert upload(fake_hub, tmp_path / "a-state", Repository("someone/new", is_private=False)) is None
    calls = said(fake_hub)
    assert [call[0] for call in calls] == ["repo_info", "upload_file", "repo_info", "create_repo", "upload_folder"]
    assert calls[1][1] == {
        "repo_id": "someone/loras",
        "repo_type": "model",
        "path_or_fileobj": str(tmp_path / "a.safetensors"),
        "path_in_repo": "v1/a.safetensors",
    }
    assert isinstance(calls[3][1], dict) and calls[3][1]["private"] is False
    for _, _, argv, token, key, transfer in calls:
        assert (token, key, transfer) == (SECRET, None, "0") and SECRET not in str(argv)


def test_an_upload_that_fails_says_why_and_keeps_the_token(fake_hub: dict[str, str], tmp_path: Path) -> None:
    environment = {**fake_hub, "FAILS": "upload_file", "HF_TOKEN": "a-mirrors-own-token"}
    problem = upload(environment, tmp_path / "a.safetensors")
    assert problem == "a.safetensors was not uploaded: RuntimeError: 401 for … more."


def test_an_upload_that_hangs_is_ended(fake_hub: dict[str, str], tmp_path: Path) -> None:
    began = time.monotonic()
    problem = upload({**fake_hub, "HANGS": "upload_file"}, tmp_path / "a.safetensors", seconds=1.0)
    assert problem == "a.safetensors was not uploaded within 1 s." and time.monotonic() - began < 3


def test_an_interpreter_that_cannot_upload(tmp_path: Path) -> None:
    file = str(tmp_path / "a.safetensors")
    assert "ModuleNotFoundError" in str(
        retry_upload(sys.executable, REPO, file, "a", environment={"PYTHONPATH": ""}, seconds=20)
    )
    assert "cannot be started" in str(retry_upload("/nowhere/python", REPO, file, "a", environment={}, seconds=20))
