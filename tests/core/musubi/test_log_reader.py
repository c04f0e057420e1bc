"""The reader against logs whose facts a person has read out of them, however they are cut."""

import math
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fptui.core.facts import LogFacts, Outcome, Phase, Saved
from fptui.core.musubi.log_reader import LogReader
from tests.core.musubi.logs import DATA, SHARED, SHARED_TRUTHS, TRUTHS, Truth, everything, read


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


def _check(reader: LogReader, truth: Truth) -> None:
    facts = reader.facts()
    wrong = {
        name: (_plain(getattr(facts, name)), wanted)
        for name, wanted in truth.facts.items()
        if _plain(getattr(facts, name)) != wanted
    }
    assert not wrong
    assert [(saved.step, saved.path) for saved in facts.checkpoints] == list(truth.checkpoints)
    assert [(saved.step, saved.path) for saved in facts.states] == list(truth.states)
    assert [(sample.step, sample.prompt, sample.seed) for sample in facts.samples] == list(truth.samples)
    assert {warning.kind: warning.count for warning in facts.warnings} == truth.warnings
    assert len(reader.steps) == len(reader.averages) == truth.steps
    assert list(reader.steps) == sorted(set(reader.steps))
    known = dict(zip(reader.steps, reader.averages, strict=True))
    assert {step: known.get(step) for step, _ in truth.averages} == dict(truth.averages)
    if truth.seconds_per_step:
        low, high = truth.seconds_per_step
        assert reader.seconds_per_step is not None
        assert low <= reader.seconds_per_step <= high


@pytest.mark.parametrize("size", [1, 2, 7, 4096, None])
@pytest.mark.parametrize("name", TRUTHS)
def test_reads_what_a_person_reads(name: str, size: int | None) -> None:
    _check(read((DATA / name).read_bytes(), size), TRUTHS[name])


@pytest.mark.parametrize("name", SHARED_TRUTHS)
def test_reads_whole_real_logs(name: str) -> None:
    path = SHARED / name
    if not path.exists():
        pytest.skip("the whole logs are not beside this checkout")
    data = path.read_bytes()
    whole = read(data)
    _check(whole, SHARED_TRUTHS[name])
    for size in (7, 4096):
        assert everything(read(data, size)) == everything(whole)


_TERMINAL = (DATA / "logs" / "pane_killed.log").read_bytes()
_PIPE = (DATA / "golden" / "train_stderr.raw").read_bytes()
_PIECES = st.one_of(
    st.binary(max_size=60),
    st.integers(0, len(_PIPE) - 1).flatmap(lambda start: st.integers(0, 900).map(lambda n: _PIPE[start : start + n])),
    st.integers(0, len(_TERMINAL) - 1).flatmap(
        lambda start: st.integers(0, 900).map(lambda n: _TERMINAL[start : start + n])
    ),
    st.tuples(st.integers(0, 40), st.integers(0, 3), st.integers(1, 30)).map(
        lambda bars: b"".join(
            b"\rsteps:  10%%|#  | %d/80 [00:%02d<00:11,  1.%ds/it, avr_loss=0.%d]" % (step, step, step % 10, step)
            for step in range(bars[0], bars[0] + bars[2])
            for _ in range(bars[1])
        )
    ),
    st.sampled_from(
        [b"\r", b"\n", b"\x1b[A", b"\x00", b"\xff", b"]", b"Traceback (most recent call last):\n", b"ValueError: x\n"]
    ),
)


@settings(max_examples=120, deadline=None)
@given(st.lists(_PIECES, max_size=12).map(b"".join), st.data())
def test_any_bytes_in_any_cut_tell_the_same(data: bytes, draw: st.DataObject) -> None:
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=8)))
    reader = LogReader()
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        reader.feed(data[start:end])
        reader.facts()
    reader.close()
    assert everything(reader) == everything(read(data)) == everything(read(data, 3))


def test_what_was_read_is_there_before_the_record_ends() -> None:
    """tqdm ends a bar by drawing the next one, minutes later."""
    reader = LogReader()
    reader.feed(b"\rsteps:  10%|# | 8/80 [00:12<01:50,  1.54s/it, avr_loss=0.5")
    assert (reader.facts().step, reader.facts().average_loss) == (8, None)
    reader.feed(b"5]")
    assert (list(reader.steps), list(reader.averages)) == ([8], [0.55])


