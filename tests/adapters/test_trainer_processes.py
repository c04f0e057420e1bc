import subprocess
import sys
from pathlib import Path

from fptui.adapters.trainer_processes import real_trainers_at_work, trainers_at_work


def test_a_trainer_is_known_by_its_config(tmp_path: Path) -> None:
    config = str(tmp_path / "a b" / "config.toml")
    program = "print(flush=True); input()"
    argv = [sys.executable, "-c", program, "--config_file", config, "--resume", "x"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert trainers_at_work()[config] == 1
        process.communicate(b"\n")
    assert config not in trainers_at_work()


def test_what_else_names_the_config_is_no_trainer(tmp_path: Path) -> None:
    for number, argv in enumerate(
        (
            b"vim\0/c.toml\0",
            b"t\0--config_file\0/c.toml\0",
            b"t\0--config_file\0\0",
            b"",
            b"python\0-m\0fptui.rehearsal.launch\0-m\0x\0--config_file\0/r.toml\0",
        ),
        10,
    ):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "cmdline").write_bytes(argv)
    (tmp_path / "99").mkdir()
    (tmp_path / "self").mkdir()
    assert trainers_at_work(tmp_path) == {"/c.toml": 1, "/r.toml": 1}
    assert real_trainers_at_work(tmp_path) == {"/c.toml": 1}
