"""What the lines of one program's output say of it."""

from collections.abc import Callable

from fptui.core.facts import LogFacts, Outcome, Phase, Saved
from fptui.core.musubi import log_patterns as say
from fptui.core.musubi.log_dataset import DataSets
from fptui.core.musubi.log_errors import ErrorTracker
from fptui.core.musubi.log_samples import Samples
from fptui.core.musubi.log_saves import Saves
from fptui.core.musubi.log_steps import StepBars
from fptui.core.musubi.log_stream import Bar
from fptui.core.musubi.log_warnings import Warnings, kind_of

TRAIN, LATENTS, TEXT, GENERATE = (
    "fpack_train_network",
    "fpack_cache_latents",
    "fpack_cache_text_encoder_outputs",
    "fpack_generate_video",
)
_UNDER_WAY = 9


def first_line(message: str, is_log: bool) -> int:
    """The place of a line among the first lines of a program, which come in this order; 0: it is none of them."""
    if message.startswith("The following values were not passed to `accelerate launch`"):
        return 1
    if not is_log:
        return 0
    if message.startswith("rehearsal, not musubi-tuner"):
        return 2
    if message.startswith("Loading settings from "):
        return 3
    if message.startswith("Load dataset config from "):
        return 4
    return 5 if message.startswith("Using device: ") and "," not in message else 0


