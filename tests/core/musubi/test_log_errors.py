"""The true cause of an end, among what launcher, shell and bar print after it."""

import pytest

from fptui.core.facts import LogFacts, Outcome
from tests.core.musubi.logs import DATA, read

GIB = 2**30

_BAR = b"\rsteps:  40%%|# | %d/10 [00:11<00:21,  3.62s/it, avr_loss=1]"
_TRACE = (
    b'Traceback (most recent call last):\n  File "/w/trainer_base.py", line 1355, in train\n    self.run(\n    ^^^^^\n'
)
_LAUNCHER = (
    b'Traceback (most recent call last):\n  File "/w/accelerate/commands/launch.py", line 795, in simple_launcher\n'
    b"    raise subprocess.CalledProcessError(returncode=process.returncode, cmd=cmd)\n"
    b"subprocess.CalledProcessError: Command '['/w/python3', '-m', 'musubi_tuner.fpack_train_network']' "
)
_STATUS_1 = _LAUNCHER + b"returned non-zero exit status 1.\n"


def _crash(exception: bytes) -> LogFacts:
    """A step, a traceback glued to the bar, the bar once more, the launcher's own traceback."""
    return read(_BAR % 4 + _TRACE + exception + _BAR % 4 + b"\n" + _STATUS_1).facts()


def test_out_of_memory_with_its_sizes() -> None:
    error = read((DATA / "logs" / "oom.log").read_bytes()).facts().error
    assert error is not None
    assert error.kind == "out-of-memory"
    assert error.message.startswith("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 11.81 GiB.")
    assert error.tried_bytes == round(11.81 * GIB)
    assert error.free_bytes == round(2.87 * GIB)
    assert error.total_bytes == round(139.80 * GIB)


def test_sizes_as_older_releases_of_torch_write_them() -> None:
    error = _crash(
        b"torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0;"
        b" 79.15 GiB total capacity; 70.10 GiB already allocated; 512 bytes free; 71.00 GiB reserved)\n"
    ).error
    assert error is not None
    assert (error.tried_bytes, error.free_bytes, error.total_bytes) == (20 * 2**20, 512, round(79.15 * GIB))


def test_out_of_memory_without_sizes() -> None:
    facts = _crash(b"RuntimeError: CUDA error: out of memory\n")
    assert facts.outcome is Outcome.OUT_OF_MEMORY
    assert facts.error is not None and facts.error.tried_bytes is None


@pytest.mark.parametrize(
    ("exception", "kind"),
    [
        (b"KeyError: 'one_frame'\n", "exception"),
        (b"AssertionError\n", "exception"),
        (b"voluptuous.error.MultipleInvalid: expected int @ data['datasets'][0]['batch_size']\n", "broken-config"),
        (b"toml.decoder.TomlDecodeError: Duplicate keys! (line 2 column 1 char 4)\n", "broken-config"),
        (b"ValueError: No training items found in the dataset. Please ensure that\n", "missing-cache"),
        (b"FileNotFoundError: [Errno 2] No such file or directory: '/models/dit.safetensors'\n", "missing-file"),
        (b"AssertionError: VAE path does not exist: /m/vae.safetensors\n", "missing-file"),
        (b"ValueError: Tried to find D but folder does not exist\n", "missing-file"),
        (b"ModuleNotFoundError: No module named 'networks.nosuch'\n", "missing-module"),
        (b"wandb.errors.errors.UsageError: No API key configured. Use `wandb login`\n", "missing-token"),
        (b"OSError: [Errno 28] No space left on device\n", "disk-full"),
        (b"RuntimeError: DataLoader worker (pid 12) is killed by signal: Killed. \n", "worker-killed"),
        (b"RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory: you tried\n", "host-out-of-memory"),
    ],
)
def test_the_first_traceback_tells_the_cause(exception: bytes, kind: str) -> None:
    facts = _crash(exception)
    assert facts.outcome is Outcome.FAILED
    assert facts.error is not None
    assert (facts.error.kind, facts.error.message) == (kind, exception.decode().strip())
    assert (facts.step, facts.program) == (4, "fpack_train_network")


def test_a_message_of_two_lines() -> None:
    error = _crash(
        b"RuntimeError: Error(s) in loading state_dict for LoRANetwork:\n\tsize mismatch for lora_unet_x\n"
    ).error
    assert error is not None
    assert (
        error.message == "RuntimeError: Error(s) in loading state_dict for LoRANetwork: size mismatch for lora_unet_x"
    )


def test_the_last_of_a_chain_is_what_was_raised() -> None:
    chain = (
        b"KeyError: 'a'\n\nDuring handling of the above exception, another exception occurred:\n\n"
        + _TRACE
        + b"OSError: no\n"
    )
    error = _crash(chain).error
    assert error is not None and error.message == "OSError: no"


def test_a_chain_that_began_with_no_memory_is_out_of_memory() -> None:
    chain = (
        b"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.00 GiB.\n\n"
        b"During handling of the above exception, another exception occurred:\n\n" + _TRACE + b"ValueError: y\n"
    )
    assert _crash(chain).outcome is Outcome.OUT_OF_MEMORY


def test_the_worker_knows_better() -> None:
    worker = (
        b"RuntimeError: Caught RuntimeError in DataLoader worker process 0.\n"
        b'Original Traceback (most recent call last):\n  File "/w/x.py", line 1, in y\n    z\nValueError: bad picture\n'
    )
    error = _crash(worker).error
    assert error is not None and error.message == "ValueError: bad picture"


