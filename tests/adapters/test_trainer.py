"""Which interpreter trains, and when uv brings its environment up to date first."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from fptui.adapters import trainer
from fptui.adapters.trainer import reach, sync
from fptui.core.project import Project, Settings
from fptui.errors import Refused
from tests.fake_python import MUSUBI, fake_python, script

OTHERS = ("accelerate", "tensorboard")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    return Project(folder, "p", Settings())


@pytest.fixture
def pythons(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """The project's, fptui's own, the one on PATH, without the trainer; in the order in which they are looked at."""
    paths = [project.path / ".venv/bin/python", tmp_path / "own/python", tmp_path / "bin/python3"]
    for path in paths:
        fake_python(path, OTHERS)
    monkeypatch.setattr(sys, "executable", str(paths[1]))
    return paths


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "RUNPOD_API_KEY": "rpa_x"}


def with_settings(project: Project, **settings: str | bool) -> Project:
    return Project(project.path, project.name, Settings(**settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("last", [0, 1, 2])
def test_the_first_that_has_the_trainer(
    project: Project, pythons: list[Path], environment: dict[str, str], last: int
) -> None:
    for path in pythons[last:]:
        fake_python(path, MUSUBI)
    reached = reach(project, environment)
    assert reached.python == str(pythons[last])
    assert (reached.trainer.package, reached.trainer.launcher) == ("musubi_tuner", ("-m", "accelerate.commands.launch"))
    assert reached.packages == frozenset(MUSUBI)


def test_the_one_that_the_project_names_and_no_other(
    project: Project, pythons: list[Path], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_python(pythons[0], MUSUBI)
    monkeypatch.setenv("HOME", str(project.path))
    for name in ("env/bin/python", "~/env/bin/python", str(project.path / "env/bin/python")):
        named = with_settings(project, python=name)
        (project.path / "env/bin/python").unlink(missing_ok=True)
        with pytest.raises(Refused, match=rf"\(looked at {re.escape(str(project.path))}/env/bin/python\)"):
            reach(named, environment)
        fake_python(project.path / "env/bin/python", MUSUBI)
        assert reach(named, environment).python == str(project.path / "env/bin/python")


def test_none_has_the_trainer(project: Project, pythons: list[Path], environment: dict[str, str]) -> None:
    with pytest.raises(Refused) as error:
        reach(project, environment)
    assert str(error.value) == (
        f"musubi-tuner was not found (looked at {', '.join(map(str, pythons))}). Install it into {project.path}/.venv "
        "with uv sync, or name its interpreter: [tool.fptui] python in pyproject.toml."
    )
    for path in pythons:
        path.unlink()
    with pytest.raises(Refused, match=r"looked at no interpreter"):
        reach(project, {"PATH": str(project.path)})


def test_each_is_looked_at_once(project: Project, pythons: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(pythons[0]))
    with pytest.raises(Refused, match=rf"looked at {re.escape(str(pythons[0]))}\)"):
        reach(project, {"PATH": ""})


def test_without_accelerate(project: Project, pythons: list[Path], environment: dict[str, str]) -> None:
    fake_python(pythons[0], ("musubi_tuner",))
    fake_python(pythons[1], MUSUBI)
    with pytest.raises(Refused, match=rf"^{pythons[0]} has musubi-tuner but not accelerate: install it there"):
        reach(project, environment)
    assert reach(with_settings(project, launcher="python"), environment).trainer.launcher == ()


@pytest.mark.parametrize(
    "body",
    ["exec sleep 60", "echo nonsense", "echo 7", "echo '[[]]'", ":", "exit 1", "kill -9 $$", "printf '\\377\\n'"],
)
def test_one_that_gives_no_answer_is_passed_over(
    project: Project, pythons: list[Path], environment: dict[str, str], body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "_ANSWER_SECONDS", 0.3 if "sleep" in body else 10)
    script(pythons[0], body)
    fake_python(pythons[1], MUSUBI)
    assert reach(project, environment).python == str(pythons[1])


def test_one_that_cannot_be_run_is_passed_over(
    project: Project, pythons: list[Path], environment: dict[str, str]
) -> None:
    pythons[0].chmod(0o644)
    pythons[1].write_bytes(b"\x7fELF")
    fake_python(pythons[2], MUSUBI)
    assert reach(project, environment).python == str(pythons[2])


def test_a_real_interpreter(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package counts where its own path leads to it, not where fptui is called; and it is not imported."""
    for name in ("musubi_tuner", "accelerate"):
        (tmp_path / "checkout" / name).mkdir(parents=True)
        (tmp_path / "checkout" / name / "__init__.py").write_text("raise SystemExit('imported')\n")
    (tmp_path / "here/hf_transfer").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    named = with_settings(project, python=sys.executable)
    reached = reach(named, {**os.environ, "PYTHONPATH": str(tmp_path / "checkout")})
    assert {"musubi_tuner", "accelerate"} <= reached.packages
    assert "hf_transfer" not in reached.packages