@pytest.mark.parametrize(("text", "value"), [("nan", math.nan), ("inf", math.inf), ("1e-7", 1e-7), ("1.23e+4", 12300)])
def test_averages_of_every_form(text: str, value: float) -> None:
    reader = read(b"\rsteps:  10%%|# | 8/80 [00:12<01:50,  1.54s/it, avr_loss=%b]" % text.encode())
    assert repr(reader.averages[0]) == repr(float(value))


def test_the_average_stands_behind_other_figures() -> None:
    data = b"\rsteps:  10%|# | 8/80 [00:12<01:50,  1.54s/it, Average key norm=0.00223, Keys Scaled=0, avr_loss=1.62]"
    assert list(read(data).averages) == [1.62]


def test_a_narrow_terminal_cuts_the_average_off() -> None:
    """At 40 columns; the log record is glued to what is left of the bar."""
    bars = b"".join(b"\rsteps:  %2d%%|#| %d/80 [00:%02d<00:59,  1.0" % (n, n, n) for n in range(1, 20))
    reader = read(bars + b"INFO:musubi_tuner.dataset.cache_io:epoch is incremented. current_epoch: 0, epoch: 1\r\n")
    facts = reader.facts()
    assert (facts.step, facts.total_steps, facts.epoch, facts.average_loss) == (19, 80, 1, None)
    assert list(reader.steps) == list(range(1, 20))
    assert all(math.isnan(average) for average in reader.averages)
    assert reader.seconds_per_step == 1


def test_other_bars_are_not_the_training() -> None:
    reader = read(
        b"INFO:x:sample steps: 20\r\n\r\n\r 50%|##  | 10/20 [00:01<00:01,  4.47it/s]\x1b[A\r\n"
        b"\rLoading dit.safetensors:  95%|## | 1211/1274 [00:04<00:00, 215.61it/s]\r\n"
        b"\rmodel.safetensors: 45%|## | 123M/275M [00:01<00:02, 89MB/s]"
    )
    assert (reader.facts().step, reader.facts().total_steps, len(reader.steps)) == (None, None, 0)


def test_the_bar_at_nought_is_no_step() -> None:
    facts = read(
        b"\rsteps:   0%|   | 0/10 [00:00<?, ?it/s]\rsteps:   0%|   | 0/10 [00:03<?, ?it/s, avr_loss=1.7]"
    ).facts()
    assert (facts.step, facts.total_steps, facts.average_loss) == (0, 10, None)


_BAR = b"\rsteps:  40%%|# | %d/10 [00:%02d<00:21,  3.62s/it, avr_loss=%b]"


def test_phases_follow_the_trainer() -> None:
    reader = LogReader()

    def phase(data: bytes) -> Phase:
        reader.feed(data)
        return reader.facts().phase

    assert phase(b"INFO:x:Loading settings from c.toml...\n") is Phase.STARTING
    assert phase(b"INFO:x:Load dataset config from d.toml\n") is Phase.LOADING
    assert phase("running training / 学習開始\n".encode()) is Phase.TRAINING
    assert phase(_BAR % (4, 7, b"1")) is Phase.TRAINING
    assert (
        phase("INFO:x:\nINFO:x:generating sample images at step / サンプル画像生成 ステップ: 4\n".encode())
        is Phase.SAMPLING
    )
    assert (
        phase(b"INFO:x:prompt: a\nINFO:x:seed: 3\nINFO:x:Waiting for 5 seconds to finish block swap\n")
        is Phase.SAMPLING
    )
    # tqdm's monitor redraws the bar while a sample is made.
    assert phase(_BAR % (4, 22, b"1")) is Phase.SAMPLING
    assert phase(b"INFO:x:Decoded. Pixel shape torch.Size([1, 3, 1, 96, 64])\n") is Phase.SAMPLING
    assert phase(b"\nsaving checkpoint: /o/n-step00000004.safetensors\n") is Phase.SAVING
    assert reader.facts().save_in_progress == Saved(4, "/o/n-step00000004.safetensors")
    assert phase(_BAR % (4, 25, b"1")) is Phase.SAVING
    assert reader.facts().checkpoints == ()
    assert phase(_BAR % (4, 26, b"1.01")) is Phase.TRAINING
    assert reader.facts().checkpoints == (Saved(4, "/o/n-step00000004.safetensors"),)
    assert phase(b"INFO:x:model saved.\n") is Phase.ENDED
    assert reader.facts().outcome is Outcome.FINISHED


