"""`python -m tests.chaos`: the campaign, and its table."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.chaos.night import Result, article, draw, spend
from tests.chaos.real import RealResult, draw_real, spend_real


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


def real_campaign(seeds: Iterable[int]) -> list[RealResult]:
    """Two nights at a time: they wait more than they work."""

    def spend_one(seed: int) -> RealResult:
        with tempfile.TemporaryDirectory() as folder:
            return spend_real(draw_real(seed), Path(folder))

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(spend_one, seeds))


def real_table(results: Sequence[RealResult]) -> str:
    """The same questions of nights with real runs; seconds behind the end of the last run."""
    should = [each for each in results if not each.plan.cancelled]
    waited = [each.stopped_after for each in should if each.stopped_after is not None]
    rows = [
        ("nights with real runs", len(results)),
        ("nights in which the pod should stop", len(should)),
        ("stopped, of these", len(waited)),
        ("stopped although cancelled", sum(r.plan.cancelled and r.stopped_after is not None for r in results)),
        ("stopped under a run", sum(each.under_a_run for each in results)),
        ("mean seconds until the stop", f"{sum(waited) / max(1, len(waited)):.1f}"),
        ("kills of the guard", sum(each.kills for each in results)),
    ]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in [("", "autostop"), ("---", "---:"), *rows])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--trials", type=int, default=300, help="nights of simulated time")
    parser.add_argument("--real", type=int, default=28, help="nights of real runs, a quarter of a minute each")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    real = real_campaign(range(args.seed, args.seed + args.real))
    print(real_table(real), end="\n\n", flush=True)
    results = campaign(range(args.seed, args.seed + args.trials))
    print(table(results))
    both: list[Result | RealResult] = [*real, *results]
    wrong = [result for result in both if not result.is_right]
    for result in wrong:
        print(f"WRONG: {result}", file=sys.stderr)
    print(f"\n{sum(result.kills for result in results)} kills of the guard.", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
