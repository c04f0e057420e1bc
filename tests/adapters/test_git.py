"""The commit of a project, and no word where there is none."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fptui.adapters import git
from fptui.adapters.git import commit_of
from tests.fake_python import script

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

HASH = "0123456789abcdef0123456789abcdef01234567"


def run_git(folder: Path, *argv: str) -> str:
    settings = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *settings, *argv], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "p"
    folder.mkdir()
    run_git(folder, "init", "-q")
    (folder / "a.txt").write_text("a")
    (folder / "sub").mkdir()
    run_git(folder, "add", "a.txt")
    run_git(folder, "commit", "-q", "-m", "a")
    return folder


@pytest.fixture
def fake_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Before the real one on PATH."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path / "bin/git"


def test_the_commit_and_what_differs_from_it(repository: Path) -> None:
    head = run_git(repository, "rev-parse", "HEAD")
    assert len(head) == 40
    assert (commit_of(repository), commit_of(repository / "sub")) == (head, head)
    (repository / "new.txt").touch()
    assert commit_of(repository) == head
    (repository / "a.txt").write_text("b")
    assert (commit_of(repository), commit_of(repository / "sub")) == (f"{head}+", f"{head}+")
    run_git(repository, "commit", "-q", "-a", "-m", "b")
    assert commit_of(repository) not in (head, None)


def test_a_changed_file_whose_name_is_not_utf_8(repository: Path) -> None:
    odd = repository / os.fsdecode(b"caf\xe9")
    odd.touch()
    run_git(repository, "add", ".")
    run_git(repository, "config", "core.quotepath", "false")
    assert commit_of(repository) == f"{run_git(repository, 'rev-parse', 'HEAD')}+"


def test_no_repository_and_no_commit_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "plain").mkdir()
    assert commit_of(tmp_path / "plain") is None
    assert commit_of(tmp_path / "gone") is None
    run_git(tmp_path / "plain", "init", "-q")
    assert commit_of(tmp_path / "plain") is None


@pytest.mark.parametrize("body", ["exit 128", "exec sleep 60", ":", "kill -9 $$"])
def test_a_git_that_does_not_work(
    repository: Path, fake_git: Path, body: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    script(fake_git, f"echo a word >&2\n{body}")
    monkeypatch.setattr(git, "_SECONDS", 0.2 if "sleep" in body else 5)
    assert commit_of(repository) is None
    assert capfd.readouterr() == ("", "")


def test_no_git_at_all(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(repository) is None


@pytest.mark.parametrize(("status", "wanted"), [(":", HASH), ("exit 1", f"{HASH}+")])
def test_a_commit_that_cannot_be_compared_is_not_called_clean(
    tmp_path: Path, fake_git: Path, status: str, wanted: str
) -> None:
    script(fake_git, f'case "$*" in *rev-parse*) echo {HASH};; *) {status};; esac')
    assert commit_of(tmp_path) == wanted