@pytest.mark.parametrize("signal", [b"SIGKILL: 9", b"SIGTERM: 15", b"SIGINT: 2", b"SIGHUP: 1"])
def test_ended_from_outside(signal: bytes) -> None:
    facts = read(_BAR % 4 + b"\n" + _LAUNCHER + b"died with <Signals." + signal + b">.\n").facts()
    assert facts.outcome is Outcome.INTERRUPTED
    assert facts.error is not None and facts.error.kind == "killed"
    assert signal.split(b":")[0].decode() in facts.error.message


def test_a_crash_by_signal_is_a_failure() -> None:
    facts = read(_BAR % 4 + b"\n" + _LAUNCHER + b"died with <Signals.SIGSEGV: 11>.\n").facts()
    assert facts.outcome is Outcome.FAILED
    assert facts.error is not None and facts.error.kind == "crashed"


def test_ctrl_c_reaches_trainer_and_launcher() -> None:
    data = _BAR % 4 + b'^CTraceback (most recent call last):\r\n  File "x", line 1\r\n    y\r\nKeyboardInterrupt\r\n'
    data += _BAR % 4 + b'\r\nTraceback (most recent call last):\r\n  File "z", line 2\r\n    w\r\nKeyboardInterrupt\r\n'
    facts = read(data).facts()
    assert (facts.outcome, facts.step) == (Outcome.INTERRUPTED, 4)
    assert facts.error is not None and facts.error.kind == "interrupted"


@pytest.mark.parametrize(
    "line", [b"Killed", b"/bin/bash: line 1:  1234 Killed                  python -m x", b"Terminated"]
)
def test_the_shell_saw_it_killed(line: bytes) -> None:
    assert read(_BAR % 4 + b"\n" + line + b"\n").facts().outcome is Outcome.INTERRUPTED


def test_words_like_a_shell_s_are_not_an_end() -> None:
    assert read(_BAR % 4 + b"\nKilled a dragon today\nTerminated, or so he said\n").facts().outcome is Outcome.RUNNING


def test_wrong_arguments() -> None:
    facts = read(
        b"usage: fpack_train_network.py [-h] [--config_file CONFIG_FILE]\n"
        b"fpack_train_network.py: error: unrecognized arguments: --foo 3\n"
        + _LAUNCHER
        + b"returned non-zero exit status 2.\n"
    ).facts()
    assert (facts.outcome, facts.program) == (Outcome.FAILED, "fpack_train_network")
    assert facts.error is not None
    assert (facts.error.kind, facts.error.message) == (
        "wrong-use",
        "fpack_train_network.py: error: unrecognized arguments: --foo 3",
    )


def test_a_config_that_is_not_there() -> None:
    facts = read(b"INFO:musubi_tuner.training.parser_common:configs/v9/config.toml not found.\n" + _STATUS_1).facts()
    assert facts.error is not None and facts.error.kind == "missing-file"
    assert "configs/v9/config.toml" in facts.error.message


@pytest.mark.parametrize(
    "line", [b"/usr/bin/python3: No module named musubi_tuner", b"bash: line 1: accelerate: command not found"]
)
def test_a_trainer_that_is_not_installed(line: bytes) -> None:
    facts = read(line + b"\n").facts()
    assert facts.outcome is Outcome.FAILED
    assert facts.error is not None and facts.error.message == line.decode()


def test_a_launcher_alone_gives_what_it_knows() -> None:
    facts = read(_BAR % 4 + b"\n" + _STATUS_1).facts()
    assert facts.outcome is Outcome.FAILED
    assert facts.error is not None and facts.error.kind == "exit"


def test_a_traceback_that_the_trainer_survived() -> None:
    """An upload in a thread failed; the steps went on."""
    reader = read(_BAR % 4 + _TRACE + b"OSError: no network\n" + _BAR % 5 + _BAR % 6)
    facts = reader.facts()
    assert (facts.outcome, facts.error, facts.step) == (Outcome.RUNNING, None, 6)
    assert [(warning.kind, warning.message) for warning in facts.warnings] == [
        ("survived-error", "OSError: no network")
    ]


def test_a_bar_drawn_while_the_exception_passes_it_is_not_going_on() -> None:
    """Fast steps are not all drawn: the last one was done, and its save ended the trainer."""
    full = b"OSError: [Errno 28] No space left on device"
    save = b"\nINFO:musubi_tuner.utils.train_utils:saving state at step 5\n"
    data = _BAR % 4 + save + _TRACE + full + b"\n" + _BAR % 5 + b"\n" + _STATUS_1
    facts = read(data).facts()
    assert (facts.outcome, facts.step) == (Outcome.FAILED, 5)
    assert facts.error is not None and (facts.error.kind, facts.error.message) == ("disk-full", full.decode())


def test_a_thread_s_exception_is_not_the_end() -> None:
    data = _BAR % 4 + b"\nException in thread Thread-3 (task):\n" + _TRACE + b"OSError: no network\n"
    assert read(data).facts().outcome is Outcome.RUNNING
    assert read(data + _TRACE + b"ValueError: x\n").facts().outcome is Outcome.FAILED


def test_prompts_of_a_failed_generation_do_not_fail_the_program() -> None:
    facts = read(
        b"INFO:__main__:Using device: cuda\nERROR:__main__:Error generating latent for prompt: cat. Error: no\n"
        + _TRACE
        + b"ValueError: no\nWARNING:__main__:Skipping decoding for prompt 1 due to previous error.\n"
        + b"INFO:__main__:Done!\n"
    ).facts()
    assert (facts.program, facts.outcome) == ("fpack_generate_video", Outcome.FINISHED)
    assert {warning.kind: warning.count for warning in facts.warnings} == {"prompt-failed": 2, "survived-error": 1}
