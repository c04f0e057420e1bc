"""A program's output as records that can be compared: without paths, times, rates and losses."""

import re
from collections.abc import Iterable

from tests.rehearsal.bench import Bench

_BAR = re.compile(r"steps:\s+\d+%\|[^|]*\|\s*(\d+)/(\d+) \[[^\]]*?(, avr_loss=[^\]]*)?\]")
_NESTED = re.compile(r"^\s*\d+%\|[^|]*\| *(\d+)/(\d+) \[[^\]]*\]")
_COUNTING = re.compile(r"^(\d+)it \[[^\]]*\]")
_GOLDEN_PATHS = (
    ("/workspace/project/workspace/data", "DATA"),
    ("/workspace/project/work", "WORK"),
    ("/w/", "MODELS/"),
)


def _without_paths(text: str, bench: Bench | None) -> str:
    pairs: Iterable[tuple[str, str]] = _GOLDEN_PATHS
    if bench is not None:
        root = str(bench.root)
        pairs = ((f"{root}/data", "DATA"), (f"{root}/work", "WORK"), (f"{root}/w/", "MODELS/"))
    for path, word in pairs:
        text = text.replace(path, word)
    return text


def _pieces(text: str) -> Iterable[str]:
    """Records: a log line may stand right behind a bar."""
    for piece in re.split(r"[\r\n]|\x1b\[A", text):
        bar = _BAR.search(piece)
        if bar is None:
            yield piece.rstrip()
            continue
        yield f"steps {bar[1]}/{bar[2]}{' with average' if bar[3] else ''}"
        rest = piece[bar.end() :].strip()
        if rest:
            yield rest


def records(output: bytes, bench: Bench | None = None) -> list[str]:
    """Of golden output when there is no bench. Bars depend on the clock: of the nested ones only the ends are kept, and
    repaints of the same step at the same place are one."""
    kept: list[str] = []
    decoding = False
    for piece in _pieces(_without_paths(output.decode(), bench)):
        # tqdm goes down a line and up again for every repaint of a nested bar.
        if not piece and kept and kept[-1].startswith("bar"):
            continue
        nested, counting = _NESTED.match(piece), _COUNTING.match(piece)
        record = piece
        if nested:
            if nested[1] not in ("0", nested[2]):
                continue
            record = f"bar {nested[1]}/{nested[2]}"
        elif counting:
            record = f"{counting[1]} batches"
        # tqdm's monitor thread repaints bars that rest for 10 s: in the real pause of 5 s, by chance.
        if decoding and (not record or record.startswith("steps")):
            continue
        decoding = record.endswith("Waiting for 5 seconds to finish block swap")
        if kept and kept[-1] == record and (record.startswith(("steps", "bar")) or counting):
            continue
        kept.append(record)
    return _settled(kept)


def _settled(kept: list[str]) -> list[str]:
    """The two `Set index` records come in the order of a set, which is another in every process."""
    for place in range(len(kept) - 1):
        pair = kept[place : place + 2]
        if all("Set index for" in record for record in pair):
            kept[place : place + 2] = sorted(pair)
    return kept
