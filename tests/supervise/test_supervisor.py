import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from fptui.adapters.processes import descendants, is_alive, start_ticks
from fptui.core.records import write_json
from fptui.core.run import read_exit
from fptui.core.run_status import row
from fptui.core.status import Status
from tests.supervise.driving import TRAINING, Runs, beating, ended, said, until

BYTES = b"a\rb\n\xff\xfe\x1b[31mred\x1b[0m\r\n\ttab \x00 \xe5\xad\xa6\n"


def test_the_log_is_what_the_trainer_wrote_and_the_times_say_when(runs: Runs) -> None:
    script = f"import os,time\nfor i in range(3):\n os.write(1, {BYTES!r}); time.sleep(0.3)\nos.write(2, b'end')"
    folder = runs.make("r", "-c", script)
    began = time.time()
    [end] = runs.through(folder)

    assert (end.status, end.exit_code, end.signal) == (Status.FINISHED, 0, None)
    assert folder.log.read_bytes() == BYTES * 3 + b"end"
    records = list(struct.iter_unpack("<dQ", folder.times.read_bytes()))
    assert [offset for _, offset in records] == [len(BYTES), 2 * len(BYTES), 3 * len(BYTES), 3 * len(BYTES) + 3]
    times = [at for at, _ in records]
    assert times == sorted(times) and began < times[0] and times[-1] < time.time()
    assert 0.25 < times[1] - times[0] < 0.6
    assert sorted(path.name for path in folder.path.iterdir()) == [
        "exit.json", "heartbeat.json", "output.log", "output.times", "run.json",
    ]  # fmt: skip


OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.28 GiB. GPU 0 has a total capacity of 79.65 GiB"
ENDINGS = {
    "exit 0": ("pass", Status.FINISHED, 0, None, None),
    "exit 3": ("import sys; sys.exit(3)", Status.FAILED, 3, None, "exit"),
    "exception": ("raise FileNotFoundError('a.safetensors')", Status.FAILED, 1, None, "missing-file"),
    "out of memory": (f"print('Traceback (most recent call last):\\n{OOM}'); exit(1)", Status.OUT_OF_MEMORY, 1, None,
                      "out-of-memory"),
    "killed": ("import os; os.kill(os.getpid(), 9)", Status.INTERRUPTED, None, 9, None),
    "killed below a shell": ("exit(137)", Status.INTERRUPTED, 137, 9, None),
    "crashed": ("import os; os.kill(os.getpid(), 11)", Status.FAILED, None, 11, "exit"),
}  # fmt: skip


def test_every_ending_has_its_record(runs: Runs) -> None:
    started = {name: (runs.make(name.replace(" ", "-"), "-c", case[0]), case) for name, case in ENDINGS.items()}
    for folder, _ in started.values():
        runs.start(folder)
    for name, (folder, (_, *expected)) in started.items():
        end = ended(folder, 20)
        assert [end.status, end.exit_code, end.signal, end.error_kind] == expected, name
        assert end.status is Status.FINISHED or end.reason or end.error_message
        assert end.started_at and end.started_at <= end.ended_at


def test_a_trainer_that_is_killed_under_its_launcher_was_interrupted(runs: Runs) -> None:
    folder = runs.training("r", "--steps", "1000")
    runs.start(folder)
    said(folder, "3/1000")
    launcher = beating(folder, lambda beat: beat.trainer_pid is not None).trainer_pid
    assert launcher is not None
    [below] = [pid for pid in descendants(launcher) if TRAINING in Path(f"/proc/{pid}/cmdline").read_text().split("\0")]
    os.kill(below, signal.SIGKILL)
    end = ended(folder)
    assert (end.status, end.exit_code, end.signal) == (Status.INTERRUPTED, 1, 9)
    assert end.reason and "SIGKILL" in end.reason and "memory" in end.reason
    assert end.step is not None and end.step >= 3 and end.total_steps == 1000


@pytest.mark.parametrize("field", ["argv", "cwd", "not executable"])
def test_a_program_that_cannot_be_started_gets_a_sentence(runs: Runs, field: str) -> None:
    file = runs.root / "plain"
    cases: dict[str, dict[str, Any]] = {
        "argv": {"argv": ("no-such-program", "x")},
        "cwd": {"cwd": "/no/such/folder"},
        "not executable": {"argv": (str(file),)},
    }
    folder = runs.make("r", "-c", "pass", **cases[field])
    file.write_text("no program")
    [end] = runs.through(folder)
    assert (end.status, end.error_kind) == (Status.FAILED, "not-started")
    assert end.reason and end.reason.startswith("The program could not be started: ") and "Traceback" not in end.reason
    assert {"argv": "no-such-program", "cwd": "/no/such/folder", "not executable": "plain"}[field] in end.reason


def test_it_waits_for_everyone_that_the_launcher_started(runs: Runs) -> None:
    grandchild = "import time,os; time.sleep(1.5); print('late', flush=True); open('marker','w')"
    folder = runs.make("r", "-c", f"import subprocess,sys; subprocess.Popen([sys.executable, '-c', {grandchild!r}],"
                                  " start_new_session=True)")  # fmt: skip
    runs.start(folder)
    message = beating(folder, lambda beat: beat.message is not None).message
    assert message and "launcher has ended; waiting for 1 process " in message
    assert not folder.exit.exists()
    end = ended(folder)
    assert end.status is Status.FINISHED and (runs.root / "marker").exists() and b"late" in folder.log.read_bytes()


