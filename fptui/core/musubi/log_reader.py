"""One incremental reader of the trainer's output: stdout and stderr mixed, from a pty or a pipe, in pieces of any size.

What it gives is a function of the bytes alone, however they were cut. A log with several programs one after another
gives the last one, and the warnings of all.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

from fptui.core.facts import LogFacts, LogWarning, Outcome, Phase, Sample, Saved
from fptui.core.musubi import log_patterns as say
from fptui.core.musubi.log_errors import ErrorTracker
from fptui.core.musubi.log_saves import Saves
from fptui.core.musubi.log_steps import StepBars
from fptui.core.musubi.log_stream import Bar, RecordStream, clean, split_bar

TRAIN, LATENTS, TEXT, GENERATE = (
    "fpack_train_network",
    "fpack_cache_latents",
    "fpack_cache_text_encoder_outputs",
    "fpack_generate_video",
)
_RUN_OF_BARS = 1000
"""Bytes between the ends of a line from which on they are tried in bulk, as training bars."""
_TRIES = 4
"""The first bar behind a save or a sample is not like the others."""
_PEEK_LIMIT = 4096
_EVERYTHING_SEEN = 9


@dataclass
class _Program:
    """What is known of the program whose lines are being read."""

    trainer: str = "musubi"
    name: str | None = None
    phase: Phase = Phase.STARTING
    begun: int = 0
    """How far into its first lines it is; see LogReader._begins."""
    facts: dict[str, int] = field(default_factory=dict)
    epoch: int | None = None
    batch_size: tuple[int, ...] = ()
    dataset_items: list[int] = field(default_factory=list)
    dataset_batch_sizes: list[int] = field(default_factory=list)
    in_dataset_block: bool = False
    bucket_items: int = 0
    dataset_batches: int = 0
    resumed_from: Saved | None = None
    samples: list[Sample] = field(default_factory=list)
    sampling_step: int | None = None
    sample_open: bool = False
    saves: Saves = field(default_factory=Saves)
    errors: ErrorTracker = field(default_factory=ErrorTracker)
    uploads: int = 0
    uploading: bool = False
    model_saved: bool = False
    done: bool = False
    latents_cached: int = 0
    encoding: int | None = None
    batches_encoded: dict[int, int] = field(default_factory=dict)
    encoded: set[int] = field(default_factory=set)
    wandb_url: str | None = None


class LogReader:
    """`feed` it bytes as they come and `close` it at their end; `facts()` at any time."""

    def __init__(self) -> None:
        self.pauses = 0
        """How many saves and samplings have begun: steps between which it rises took longer than a step does."""
        self._stream = RecordStream()
        self._bars = StepBars()
        self._program = _Program()
        self._warnings: dict[str, LogWarning] = {}
        self._bar_drawn: Bar | None = None
        """The bar that stands at the end of the line that is being written, if one does."""
        self._closed = False
        self._facts: LogFacts | None = None

    @property
    def steps(self) -> "array[int]":
        """Finished steps, the trainer's own count; grows at its end only, but for a new `generation`."""
        return self._bars.steps

    @property
    def averages(self) -> "array[float]":
        """For each of `steps` the last average that was shown, NaN where none was; the last one may still change."""
        return self._bars.averages

    @property
    def generation(self) -> int:
        """Rises when `steps` began again because another program began in the same log."""
        return self._bars.generation

    @property
    def seconds_per_step(self) -> float | None:
        """By the bar's clock, which shows whole seconds; without saves and samples."""
        return self._bars.seconds_per_step

    def feed(self, chunk: bytes) -> None:
        """Read on. Never raises for what is in `chunk`."""
        if not chunk:
            return
        self._facts = None
        for block in self._stream.blocks(chunk):
            lines = block.split(b"\n")
            for line in lines[:-1]:
                if line:
                    self._records(line)
                if self._bar_drawn:
                    self._end_of_line()
            if lines[-1]:
                self._records(lines[-1])
        # A bar has no end of record until the next one is drawn, so the unfinished record is looked at as well.
        if 0 < self._stream.rest_length <= _PEEK_LIMIT:
            self._peek(self._stream.rest)

    def close(self) -> None:
        """The log has ended: the last record is complete."""
        if not self._closed:
            self._closed = True
            self._facts = None
            self._record(self._stream.close())

    # Records

    def _records(self, line: bytes) -> None:
        last, at = line.rfind(b"\r"), 0
        for _ in range(_TRIES):
            # Not the last record: something may be glued behind its bar.
            if at and last - at > _RUN_OF_BARS and self._is_calm() and self._bars.take_run(line[at - 1 : last]):
                at = last + 1
                break
            end = line.find(b"\r", at)
            if end < 0:
                break
            self._record(line[at:end])
            at = end + 1
        for record in line[at:].split(b"\r"):
            if record:
                self._record(record)

    def _is_calm(self) -> bool:
        """A further training bar would change nothing but the steps."""
        program = self._program
        return (
            program.phase is Phase.TRAINING
            and program.name == TRAIN
            and program.begun == _EVERYTHING_SEEN
            and program.errors.is_quiet
            and not (program.sample_open or program.uploading or program.saves.is_writing)
        )

    def _record(self, record: bytes) -> None:
        record = clean(record)
        if not record or record.isspace():
            return
        bar, behind = split_bar(record)
        if bar is not None:
            self._bar_drawn = bar
            self._bar(bar)
            if not behind or behind.isspace():
                return
        self._bar_drawn = None
        self._text(behind.decode("utf-8", "replace").rstrip())

    def _peek(self, record: bytes) -> None:
        record = clean(record)
        if record.lstrip(b" ").startswith(b"steps:"):
            bar, _ = split_bar(record)
            if bar is not None and bar.description == say.STEPS_BAR:
                self._steps_bar(bar, is_whole=False)

    def _end_of_line(self) -> None:
        """tqdm ends the line of a bar only when it closes it."""
        program, bar = self._program, self._bar_drawn
        if bar is not None and _is_batch_count(bar) and program.encoding is not None and program.phase is Phase.CACHING:
            program.encoded.add(program.encoding)
        self._bar_drawn = None

    # Bars

    def _bar(self, bar: Bar) -> None:
        program = self._program
        if bar.description == say.STEPS_BAR:
            self._steps_bar(bar)
        elif _is_batch_count(bar) and bar.done is not None and program.encoding is not None:
            program.batches_encoded[program.encoding] = bar.done

    def _steps_bar(self, bar: Bar, is_whole: bool = True) -> None:
        program = self._program
        program.begun = _EVERYTHING_SEEN
        program.name = TRAIN
        before = self._bars.drawn
        further = self._bars.take(bar, is_whole)
        if further:
            program.sample_open = False
            self._went_on()
        if further or self._bars.drawn != before:
            # The average is drawn anew when the saves of its step are done; tqdm's monitor redraws it unchanged.
            program.saves.proven()
            program.uploading = False
        if not (program.sample_open or program.saves.is_writing or program.model_saved):
            program.phase = Phase.TRAINING

    def _went_on(self) -> None:
        survived = self._program.errors.survived() if not self._program.errors.is_quiet else None
        if survived is not None:
            self._warn("survived-error", survived.message)

    # Lines of text

    def _text(self, line: str) -> None:
        log = say.LOG.match(line.lstrip())
        level, message = (log[1], log[3].strip()) if log else (None, line.strip())
        program = self._program
        self._begins(message, level)
        program = self._program
        program.errors.take(line, log is not None)
        if not message:
            return
        if message.startswith("wandb: "):
            self._wandb(message)
            return
        if program.name is None:
            self._name_program(message)
        if not message.startswith("saving checkpoint: "):
            program.saves.checkpoint_proven()
        if level in ("WARNING", "ERROR", "CRITICAL"):
            self._problem(message)
        elif log is None and line.startswith("  "):
            self._indented(message)
        else:
            self._message(message)

    def _begins(self, message: str, level: str | None) -> None:
        """The first lines of a program come in this order; one that comes out of it begins another program."""
        rank = 0
        if message.startswith("The following values were not passed to `accelerate launch`"):
            rank = 1
        elif message.startswith("rehearsal, not musubi-tuner"):
            rank = 2
        elif level and message.startswith("Loading settings from "):
            rank = 3
        elif level and message.startswith("Load dataset config from "):
            rank = 4
        elif level and message.startswith("Using device: ") and "," not in message:
            rank = 5
        if not rank:
            return
        if rank <= self._program.begun:
            self._program = _Program()
            self._bars.restart()
        self._program.begun = rank
        if rank == 2:
            self._program.trainer = "rehearsal"
        elif rank == 3:
            self._program.name = TRAIN
        elif rank == 4:
            self._program.phase = Phase.LOADING
        elif rank == 5:
            self._program.name, self._program.phase = GENERATE, Phase.LOADING

    def _name_program(self, message: str) -> None:
        for start, name in _PROGRAMS:
            if message.startswith(start):
                self._program.name = name
                return
        named = say.PROGRAM.search(message) if any(part in message for part in _NAMING) else None
        if named:
            self._program.name = named[1]

    def _message(self, message: str) -> None:
        for start, handle in _HANDLERS:
            if message.startswith(start):
                handle(self, message)
                return
        if message.endswith(".toml not found."):
            self._program.errors.fail("missing-file", message)

    def _indented(self, message: str) -> None:
        program = self._program
        for start, fact in say.FACTS:
            if message.startswith(start):
                number = say.NUMBER_AT_END.search(message)
                if number:
                    program.facts[fact] = int(number[1])
                return
        if message.startswith(say.BATCH_SIZE):
            numbers = say.NUMBERS_AT_END.search(message)
            if numbers:
                program.batch_size = tuple(int(part) for part in numbers[1].split(",") if part.strip().isdigit())
        elif program.in_dataset_block:
            size = say.DATASET_BATCH_SIZE.match(message)
            if size:
                program.dataset_batch_sizes.append(int(size[1]))

    def _running(self, message: str) -> None:
        self._program.begun = _EVERYTHING_SEEN
        self._program.phase = Phase.TRAINING

    def _dataset(self, message: str) -> None:
        self._program.in_dataset_block = say.DATASET.match(message) is not None

    def _items_found(self, message: str) -> None:
        found = say.ITEMS_FOUND.match(message)
        if found:
            self._program.dataset_items.append(int(found[1] or found[2]))

    def _bucket(self, message: str) -> None:
        found = say.BUCKET.match(message)
        if found:
            self._program.bucket_items += int(found[1])

    def _batches(self, message: str) -> None:
        found = say.NUMBER_AT_END.search(message)
        if found:
            self._program.dataset_batches += int(found[1])

    def _resumed(self, message: str) -> None:
        path = message.partition(": ")[2]
        step = say.STEP_IN_NAME.search(path)
        if path:
            self._program.resumed_from = Saved(int(step[1]) if step else None, path)

    def _epoch(self, message: str) -> None:
        match = say.EPOCH.match(message)
        if match:
            self._begin_epoch(int(match[1]))
            self._program.facts.setdefault("epochs", int(match[2]))

    def _epoch_incremented(self, message: str) -> None:
        match = say.EPOCH_INCREMENTED.match(message)
        if match:
            self._begin_epoch(int(match[1]))

    def _begin_epoch(self, epoch: int) -> None:
        program = self._program
        program.epoch = epoch
        program.sample_open = program.uploading = False
        program.saves.proven()
        program.phase = Phase.TRAINING

    # Saves and samples

    def _checkpoint(self, message: str) -> None:
        self._save(message.partition(": ")[2], is_state=False)

    def _state(self, message: str) -> None:
        self._save(message.partition(" to ")[2], is_state=True)

    def _save(self, path: str, *, is_state: bool) -> None:
        program = self._program
        program.saves.begin(path, self._bars.step, program.epoch, is_state=is_state)
        self._saving("")

    def _saving(self, message: str) -> None:
        self._program.phase = Phase.SAVING
        self._program.sample_open = False
        self._pause()

    def _state_written(self, message: str) -> None:
        self._program.saves.proven()

    def _upload(self, message: str) -> None:
        self._program.saves.proven()
        self._program.uploads += 1
        self._program.uploading = True

    def _removed(self, message: str) -> None:
        self._program.uploading = False

    def _model_saved(self, message: str) -> None:
        program = self._program
        program.saves.proven()
        program.model_saved, program.uploading, program.phase = True, False, Phase.ENDED
        self._went_on()

    def _sampling(self, message: str) -> None:
        number = say.NUMBER_AT_END.search(message)
        self._program.sampling_step = int(number[1]) if number else self._bars.step
        self._program.phase = Phase.SAMPLING
        self._program.sample_open = True
        self._pause()

    def _prompt(self, message: str) -> None:
        program = self._program
        if program.phase is Phase.SAMPLING or program.sampling_step is not None:
            program.phase, program.sample_open = Phase.SAMPLING, True
            program.samples.append(Sample(program.sampling_step, message.partition(":")[2].strip(), None))

    def _seed(self, message: str) -> None:
        program = self._program
        number = say.NUMBER_AT_END.search(message)
        if number and program.sample_open and program.samples:
            last = program.samples[-1]
            program.samples[-1] = Sample(last.step, last.prompt, int(number[1]))

    def _sample_decoded(self, message: str) -> None:
        self._program.sample_open = False

    def _pause(self) -> None:
        self.pauses += 1
        self._bars.pause()

    # Caching, generating

    def _encoding(self, message: str) -> None:
        match = say.ENCODING_DATASET.match(message)
        if match:
            self._program.encoding = int(match[1])
            self._program.phase = Phase.CACHING
            self._program.begun = _EVERYTHING_SEEN

    def _latents_cached(self, message: str) -> None:
        self._program.latents_cached += 1

    def _generating(self, message: str) -> None:
        self._program.phase = Phase.SAMPLING
        self._program.begun = _EVERYTHING_SEEN

    def _generated(self, message: str) -> None:
        if self._program.name == GENERATE:
            self._program.done, self._program.phase = True, Phase.ENDED
            self._went_on()

    # Problems

    def _problem(self, message: str) -> None:
        if message.strip("=") == "":
            return
        kind = next((kind for kind, pattern in say.WARNINGS if pattern.search(message)), "other")
        self._warn(kind, message)
        if kind == "upload-failed":
            self._program.uploading = False
        elif kind == "sample-failed":
            self._program.sample_open = False

    def _warn(self, kind: str, message: str) -> None:
        known = self._warnings.get(kind)
        self._warnings[kind] = LogWarning(kind, known.count + 1 if known else 1, known.message if known else message)

    def _wandb(self, message: str) -> None:
        url = say.WANDB_RUN.match(message)
        if url:
            self._program.wandb_url = url[1]
        elif message.startswith(("wandb: WARNING ", "wandb: ERROR ")):
            self._warn("wandb", message)

    # Facts

    def facts(self) -> LogFacts:
        """Everything but the steps, as it stands now."""
        if self._facts is None:
            self._facts = self._gather()
        return self._facts

    def _gather(self) -> LogFacts:
        program, bars = self._program, self._bars
        facts = program.facts
        total = facts.get("total_steps", bars.total)
        last = bars.step if bars.step else total
        to_cache, cached = self._caching()
        return LogFacts(
            trainer=program.trainer,
            program=program.name,
            phase=Phase.ENDED if self._outcome(total) is Outcome.FINISHED else program.phase,
            outcome=self._outcome(total),
            error=program.errors.error,
            step=bars.step,
            total_steps=total,
            epoch=program.epoch,
            epochs=facts.get("epochs"),
            resumed_from=program.resumed_from,
            num_train_items=facts.get("num_train_items", program.bucket_items or None),
            batches_per_epoch=facts.get("batches_per_epoch", program.dataset_batches or None),
            batch_size=program.batch_size or tuple(program.dataset_batch_sizes),
            gradient_accumulation_steps=facts.get("gradient_accumulation_steps"),
            average_loss=bars.average,
            items_cached=cached,
            items_to_cache=to_cache,
            save_in_progress=program.saves.under_way(last),
            checkpoints=program.saves.checkpoints(last),
            states=program.saves.states(last),
            samples=tuple(program.samples),
            warnings=tuple(self._warnings.values()),
            wandb_url=program.wandb_url,
            uploads=program.uploads,
            upload_in_progress=program.uploading,
        )

    def _outcome(self, total: int | None) -> Outcome:
        program = self._program
        failed = program.errors.outcome
        if failed is not None:
            return failed
        if program.model_saved or program.done:
            return Outcome.FINISHED
        if program.saves.has_final_checkpoint and total is not None and self._bars.step == total:
            return Outcome.FINISHED
        if self._closed and program.name in (LATENTS, TEXT) and self._all_encoded():
            return Outcome.FINISHED
        return Outcome.RUNNING

    def _all_encoded(self) -> bool:
        datasets = max(1, len(self._program.dataset_batch_sizes))
        return len(self._program.encoded) >= datasets

    def _caching(self) -> tuple[int | None, int | None]:
        """Items to cache and items cached. The text program says nothing of single items; it takes them in batches, in
        order, and only the last of a data set is smaller (musubi-tuner's dataset/image_video_dataset.py)."""
        program = self._program
        if program.name not in (LATENTS, TEXT):
            return None, None
        items, sizes = program.dataset_items, program.dataset_batch_sizes
        to_cache = sum(items) if items else None
        if to_cache is not None and self._all_encoded():
            return to_cache, to_cache
        if program.name == LATENTS:
            return to_cache, program.latents_cached
        if len(items) != len(sizes):
            return to_cache, None
        done = ((index, batches) for index, batches in program.batches_encoded.items() if index < len(items))
        return to_cache, sum(min(items[index], batches * sizes[index]) for index, batches in done)