class Program:
    """One program's lines, in order. `bars` and `warnings` are the reader's."""

    def __init__(self, bars: StepBars, warnings: Warnings) -> None:
        self.pauses = 0
        self.errors = ErrorTracker()
        self._bars = bars
        self._warnings = warnings
        self._trainer = "musubi"
        self._name: str | None = None
        self._phase = Phase.STARTING
        self._begun = 0
        self._block: dict[str, int] = {}
        self._batch_size: tuple[int, ...] = ()
        self._epoch: int | None = None
        self._data = DataSets()
        self._saves = Saves()
        self._samples = Samples()
        self._resumed_from: Saved | None = None
        self._uploads = 0
        self._is_uploading = False
        self._has_finished = False
        self._is_drawn_since_error = False
        self._wandb_url: str | None = None

    def has_passed(self, place: int) -> bool:
        """Whether a first line of this place can only be another program's."""
        return place <= self._begun

    @property
    def is_calm(self) -> bool:
        """Training, and a further bar would change nothing but the steps."""
        return (
            self._phase is Phase.TRAINING
            and self._name == TRAIN
            and self._begun == _UNDER_WAY
            and self.errors.is_quiet
            and not (self._samples.is_open or self._is_uploading or self._saves.is_writing)
        )

    # Bars

    def bar(self, bar: Bar, is_whole: bool = True) -> None:
        """One drawing; `is_whole`: no more of it can come."""
        if bar.description == say.STEPS_BAR:
            self._steps_bar(bar, is_whole)
        elif is_batch_count(bar) and bar.done is not None:
            self._data.batch_encoded(bar.done)

    def bar_closed(self, bar: Bar) -> None:
        """tqdm has ended the bar's line."""
        if is_batch_count(bar) and self._phase is Phase.CACHING:
            self._data.bar_closed()

    def _steps_bar(self, bar: Bar, is_whole: bool) -> None:
        self._begun, self._name = _UNDER_WAY, TRAIN
        before = self._bars.drawn
        further = self._bars.take(bar, is_whole)
        if not self.errors.is_quiet and not (further and self._is_drawn_since_error):
            # While an exception passes it, tqdm draws the bar for a last time, and fast steps are not all drawn before.
            self._is_drawn_since_error |= further
            return
        if further:
            self._samples.is_open = self._is_drawn_since_error = False
            self._went_on()
        if further or self._bars.drawn != before:
            # The average is drawn anew when the saves of its step are done; tqdm's monitor redraws it unchanged.
            self._saves.proven()
            self._is_uploading = False
        if not (self._samples.is_open or self._saves.is_writing):
            self._enter(Phase.TRAINING)

    def _enter(self, phase: Phase) -> None:
        if not self._has_finished:
            self._phase = phase

    def _went_on(self) -> None:
        """What looked like the end was none."""
        survived = None if self.errors.is_quiet else self.errors.survived()
        if survived is not None:
            self._warnings.add("survived-error", survived.message)

    # Lines of text

    def text(self, line: str, message: str, level: str | None) -> None:
        """`line` with its indentation; `message` without it and without logging's prefix, which has `level`."""
        self.errors.take(line, level is not None)
        place = first_line(message, level is not None)
        if place:
            self._first(place)
        if not message:
            return
        if message.startswith("wandb: "):
            self._wandb(message)
            return
        if self._name is None:
            self._name_by(message)
        if not message.startswith("saving checkpoint: "):
            self._saves.checkpoint_proven()
        if level in ("WARNING", "ERROR", "CRITICAL"):
            self._problem(message)
        elif level is None and line.startswith("  "):
            self._indented(message)
        else:
            self._message(message)

    def _first(self, place: int) -> None:
        self._begun = place
        if place == 2:
            self._trainer = "rehearsal"
        elif place == 3:
            self._name = TRAIN
        elif place == 4:
            self._enter(Phase.LOADING)
        elif place == 5:
            self._name = GENERATE
            self._enter(Phase.LOADING)

    def _name_by(self, message: str) -> None:
        for start, name in _NAMED_BY:
            if message.startswith(start):
                self._name = name
                return
        if any(part in message for part in _NAMING):
            named = say.PROGRAM.search(message)
            self._name = named[1] if named else None

    def _message(self, message: str) -> None:
        for start, handle in _HANDLERS:
            if message.startswith(start):
                handle(self, message)
                return
        if message.endswith(".toml not found."):
            self.errors.fail("missing-file", message)

    def _indented(self, message: str) -> None:
        for start, fact in say.BLOCK:
            if message.startswith(start):
                number = say.NUMBER_AT_END.search(message)
                if number:
                    self._block[fact] = int(number[1])
                return
        if message.startswith(say.BATCH_SIZE):
            numbers = say.NUMBERS_AT_END.search(message)
            if numbers:
                self._batch_size = tuple(int(part) for part in numbers[1].split(",") if part.strip().isdigit())
        else:
            self._data.option(message)

    def _problem(self, message: str) -> None:
        if not message.strip("="):
            return
        kind = kind_of(message)
        self._warnings.add(kind, message)
        if kind == "upload-failed":
            self._is_uploading = False
        elif kind == "sample-failed":
            self._samples.is_open = False

    def _wandb(self, message: str) -> None:
        url = say.WANDB_RUN.match(message)
        if url:
            self._wandb_url = url[1]
        elif message.startswith(("wandb: WARNING ", "wandb: ERROR ")):
            self._warnings.add("wandb", message)

    def _running(self, message: str) -> None:
        self._begun = _UNDER_WAY
        self._enter(Phase.TRAINING)

    def _resumed(self, message: str) -> None:
        path = message.partition(": ")[2]
        step = say.STEP_IN_NAME.search(path)
        if path:
            self._resumed_from = Saved(int(step[1]) if step else None, path)

    def _epoch_begins(self, message: str) -> None:
        match = say.EPOCH.match(message) or say.EPOCH_INCREMENTED.match(message)
        if match is None:
            return
        if match.re is say.EPOCH:
            self._block.setdefault("epochs", int(match[2]))
        # Lines of stdout may come late.
        self._epoch = max(int(match[1]), self._epoch or 0)
        self._samples.is_open = self._is_uploading = False
        self._saves.proven()
        self._enter(Phase.TRAINING)

    # Saves and samples

    def _checkpoint(self, message: str) -> None:
        self._save(message.partition(": ")[2], is_state=False)
        if self._has_finished:
            self._saves.proven()

    def _state(self, message: str) -> None:
        self._save(message.partition(" to ")[2], is_state=True)

    def _save(self, path: str, *, is_state: bool) -> None:
        self._saves.begin(path, self._bars.step, self._epoch, is_state=is_state)
        self._saving("")

    def _saving(self, message: str) -> None:
        self._samples.is_open = False
        self._enter(Phase.SAVING)
        self._pause()

    def _upload(self, message: str) -> None:
        self._saves.proven()
        self._uploads += 1
        self._is_uploading = True

    def _removed(self, message: str) -> None:
        self._is_uploading = False

    def _finished(self, message: str) -> None:
        self._saves.proven()
        self._is_uploading = False
        self._enter(Phase.ENDED)
        self._has_finished = True
        self._went_on()

    def _sampling(self, message: str) -> None:
        self._samples.begin(message, self._bars.step)
        self._enter(Phase.SAMPLING)
        self._pause()

    def _prompt(self, message: str) -> None:
        if self._samples.prompt(message):
            self._enter(Phase.SAMPLING)

    def _sample_decoded(self, message: str) -> None:
        self._samples.is_open = False

    def _pause(self) -> None:
        self.pauses += 1
        self._bars.pause()

    # Data sets, caching, generating

    def _encoding(self, message: str) -> None:
        if self._data.encoding(message):
            self._begun = _UNDER_WAY
            self._enter(Phase.CACHING)

    def _generating(self, message: str) -> None:
        self._begun = _UNDER_WAY
        self._enter(Phase.SAMPLING)

    def _generated(self, message: str) -> None:
        if self._name == GENERATE:
            self._finished(message)

    # Facts

    def facts(self, *, is_closed: bool) -> LogFacts:
        """Everything but the steps; `is_closed`: no more lines will come."""
        bars, block, data = self._bars, self._block, self._data
        total = block.get("total_steps", bars.total)
        last = bars.step if bars.step else total
        outcome = self._outcome(total, is_closed)
        caches = self._name in (LATENTS, TEXT)
        return LogFacts(
            trainer=self._trainer,
            program=self._name,
            phase=Phase.ENDED if outcome is Outcome.FINISHED else self._phase,
            outcome=outcome,
            error=self.errors.error,
            step=self._step(total),
            total_steps=total,
            epoch=self._epoch,
            epochs=block.get("epochs"),
            resumed_from=self._resumed_from,
            num_train_items=block.get("num_train_items", data.train_items),
            batches_per_epoch=block.get("batches_per_epoch", data.batches_per_epoch),
            batch_size=self._batch_size or tuple(data.batch_sizes),
            gradient_accumulation_steps=block.get("gradient_accumulation_steps"),
            average_loss=bars.average,
            items_cached=data.cached(is_text=self._name == TEXT) if caches else None,
            items_to_cache=data.to_cache if caches else None,
            save_in_progress=self._saves.under_way(last),
            checkpoints=self._saves.checkpoints(last),
            states=self._saves.states(last),
            samples=tuple(self._samples.all),
            warnings=self._warnings.all(),
            wandb_url=self._wandb_url,
            uploads=self._uploads,
            upload_in_progress=self._is_uploading,
        )

    def _step(self, total: int | None) -> int | None:
        """What is saved and sampled at the end of a step is announced before the bar shows that step."""
        drawn = self._bars.step
        announced = (self._saves.step, self._samples.step)
        if drawn is None or total is None:
            return drawn
        return max(drawn, *(step for step in announced if step is not None and step <= total), drawn)

    def _outcome(self, total: int | None, is_closed: bool) -> Outcome:
        """Finished needs a proof; a log that just stops may be that of a trainer at work or of one that was killed."""
        failed = self.errors.outcome
        if failed is not None:
            return failed
        final = self._saves.has_final_checkpoint and total is not None and self._bars.step == total
        cached = is_closed and self._name in (LATENTS, TEXT) and self._data.all_encoded
        return Outcome.FINISHED if self._has_finished or final or cached else Outcome.RUNNING


