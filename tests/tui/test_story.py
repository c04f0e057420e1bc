"""What is told about runs that do not simply train, and what to do next."""

from fptui.core.facts import LogError, LogFacts
from fptui.core.run import RunRecord
from fptui.core.status import Stage, Status
from fptui.core.view import RunView
from fptui.tui.rows import text_of
from fptui.tui.story import tell, tell_empty
from tests.tui.fakes import NOW, OUT_OF_MEMORY, ended, record, run


def told(view: RunView, log: tuple[str, ...] = ()) -> str:
    story = tell(view, NOW, log)
    assert story is not None
    return " ".join(text_of(item) for item in story.draw(200))


def test_a_run_that_trains_needs_no_story() -> None:
    assert tell(run(Status.TRAINING), NOW) is None


def test_out_of_memory_says_when_how_much_and_what_to_lower() -> None:
    facts = LogFacts(error=OUT_OF_MEMORY, batch_size=(96,), total_steps=80)
    text = told(run(Status.OUT_OF_MEMORY, row_step=3, row_total_steps=80, facts=facts, last_state=None))
    assert "at step 3 of 80" in text
    assert "It asked for 9.28 GiB; 1.37 GiB of 139.80 GiB was free." in text
    assert "Lower batch_size (now 96) in configs/v8/dataset.toml" in text
    assert "blocks_to_swap" in text
    assert "in its first step" in told(run(Status.OUT_OF_MEMORY, row_step=0, facts=facts))


def test_out_of_memory_of_unknown_size_shows_what_is_known() -> None:
    error = LogError("out-of-memory", "CUDA error: out of memory")
    assert "CUDA error: out of memory" in told(run(Status.OUT_OF_MEMORY, facts=LogFacts(error=error)))


def test_a_failure_shows_the_true_error_as_text_and_where_the_log_is() -> None:
    error = LogError("missing-file", "No such file: 'x/[bold red]日本\x1b[31m.txt'")
    text = told(run(Status.FAILED, facts=LogFacts(error=error), row_exit_code=1))
    assert "No such file: 'x/[bold red]日本.txt'" in text
    assert "exit code 1" in text
    assert "runs/v8-train-20261122-103000/output.log" in text


def test_a_failure_without_a_word_says_so() -> None:
    assert "does not say why" in told(run(Status.FAILED, facts=LogFacts()))


def test_what_was_lost_or_killed_can_be_resumed_from_its_state() -> None:
    for status in (Status.LOST, Status.INTERRUPTED, Status.STOPPED, Status.FAILED):
        assert "r resumes from step 400: 100 steps to go." in told(run(status))
    assert "nothing to resume" in told(run(Status.LOST, last_state=None))


def test_the_signal_is_named() -> None:
    killed = run(Status.INTERRUPTED, row_exit=ended(Status.INTERRUPTED, signal=9))
    assert "SIGKILL" in told(killed)


def test_loading_says_since_when_and_what() -> None:
    text = told(run(Status.LOADING, row_started_at=NOW - 80, facts=LogFacts()), ("Loading DiT model from x", ""))
    assert "Loading models and the data set, for 1 min" in text
    assert "Loading DiT model from x" in text


def caching() -> RunRecord:
    return record(stage=Stage.CACHE_LATENTS)


def test_caching_shows_how_far() -> None:
    text = told(run(Status.CACHING, caching(), facts=LogFacts(items_cached=31, items_to_cache=48)))
    assert "Caching latents" in text
    assert "31/48" in text


def test_a_queued_run_says_what_it_waits_for() -> None:
    text = told(run(Status.QUEUED, row_message="Waits for v8-cache-latents-20261122-103000."))
    assert "Waits for v8-cache-latents-20261122-103000." in text


def test_an_empty_project_says_what_to_press_or_to_make() -> None:
    assert "s shows what a run of v8 would do" in " ".join(tell_empty(("v8", "v7")).todo)
    assert "configs/v1" in " ".join(tell_empty(()).todo)