def test_a_state_is_written_when_its_last_file_is() -> None:
    reader = LogReader()
    reader.feed(
        _BAR % (4, 7, b"1")
        + b"INFO:x:\nINFO:x:saving state at step 4\nINFO:x:Saving current state to /o/n-step00000004-state\n"
    )
    reader.feed(b"INFO:x:Model weights saved in /o/n-step00000004-state/model.safetensors\n")
    assert (reader.facts().states, reader.facts().save_in_progress) == ((), Saved(4, "/o/n-step00000004-state"))
    reader.feed(b"INFO:x:Random states saved in /o/n-step00000004-state/random_states_0.pkl\n")
    assert (reader.facts().states, reader.facts().save_in_progress) == ((Saved(4, "/o/n-step00000004-state"),), None)


def test_a_checkpoint_cut_short_is_not_proven() -> None:
    facts = read(_BAR % (4, 7, b"1") + b"\n\nsaving checkpoint: /o/n-step00000004.safetensors\n").facts()
    assert facts.checkpoints == ()
    assert facts.save_in_progress == Saved(4, "/o/n-step00000004.safetensors")


def test_saves_of_epochs_have_the_step_of_their_time() -> None:
    facts = read(
        b"epoch 1/3\n" + _BAR % (4, 7, b"1") + b"\n\nsaving checkpoint: /o/n-000001.safetensors\n"
        b"INFO:x:saving state at epoch 1\nINFO:x:Saving current state to /o/n-000001-state\n"
        b"INFO:x:Random states saved in /o/n-000001-state/random_states_0.pkl\nepoch 2/3\n" + _BAR % (9, 30, b"1")
    ).facts()
    assert facts.checkpoints == (Saved(4, "/o/n-000001.safetensors"),)
    assert facts.states == (Saved(4, "/o/n-000001-state"),)


def test_uploads_and_their_failures() -> None:
    reader = LogReader()
    reader.feed(_BAR % (4, 7, b"1") + b"INFO:x:uploading state to huggingface.\n")
    assert (reader.facts().uploads, reader.facts().upload_in_progress) == (1, True)
    reader.feed(
        "ERROR:h:===========================================\n"
        "ERROR:h:failed to upload to HuggingFace / HuggingFaceへのアップロードに失敗しました : 401\n"
        "ERROR:h:===========================================\n".encode()
    )
    facts = reader.facts()
    assert [(warning.kind, warning.count) for warning in facts.warnings] == [("upload-failed", 1)]
    assert "401" in facts.warnings[0].message
    assert not facts.upload_in_progress


def test_dropped_items() -> None:
    line = b"WARNING:x:Text encoder output cache file not found: /c/a_fp_te.safetensors\n"
    facts = read(line * 3).facts()
    assert [(warning.kind, warning.count) for warning in facts.warnings] == [("items-dropped", 3)]
    assert "/c/a_fp_te.safetensors" in facts.warnings[0].message


def test_resumed_from() -> None:
    data = b"INFO:x:resume training from local state: res/myrun-step00000004-state/\n"
    assert read(data).facts().resumed_from == Saved(4, "res/myrun-step00000004-state/")
    assert read(b"INFO:x:resume training from local state: res/myrun-state\n").facts().resumed_from == Saved(
        None, "res/myrun-state"
    )


def test_the_rehearsal_is_named() -> None:
    assert (
        read(b"INFO:fptui.rehearsal:rehearsal, not musubi-tuner: a tiny network on the CPU\n").facts().trainer
        == "rehearsal"
    )
    assert read(b"INFO:x:prompt: rehearsal, not musubi-tuner\n").facts().trainer == "musubi"


def test_lines_that_break_off() -> None:
    """Every line of real logs, cut everywhere: nothing is raised, whatever it then seems to say."""
    lines = {line for name in TRUTHS for line in (DATA / name).read_bytes().splitlines() if len(line) < 300}
    for line in lines:
        for end in range(0, len(line), 3):
            read(line[:end] + b"\n")


