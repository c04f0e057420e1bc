"""`fptui inspect LOG`: everything that can be read out of a musubi-tuner log, also one that fptui did not make."""

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fptui.core.facts import LogFacts, Saved
    from fptui.core.musubi.log_reader import LogReader

HELP = "everything that can be read out of any musubi-tuner log"
EXAMPLE = "fptui inspect train.log --json"

_CHUNK = 1 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("log", metavar="LOG", help="a log of musubi-tuner's FramePack programs; - for standard input")
    parser.add_argument("--json", action="store_true", help="print JSON on stdout")


def run(args: argparse.Namespace) -> int:
    reader = _read(args.log)
    if args.json:
        from fptui.cli.output import emit_json

        emit_json(as_json(reader))
    else:
        from fptui.cli.inspect_page import page
        from fptui.cli.output import emit

        for line in page(reader):
            emit(line)
    return 0


def _read(name: str) -> "LogReader":
    import sys
    from pathlib import Path

    from fptui.core.musubi.log_reader import LogReader
    from fptui.core.text import plain
    from fptui.errors import WrongUse

    reader = LogReader()
    try:
        if name == "-":
            while chunk := sys.stdin.buffer.read(_CHUNK):
                reader.feed(chunk)
        else:
            path = Path(name)
            if path.exists() and not path.is_file() and not path.is_fifo():
                raise WrongUse(f"{plain(name)} is not a file; name a log, or - for standard input.")
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    reader.feed(chunk)
    except FileNotFoundError:
        raise WrongUse(f"There is no file {plain(name)}; name a log, or - for standard input.") from None
    except OSError as error:
        raise WrongUse(f"{plain(name)} cannot be read: {error.strerror or error}.") from None
    except ValueError:
        raise WrongUse(f"{plain(name)} cannot be the name of a file.") from None
    reader.close()
    return reader


def as_json(reader: "LogReader") -> dict[str, Any]:
    """The contract of `fptui inspect --json`, and some keys more. Steps and epochs are the trainer's own."""
    from dataclasses import asdict

    facts = reader.facts()
    return {
        "trainer": facts.trainer,
        "program": facts.program,
        "phase": facts.phase.value,
        "outcome": facts.outcome.value,
        "error": _error(facts),
        "total_steps": facts.total_steps,
        "step": facts.step,
        "epochs": facts.epochs,
        "epoch": facts.epoch,
        "resumed_from": _saved(facts.resumed_from),
        "num_train_items": facts.num_train_items,
        "batches_per_epoch": facts.batches_per_epoch,
        "batch_size": list(facts.batch_size),
        "gradient_accumulation_steps": facts.gradient_accumulation_steps,
        "items_cached": facts.items_cached,
        "items_to_cache": facts.items_to_cache,
        "seconds_per_step": None if reader.seconds_per_step is None else round(reader.seconds_per_step, 3),
        "average_loss": facts.average_loss,
        "checkpoints": [_saved(saved) for saved in facts.checkpoints],
        "states": [_saved(saved) for saved in facts.states],
        "save_in_progress": _saved(facts.save_in_progress),
        "samples": [asdict(sample) for sample in facts.samples],
        "warnings": [asdict(warning) for warning in facts.warnings],
        "uploads": facts.uploads,
        "wandb_url": facts.wandb_url,
        "loss": [
            {"step": step, "average": average} for step, average in zip(reader.steps, reader.averages, strict=True)
        ],
    }


def _saved(saved: "Saved | None") -> dict[str, Any] | None:
    return None if saved is None else {"step": saved.step, "path": saved.path}


def _error(facts: "LogFacts") -> dict[str, Any] | None:
    if facts.error is None:
        return None
    error = {"kind": facts.error.kind, "message": facts.error.message}
    sizes = ("tried_bytes", "free_bytes", "total_bytes")
    return error | {key: value for key in sizes if (value := getattr(facts.error, key)) is not None}
