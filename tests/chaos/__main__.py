"""`python -m tests.chaos`: the campaign, and its table."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tests.chaos.night import Result, article, draw, spend


def campaign(seeds: Iterable[int]) -> list[Result]:
    """One night a seed."""
    results = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            results.append(spend(draw(seed), Path(folder)))
    return results


_COUNTS: dict[str, Callable[[Result], bool]] = {
    "stopped, of these": lambda each: not each.plan.cancelled and each.stopped_after is not None,
    "stopped although cancelled": lambda each: each.plan.cancelled and each.stopped_after is not None,
    "stopped under a run": lambda each: each.under_a_run,
    "stopped before the upload was through": lambda each: each.before_safe,
}


def _idle(results: Sequence[Result]) -> str:
    minutes = [each.idle_minutes for each in results if not each.plan.cancelled]
    return f"{sum(minutes) / max(1, len(minutes)):.1f}"


def table(results: Sequence[Result]) -> str:
    """Ours beside the article's line in the same nights."""
    theirs = [article(result.plan) for result in results]
    head = ("", "autostop", "the article's line")
    should = [not result.plan.cancelled for result in results]
    rows = [
        ("nights", len(results), len(theirs)),
        ("nights in which the pod should stop", sum(should), sum(should)),
        *((words, *(sum(map(count, side)) for side in (results, theirs))) for words, count in _COUNTS.items()),
        ("mean idle minutes of those", *(_idle(side) for side in (results, theirs))),
    ]
    lines = [head, ("---", "---:", "---:"), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    results = campaign(range(args.seed, args.seed + args.trials))
    print(table(results))
    wrong = [result for result in results if not result.is_right]
    for result in wrong:
        print(f"WRONG: {result}", file=sys.stderr)
    print(f"\n{sum(result.kills for result in results)} kills of the guard.", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