def _is_batch_count(bar: Bar) -> bool:
    """`3it [00:00, 3.80it/s]`: the caching programs' bar."""
    return bar.total is None and not bar.description


_NAMING = ("error: ", "Command '[", 'File "')
_PROGRAMS = (
    ("preparing accelerator", TRAIN),
    ("running training / ", TRAIN),
    ("import network module: ", TRAIN),
    ("Cache generation mode: ", LATENTS),
    ("Saving cache for item ", LATENTS),
    ("Encoding with Text Encoders", TEXT),
)

_Handler = Callable[[LogReader, str], None]
_HANDLERS: tuple[tuple[str, _Handler], ...] = (
    ("epoch is incremented. ", LogReader._epoch_incremented),
    ("epoch ", LogReader._epoch),
    ("saving checkpoint: ", LogReader._checkpoint),
    ("Saving current state to ", LogReader._state),
    ("Random states saved in ", LogReader._state_written),
    ("saving state at ", LogReader._saving),
    ("saving last state.", LogReader._saving),
    ("uploading ", LogReader._upload),
    ("removing old ", LogReader._removed),
    ("model saved.", LogReader._model_saved),
    ("generating sample images at step / ", LogReader._sampling),
    ("prompt:", LogReader._prompt),
    ("seed: ", LogReader._seed),
    ("Decoded. Pixel shape", LogReader._sample_decoded),
    (say.RUNNING_TRAINING, LogReader._running),
    ("[Dataset ", LogReader._dataset),
    ("loaded ", LogReader._items_found),
    ("found ", LogReader._items_found),
    ("bucket: ", LogReader._bucket),
    ("total batches: ", LogReader._batches),
    ("resume training from ", LogReader._resumed),
    ("Encoding dataset [", LogReader._encoding),
    ("Saving cache for item ", LogReader._latents_cached),
    ("Generating latent", LogReader._generating),
    ("Video size: ", LogReader._generating),
    ("Done!", LogReader._generated),
)