def test_runs_follow_each_other_and_the_first_that_fails_ends_the_rest(runs: Runs) -> None:
    script = "import sys; print(sys.argv[1], flush=True); sys.exit(int(sys.argv[1]))"
    folders = [runs.make(f"r{index}", "-c", script, code) for index, code in enumerate("0500")]
    process = runs.start(*folders)
    assert process.wait(20) == 1
    ends = [ended(folder, 0) for folder in folders]
    assert [end.status for end in ends] == [Status.FINISHED, Status.FAILED, Status.STOPPED, Status.STOPPED]
    assert [end.exit_code for end in ends] == [0, 5, None, None]
    assert ends[2].reason == ends[3].reason == "Not started: r1 ended as failed."
    assert ends[0].ended_at <= (ends[1].started_at or 0) and not folders[2].log.exists()


def test_a_run_that_waits_can_be_stopped_before_its_turn(runs: Runs) -> None:
    first = runs.make("r1", "-c", "import time; time.sleep(1)")
    second, third = runs.make("r2", "-c", "print(2)"), runs.make("r3", "-c", "print(3)")
    runs.start(first, second, third)
    beating(first)
    write_json(second.stop_request, {"mode": "now", "at": time.time()})
    end = ended(second)
    assert (end.status, end.reason) == (Status.STOPPED, "Stopped before it began.") and not first.exit.exists()
    assert ended(first).status is Status.FINISHED
    assert ended(third).reason == "Not started: r2 ended as stopped." and not second.log.exists()


def test_the_environment_reaches_the_trainer_and_the_pods_keys_do_not(runs: Runs) -> None:
    script = "import os; print(sorted(k for k in os.environ if k.endswith(('_TOKEN','_KEY','_X'))), os.environ['E_X'])"
    folder = runs.make("r", "-c", script, environment={"E_X": "run"})
    given = {"PATH": os.environ["PATH"], "HF_TOKEN": "hf_SECRET", "RUNPOD_API_KEY": "k", "FPTUI_RUNPOD_API_KEY": "k",
             "E_X": "caller", "COLUMNS": "40", "LINES": "9"}  # fmt: skip
    runs.through(folder, environment=given)
    assert folder.log.read_bytes() == b"['E_X', 'HF_TOKEN'] run\n"
    for file in folder.path.iterdir():
        assert b"hf_SECRET" not in file.read_bytes(), file


def test_a_run_that_cannot_be_taken_over_says_so(runs: Runs) -> None:
    folder = runs.make("r", "-c", "print(1)")
    argv = runs.argv(folder)
    Path(argv[5]).chmod(0o644)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    Path(argv[5]).unlink()
    assert done.returncode == 1 and "not private to this user" in done.stderr and done.stderr.count("\n") == 1
    end = ended(folder, 0)
    assert end.status is Status.FAILED and end.reason and "not private" in end.reason and not folder.log.exists()

    broken = runs.make("b", "-c", "print(1)")
    broken.record.write_text("{")
    [end] = runs.through(broken)
    assert end.status is Status.FAILED and end.reason and "run.json" in end.reason


def test_sigterm_is_a_stop_and_the_supervisor_ends_after_its_trainer(runs: Runs) -> None:
    folder = runs.training("r", "--steps", "1000", "--last-words-seconds", "0.5")
    process = runs.start(folder)
    said(folder, "2/1000")
    process.terminate()
    assert process.wait(10) == 1
    end = ended(folder, 0)
    assert (end.status, end.error_kind) == (Status.STOPPED, None) and (runs.output / "marker").exists()


def test_without_a_supervisor_the_run_is_lost_and_its_trainer_ends_soon(runs: Runs) -> None:
    folder = runs.training("r", "--steps", "1000")
    process = runs.start(folder)
    beat = beating(folder, lambda beat: (beat.step or 0) > 1 and beat.trainer_pid is not None)
    process.kill()
    process.wait()
    until(lambda: start_ticks(beat.trainer_pid or 0) is None)
    seen = row(folder, time.time(), is_alive)
    assert seen is not None and seen.status is Status.LOST and read_exit(folder.exit) is None


def test_a_killed_leader_leaves_an_exit_record(runs: Runs) -> None:
    folder = runs.training("r", "--steps", "1000")
    process = runs.start(folder)
    beat = beating(folder, lambda beat: (beat.step or 0) > 1)
    leader = Path(f"/proc/{beat.trainer_pid}/stat").read_text().rpartition(")")[2].split()[1]
    assert int(leader) != process.pid
    os.kill(int(leader), signal.SIGKILL)
    end = ended(folder)
    assert end.status is Status.INTERRUPTED and end.reason and start_ticks(beat.trainer_pid or 0) is None


def test_what_a_supervisor_loads() -> None:
    code = ("import sys, fptui.cli.supervise, fptui.supervise.supervisor, fptui.core.secrets, fptui.adapters.handover;"
            "print(*sys.modules)")  # fmt: skip
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"textual", "rich", "numpy", "libtmux", "pynvml", "toml", "socket", "asyncio"} & set(loaded)


def test_keys_that_end_pods_are_for_the_guard_alone(runs: Runs) -> None:
    folder = runs.make("r", "-c", "import os; print(sorted(name for name in os.environ if 'RUNPOD' in name))")
    keys = {"RUNPOD_API_KEY": "secret", "FPTUI_RUNPOD_API_KEY": "secret", "RUNPOD_POD_ID": "k3x9"}
    runs.through(folder, environment={**os.environ, **keys})
    assert folder.log.read_text().strip() == "['RUNPOD_POD_ID']"