def test_the_rehearsal_needs_nothing(project: Project) -> None:
    for launcher, wanted in (("accelerate", ("-m", "fptui.rehearsal.launch")), ("python", ())):
        reached = reach(with_settings(project, trainer="rehearsal", launcher=launcher), {})
        assert (reached.python, reached.trainer.package) == (sys.executable, "fptui.rehearsal")
        assert (reached.trainer.launcher, reached.packages) == (wanted, frozenset({"tensorboard"}))


def uv(folder: Path, code: int = 0) -> Path:
    """A `uv` that writes down how it was called, says a word on both streams, and ends."""
    called = folder / "called"
    script(
        folder / "bin/uv", f'echo "$PWD $@ ${{RUNPOD_API_KEY-none}}" >>{called}; echo out; echo why >&2; exit {code}'
    )
    return called


def test_uv_syncs_in_the_project(
    project: Project, tmp_path: Path, environment: Mapping[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    called = uv(tmp_path)
    assert sync(project, environment)
    assert called.read_text() == f"{project.path} sync none\n"
    shown = capfd.readouterr()
    assert shown.out == ""  # which may be JSON for another program
    uv(tmp_path, 3)
    with pytest.raises(Refused, match=rf"^uv sync failed in {project.path} \(exit code 3\): "):
        sync(project, environment)


def test_uv_s_words_do_not_stand_across_the_dashboard(
    project: Project, tmp_path: Path, environment: Mapping[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    class Drawn:
        """As Textual's stand-in while it has the terminal."""

        def fileno(self) -> int:
            return -1

    uv(tmp_path, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", Drawn())
        with pytest.raises(Refused, match=rf"^uv sync failed in {project.path} \(exit code 3\): why$"):
            sync(project, environment)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("settings", [{"uv": False}, {"python": "env/python"}, {"trainer": "rehearsal"}, None])
def test_when_uv_is_not_wanted(
    project: Project, tmp_path: Path, environment: Mapping[str, str], settings: dict[str, str | bool] | None
) -> None:
    called = uv(tmp_path)
    if settings is None:
        (project.path / "pyproject.toml").unlink()
    assert not sync(with_settings(project, **(settings or {})), environment)
    assert not called.exists()


def test_uv_that_is_not_there_or_does_not_work(
    project: Project, tmp_path: Path, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not sync(project, {"PATH": str(tmp_path / "bin")})
    script(tmp_path / "bin/uv", "exec sleep 60")
    monkeypatch.setattr(trainer, "_SYNC_SECONDS", 0.2)
    with pytest.raises(Refused, match=rf"^uv sync did not work in {project.path}: no end within 0.2 s\.$"):
        sync(project, environment)
    (tmp_path / "bin/uv").write_bytes(b"\x7fELF")
    with pytest.raises(Refused, match=r"^uv sync did not work in .*: .*Exec format error"):
        sync(project, environment)