def test_an_empty_prompt_is_a_sample() -> None:
    facts = read(b"INFO:x:generating sample images at step / x: 4\nINFO:x:prompt: \nINFO:x:seed: 5\n").facts()
    assert [(sample.step, sample.prompt, sample.seed) for sample in facts.samples] == [(4, "", 5)]


def test_wandb_address() -> None:
    data = "wandb: ⭐️ View project at https://wandb.ai/me/p\nwandb: 🚀 View run at https://wandb.ai/me/p/runs/abc\n".encode()
    assert read(data).facts().wandb_url == "https://wandb.ai/me/p/runs/abc"


def test_several_programs_in_one_log() -> None:
    """The last one counts; what the ones before warned of is kept."""
    golden = DATA / "golden"
    latents = (DATA / "logs" / "cached_latents.log").read_bytes()
    text = (golden / "cache_te_stderr.raw").read_bytes()
    train = (golden / "train_stderr.raw").read_bytes()
    resumed = (golden / "resume_stderr.raw").read_bytes()
    reader = read(latents + b"\n" + text + train + resumed)
    alone = read(resumed)
    assert list(reader.steps) == list(alone.steps)
    assert reader.generation == 1
    facts = reader.facts()
    assert {warning.kind for warning in facts.warnings} >= {"nan-latents"}
    assert (facts.step, facts.states, facts.samples) == (6, alone.facts().states, ())


def test_an_error_of_the_program_before_is_past() -> None:
    oom = (DATA / "logs" / "oom.log").read_bytes()
    train = (DATA / "golden" / "train_stderr.raw").read_bytes()
    assert read(oom + train).facts().outcome is Outcome.FINISHED


def test_text_batches_count_as_items_while_they_come() -> None:
    data = (DATA / "golden" / "cache_te_stderr.raw").read_bytes()
    facts = read(data[: data.index(b"3it")]).facts()
    assert (facts.items_cached, facts.items_to_cache, facts.outcome) == (4, 7, Outcome.RUNNING)


def test_prompts_do_not_speak_for_the_trainer() -> None:
    facts = read(
        _BAR % (4, 7, b"1") + b"\nINFO:x:generating sample images at step / x: 4\n"
        b"INFO:x:prompt: saving checkpoint: /etc/passwd\nINFO:x:seed: 7\n"
        b"INFO:x:cache Text Encoder outputs for prompt: model saved.\n"
    ).facts()
    assert (facts.checkpoints, facts.save_in_progress, facts.outcome) == ((), None, Outcome.RUNNING)
    assert facts.samples[0].prompt == "saving checkpoint: /etc/passwd"


def test_a_line_without_end_takes_bounded_memory() -> None:
    reader = LogReader()
    for _ in range(100):
        reader.feed(b"steps: x" * 131_072)
    assert reader._stream.rest_length <= 65_536
    reader.feed(b"\n" + _BAR % (4, 7, b"1"))
    assert reader.facts().step == 4


def test_empty_and_foreign_logs_tell_nothing() -> None:
    assert read(b"").facts() == LogFacts()
    facts = read(Path(__file__).read_bytes()).facts()
    assert facts.step is None or facts.step >= 0


def test_bulk_reading_tells_the_same_as_reading_bar_by_bar() -> None:
    """A line of bars is taken at once; cut small, it is taken one by one."""
    bars = b"".join(
        b"\rsteps:  40%%|##| %d/5000 [%02d:%02d<9:00:00,  1.00s/it, avr_loss=%.3g]" % (n, s // 60, s % 60, 1 / n)
        for n in range(1, 3000)
        for s in (n,)
        for _ in range(1 + n % 3)
    )
    data = (
        "running training / 学習開始\n".encode() + bars + b"INFO:x:epoch is incremented. current_epoch: 0, epoch: 1\n"
    )
    assert everything(read(data)) == everything(read(data, 50))
    assert len(read(data).steps) == 2999


@pytest.mark.parametrize("said", [
    b"\nsaving checkpoint: /o/n-step00000004.safetensors\n",
    "\nINFO:x:\nINFO:x:generating sample images at step / サンプル画像生成 ステップ: 4\n".encode(),
])  # fmt: skip
def test_what_a_step_ends_with_is_said_before_the_bar_shows_it(said: bytes) -> None:
    reader = LogReader()
    reader.feed(_BAR % (3, 22, b"1") + said)
    assert reader.facts().step == 4 and list(reader.steps) == [3]
