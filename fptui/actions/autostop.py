"""What a user can ask of autostop, and what a start asks of it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from fptui.adapters.guard_files import GuardFiles, Request, guard_files
from fptui.adapters.guard_process import cancel_by_signal, ensure_guard, is_beginning, wait_for
from fptui.adapters.pod import pod_facts
from fptui.adapters.providers import provider_for
from fptui.core.autostop import Autostop, AutostopStatus
from fptui.core.autostop_settings import AutostopSettings, read_settings
from fptui.core.project import Project
from fptui.core.provider import Preflight, Provider
from fptui.core.text import plain
from fptui.core.units import duration, parse_duration
from fptui.errors import FptuiError, Refused

_SHOWN = 3
_SERVICE_ANSWERS_WITHIN = 6.0


class Unwritable(FptuiError):
    """No request can be left."""


def settings_of(project: Project) -> AutostopSettings:
    """WrongUse with file and key for what cannot be meant."""
    where = f"{plain(str(project.path / 'pyproject.toml'))}, [tool.fptui.autostop]"
    return read_settings(dict(project.settings.autostop), where)


def status(environment: Mapping[str, str], now: float, *, patient: bool = False) -> Autostop:
    """As the guard last wrote it; a guard that died at work is started again. `patient`: until it is seen to live."""
    files, trouble = guard_files(environment), None
    if files.needs_guard:
        try:
            if ensure_guard(files, environment) and patient:
                wait_for(files.is_guarded)
            is_coming = is_beginning(files) and files.living() is None
            trouble = None if is_coming else files.trouble(now)
        except FptuiError as error:
            trouble = str(error)
    return replace(files.read_state(), guard_trouble=trouble)


def shown(environment: Mapping[str, str]) -> Callable[[], Autostop | None]:
    """For a dashboard, which looks every second; None where there is no pod, and nothing was ever armed."""
    is_pod = pod_facts(environment).id is not None
    files = guard_files(environment)
    return lambda: status(environment, time.time()) if is_pod or files.state.exists() else None


def test(project: Project, environment: Mapping[str, str], now: float) -> list[tuple[str, str, bool]]:
    """The whole way to the service and back, without stopping anything: (step, what was found, whether it is well)."""
    try:
        provider, found = preflight(project, environment)
    except FptuiError as error:
        return [("pod", str(error), False)]
    steps = [
        ("pod", f"{provider.pod_id or '?'}, by {provider.name}", provider.pod_id is not None),
        ("service", " ".join(found.problems) or f"knows this pod and its key ({found.via})", found.ok),
    ]
    try:
        _ask(environment, Request("watch", now, str(project.path)))
        steps.append(("guard", "lives, and takes requests", True))
    except FptuiError as error:
        steps.append(("guard", str(error), False))
    # What looks at results reads logs and repositories: the dashboard, which needs this module at once, does not wait.
    from fptui.actions.safety import Safety

    hazards = Safety(environment).unsafe([str(project.path)], now, terminate=settings_of(project).policy.terminate)
    found_unsafe = " ".join(f"{each.what} {each.cure}" for each in hazards[:_SHOWN])
    steps.append(("results", found_unsafe or "safe, as far as runs have ended", not hazards))
    return steps


def preflight(
    project: Project, environment: Mapping[str, str], *, with_settings: bool = False
) -> tuple[Provider, Preflight]:
    """Ask the service, without touching the pod; `with_settings`: the price is the user's where there is one. Refused
    where there is none to ask."""
    settings = settings_of(project)
    provider = provider_for(settings.provider, environment, settings.stop_command)
    if provider is None:
        raise Refused(
            "This machine is no pod that fptui knows how to stop: name a provider or a stop_command in "
            f"[tool.fptui.autostop] of {plain(str(project.path / 'pyproject.toml'))}."
        )
    found = provider.preflight()
    if with_settings and settings.policy.price_per_hour is not None:
        found = replace(found, price_per_hour=settings.policy.price_per_hour)
    return provider, found


def arm(project: Project, environment: Mapping[str, str], now: float, grace: float | None = None) -> Preflight:
    """After the last run. Refused when the preflight says that a stop would not work: nothing must look armed that is
    not."""
    _, found = preflight(project, environment)
    if not found.ok:
        raise Refused(f"Not armed. {' '.join(found.problems)}")
    _ask(environment, _request(project, now, (), grace))
    return found


def arm_for_runs(
    project: Project, windows: Sequence[str], asked: str | None, environment: Mapping[str, str], now: float
) -> bool:
    """Before runs start: whether the guard was told of them. The rehearsal is armed only where that is asked for; a
    machine that is no pod never is. The grace that was asked for is in their records: it is not that of other runs.
    FptuiError where the guard cannot be told: nobody would stop the pod."""
    if will_arm(project, asked, environment) is None:
        _name_to_a_guard(project, environment, now)
        return False
    try:
        _ask(environment, _request(project, now, windows, None))
    except FptuiError as error:
        raise FptuiError(
            f"Autostop cannot be armed ({error}), so the run was not started; `fptui train --autostop off` starts it "
            "all the same."
        ) from None
    return True


def _name_to_a_guard(project: Project, environment: Mapping[str, str], now: float) -> None:
    """A run that begins no countdown holds one all the same: a guard that is at work for others must know of it."""
    files = guard_files(environment)
    if not files.needs_guard:
        return
    try:
        _ask(environment, Request("watch", now, str(project.path)))
    except FptuiError as error:
        raise FptuiError(f"This pod may be stopped under the run, so it was not started: {error}") from None


def will_arm(project: Project, asked: str | None, environment: Mapping[str, str]) -> str | None:
    """One sentence when a start would arm autostop: that it does, and how to keep the pod up."""
    settings = settings_of(project)
    wanted = asked != "off" and (asked is not None or (settings.is_on and project.settings.trainer == "musubi"))
    if not wanted or provider_for(settings.provider, environment, settings.stop_command) is None:
        return None
    grace = parse_duration(asked) if asked else None
    after = duration(settings.policy.grace if grace is None else grace)
    return f"This pod stops {after} after its last run. `fptui autostop cancel`, or z, keeps it up."


def trouble_of_stop(environment: Mapping[str, str]) -> str | None:
    """Behind a start that armed autostop: one sentence where the stop would not work, as the guard's first look at the
    service shows within some seconds."""
    files = guard_files(environment)
    wait_for(lambda: files.read_state().was_asked, _SERVICE_ANSWERS_WITHIN)
    problem = files.read_state().problem
    return None if problem is None else f"AUTOSTOP WOULD NOT WORK, and is tried all the same. {problem}"


def refuse_while_stopping(environment: Mapping[str, str]) -> None:
    """A run that starts now would be cut off."""
    if guard_files(environment).read_state().is_ending:
        raise Refused("This pod is being stopped: `fptui autostop cancel` first, if it is to stay up.")


def cancel(environment: Mapping[str, str], now: float) -> None:
    """A countdown under way ends, and none begins until it is armed again, which the next start does."""
    _needs(environment, lambda state: state.needs_guard, "There is nothing to cancel")
    try:
        _ask(environment, Request("cancel", now))
    except Unwritable as error:
        if not cancel_by_signal(guard_files(environment)):
            raise
        raise FptuiError(f"{error} The guard was told to cancel by a signal all the same; its state shows it once "
                         "there is space.") from None  # fmt: skip


def extend(environment: Mapping[str, str], now: float, seconds: float) -> None:
    """The countdown under way ends so much later."""
    _needs(environment, lambda state: state.status is AutostopStatus.COUNTING, "There is no countdown to extend")
    _ask(environment, Request("extend", now, seconds=seconds))


def _request(project: Project, now: float, windows: Sequence[str], grace: float | None) -> Request:
    settings = settings_of(project)
    policy = settings.policy if grace is None else replace(settings.policy, grace=grace)
    return Request(
        "arm", now, str(project.path), tuple(windows), policy=policy, provider=settings.provider,
        stop_command=settings.stop_command,
    )  # fmt: skip


def _needs(environment: Mapping[str, str], wanted: Callable[[Autostop], bool], sentence: str) -> None:
    state = guard_files(environment).read_state()
    if not wanted(state):
        raise Refused(f"{sentence}: autostop is {state.shown.value}.")


def _ask(environment: Mapping[str, str], request: Request) -> None:
    files: GuardFiles = guard_files(environment)
    try:
        name = files.submit(request)
    except OSError as error:
        raise Unwritable(f"{plain(str(files.requests))} cannot be written: {error.strerror}.") from None
    ensure_guard(files, environment)
    if not wait_for(lambda: name not in files.pending()):
        raise FptuiError(f"The guard does not answer. Its log: {plain(str(files.log))}")