def is_batch_count(bar: Bar) -> bool:
    """`3it [00:00, 3.80it/s]`: the caching programs' bar."""
    return bar.total is None and not bar.description


_NAMING = ("error: ", "Command '[", 'File "')
_NAMED_BY = (
    ("preparing accelerator", TRAIN),
    ("running training / ", TRAIN),
    ("import network module: ", TRAIN),
    ("Cache generation mode: ", LATENTS),
    ("Saving cache for item ", LATENTS),
    ("Encoding with Text Encoders", TEXT),
)

_HANDLERS: tuple[tuple[str, Callable[[Program, str], None]], ...] = (
    ("epoch ", Program._epoch_begins),
    ("saving checkpoint: ", Program._checkpoint),
    ("Saving current state to ", Program._state),
    ("Random states saved in ", lambda program, _: program._saves.proven()),
    ("saving state at ", Program._saving),
    ("saving last state.", Program._saving),
    ("uploading ", Program._upload),
    ("removing old ", Program._removed),
    ("model saved.", Program._finished),
    ("generating sample images at step / ", Program._sampling),
    ("prompt:", Program._prompt),
    ("seed: ", lambda program, message: program._samples.seed(message)),
    ("Decoded. Pixel shape", Program._sample_decoded),
    ("running training / ", Program._running),
    ("[Dataset ", lambda program, message: program._data.description(message)),
    ("loaded ", lambda program, message: program._data.items_found(message)),
    ("found ", lambda program, message: program._data.items_found(message)),
    ("bucket: ", lambda program, message: program._data.bucket(message)),
    ("total batches: ", lambda program, message: program._data.batches(message)),
    ("resume training from ", Program._resumed),
    ("Encoding dataset [", Program._encoding),
    ("Saving cache for item ", lambda program, _: program._data.latents_cached()),
    ("Generating latent", Program._generating),
    ("Video size: ", Program._generating),
    ("Done!", Program._generated),
)
