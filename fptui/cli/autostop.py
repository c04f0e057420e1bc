"""`fptui autostop`"""

import time
from argparse import ArgumentParser, Namespace
from typing import Any

from fptui.cli.common import add_json, environment, project_of, row_of, seconds
from fptui.cli.output import emit, emit_json, say
from fptui.core.autostop import Autostop, AutostopStatus
from fptui.core.autostop_words import autostop_line, grace_cost, why
from fptui.core.cost import Money
from fptui.core.provider import Preflight
from fptui.core.units import dollars, duration
from fptui.errors import WrongUse
from fptui.watch.pod_past import PodPast

HELP = (
    "The guard that stops this pod after its last run. `status` shows it; `arm` begins to watch, after a look at the "
    "service that touches nothing; `cancel` keeps the pod up; `extend 30m` puts a countdown off; `test` goes the whole "
    "way to the service without stopping anything."
)
EXAMPLE = "fptui autostop extend 30m"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("do", nargs="?", default="status", choices=("status", "arm", "cancel", "extend", "test"))
    parser.add_argument("time", nargs="?", type=seconds, metavar="TIME", help="for extend: so much; for arm: the grace")
    add_json(parser)


def run(args: Namespace) -> int:
    from fptui.actions import autostop

    now, variables = time.time(), environment()
    if args.do == "extend" and args.time is None:
        raise WrongUse("Extend by how much? fptui autostop extend 30m")
    if args.time is not None and args.do not in ("extend", "arm"):
        raise WrongUse(f"{args.do} takes no time.")
    if args.do == "test":
        return _test(args, autostop.test(project_of(args), variables, now))
    if args.do == "arm":
        for line in preflight_lines(autostop.arm(project_of(args), variables, now, args.time)):
            say(line)
    elif args.do == "cancel":
        autostop.cancel(variables, now)
    elif args.do == "extend":
        autostop.extend(variables, now, args.time)
    state, money = autostop.status(variables, now, patient=True), _money(args)
    if args.json:
        emit_json({**state_json(state), "spent_today": money and money.spent, "idle_today": money and money.idle})
    else:
        for line in [*state_lines(state, time.time()), *money_lines(money)]:
            emit(line)
    return 1 if state.shown is AutostopStatus.FAILED else 0


def state_json(state: Autostop) -> dict[str, Any]:
    """As the product's contract names it, and more. Times are seconds since the epoch, money is dollars."""
    return {
        "status": state.shown.value,
        "deadline": state.deadline,
        "grace_seconds": state.grace,
        "pod_id": state.pod_id,
        "reason": why(state),
        "attempts": [{"at": each.at, "via": each.via, "outcome": each.outcome} for each in state.attempts],
        "price_per_hour": state.price_per_hour,
        "grace_cost": grace_cost(state),
    }


def state_lines(state: Autostop, now: float) -> list[str]:
    """The same for people."""
    lines = [autostop_line(state, now) + ("" if state.pod_id is None else f" · pod {state.pod_id}")]
    reason = why(state)
    lines += [reason] if reason else []
    cost = grace_cost(state)
    if cost is not None and state.status is AutostopStatus.ARMED:
        lines.append(f"The grace period of {duration(state.grace)} costs ${cost:.2f}.")
    lines += [
        f"{time.strftime('%H:%M:%S', time.localtime(each.at))}  {each.via}: {each.outcome}"
        for each in state.attempts[-5:]
    ]
    return lines


def money_lines(money: Money | None) -> list[str]:
    """What the project has cost today."""
    spent = None if money is None or money.spent is None else f"{dollars(money.spent)} in runs of this project"
    idle = None if money is None or money.idle is None else f"{dollars(money.idle)} while a GPU had nothing to do"
    return [f"Today: {', '.join(filter(None, (spent, idle)))}."] if spent or idle else []


def _money(args: Namespace) -> Money | None:
    try:
        project = project_of(args)
    except WrongUse:
        return None
    now = time.time()
    rows = [row for folder in project.run_folders() if (row := row_of(folder, now)) is not None]
    return PodPast(project, environment()).money(rows, now)


def preflight_lines(found: Preflight) -> list[str]:
    """What the service says of this pod."""
    facts = [found.gpu, None if found.price_per_hour is None else f"${found.price_per_hour:.2f}/h"]
    if found.network_volume is not None:
        facts.append(
            "a network volume, which stays" if found.network_volume else "only its volume disk stays after a stop"
        )
    if found.locked:
        facts.append("locked: a locked pod refuses to stop")
    return [" · ".join(fact for fact in facts if fact), *found.problems]


def _test(args: Namespace, findings: list[tuple[str, str, bool]]) -> int:
    good = all(ok for _, _, ok in findings)
    if args.json:
        emit_json({"ok": good, "steps": [{"step": step, "ok": ok, "message": text} for step, text, ok in findings]})
    else:
        for step, text, ok in findings:
            emit(f"{'ok  ' if ok else 'FAIL'}  {step:<10} {text}")
    return 0 if good else 1
