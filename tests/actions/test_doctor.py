import json
import shutil
import sys
from pathlib import Path

import pytest

from fptui.actions import doctor
from fptui.adapters.pod import PodFacts
from fptui.adapters.python_packages import Package, PythonPackages, installed
from fptui.cli.doctor import finding_lines
from fptui.cli.main import main
from fptui.core.doctor import Finding, Grade

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}


def found(start: Path, environment: dict[str, str] | None = None) -> dict[str, Finding]:
    """The gravest finding about each thing."""
    findings = doctor.examine(start, {**ENVIRONMENT, **(environment or {})})
    return {each.about: each for each in sorted(findings, key=lambda each: list(Grade).index(each.grade))}


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_a_rehearsal_project_has_what_it_needs(small_project: Path) -> None:
    findings = found(small_project)
    assert {findings[about].grade for about in ("python", "tmux", "project", "trainer", "RunPod")} == {Grade.OK}
    assert findings["GPU"].grade is not Grade.PROBLEM, "a rehearsal needs none"
    assert "v1" in findings["project"].message and "rehearsal" in findings["trainer"].message


def test_without_a_project_the_machine_is_looked_at_all_the_same(tmp_path: Path) -> None:
    findings = found(tmp_path)
    assert findings["project"].grade is Grade.WARNING and "trainer" not in findings and "tmux" in findings


def test_a_project_of_the_real_trainer_misses_trainer_and_config(tmp_path: Path) -> None:
    (tmp_path / "configs" / "v1").mkdir(parents=True)
    findings = found(tmp_path)
    assert findings["project"].grade is Grade.PROBLEM
    assert findings["trainer"].grade is Grade.PROBLEM


def test_tokens_are_named_and_never_shown(small_project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secrets = {"HF_TOKEN": "hf_verysecret", "WANDB_API_KEY": "w" * 40, "RUNPOD_API_KEY": "rp_verysecret"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**secrets, "RUNPOD_POD_ID": "k3x9"}.items():
            patch.setenv(name, value)
        main(["-C", str(small_project), "doctor", "--json"])
    text = "".join(capsys.readouterr())
    assert "HF_TOKEN, WANDB_API_KEY" in text and "k3x9" in text
    assert not [value for value in secrets.values() if value in text]


def test_a_pod_that_stops_must_not_take_the_project_with_it(
    small_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        doctor, "survival_finding", lambda path, mounts, network_volume: Finding("pod stop", Grade.PROBLEM, path)
    )
    assert "pod stop" not in found(small_project)
    assert found(small_project, {"RUNPOD_POD_ID": "k3x9"})["pod stop"].message == str(small_project)


def test_what_a_pod_lacks_to_be_stopped() -> None:
    (keyless,) = doctor._pod(PodFacts("k3x9", "this shell"))
    assert keyless.grade is Grade.WARNING and keyless.fix
    (whole,) = doctor._pod(PodFacts("k3x9", "this shell", key_from="/proc/1/environ"))
    assert (whole.grade, "/proc/1/environ" in whole.message) == (Grade.OK, True)


def test_packages_are_read_by_their_metadata() -> None:
    answer = installed(sys.executable, ("pytest", "fptui", "nothing-like-that"), ENVIRONMENT)
    assert answer is not None and set(answer.packages) == {"pytest", "fptui"}
    assert answer.packages["pytest"].version == pytest.__version__
    assert installed("/no/such/python", ("pytest",), ENVIRONMENT) is None
    assert installed("/bin/true", ("pytest",), ENVIRONMENT) is None


def test_a_training_environment_without_its_packages_is_a_problem() -> None:
    whole = {name: Package("1.0") for name in ("torch", "accelerate", "tensorboard")}
    trainer = Package("0.3.4", "30c658cdeadbeef")
    well = doctor._packages("py", PythonPackages("3.11.7", {"musubi-tuner": trainer, **whole}))
    assert well.grade is Grade.OK and "musubi-tuner 0.3.4 (30c658c)" in well.message
    checkout = doctor._packages("py", PythonPackages("3.11.7", {"musubi-tuner": Package(None, path="/src"), **whole}))
    assert checkout.grade is Grade.OK and "musubi-tuner from /src" in checkout.message
    missing = doctor._packages("py", PythonPackages("3.11.7", whole))
    assert missing.grade is Grade.PROBLEM and "musubi-tuner missing" in missing.message


def test_the_exit_code_tells_whether_something_stops_training(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = [Finding("GPU", Grade.WARNING, "none", "Rent one.")]
    monkeypatch.setattr("fptui.cli.doctor.examine", lambda start, environment: findings)
    assert main(["doctor"]) == 0
    findings.append(Finding("tmux", Grade.PROBLEM, "missing [b]", "Install it."))
    assert main(["doctor", "--json"]) == 1
    assert main(["doctor"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out[out.index("{") : out.rindex("}") + 1])["findings"][1]["grade"] == "problem"
    assert finding_lines(findings)[-2:] == [
        "problem  tmux         missing [b]",
        "                      -> Install it.",
    ]
    assert err == "1 problem stops training here.\n"
