"""What a user can ask of autostop, and what a start asks of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from fptui.adapters.guard_files import GuardFiles, Request, guard_files
from fptui.adapters.guard_process import ensure_guard, wait_for_answer
from fptui.adapters.pod import pod_facts
from fptui.adapters.providers import provider_for
from fptui.core.autostop import Autostop, AutostopStatus
from fptui.core.autostop_settings import AutostopSettings, read_settings
from fptui.core.project import Project
from fptui.core.provider import Preflight, Provider
from fptui.core.text import plain
from fptui.core.units import duration, parse_duration
from fptui.errors import FptuiError, Refused


def settings_of(project: Project) -> AutostopSettings:
    """WrongUse with file and key for what cannot be meant."""
    where = f"{plain(str(project.path / 'pyproject.toml'))}, [tool.fptui.autostop]"
    return read_settings(dict(project.settings.autostop), where)


def status(environment: Mapping[str, str]) -> Autostop:
    """As the guard last wrote it; a guard that died at work is started again."""
    files = guard_files(environment)
    if files.needs_guard:
        ensure_guard(files, environment)
    return files.read_state()


def shown(environment: Mapping[str, str]) -> Callable[[], Autostop | None]:
    """For a dashboard, which looks every second; None where there is no pod, and nothing was ever armed."""
    is_pod = pod_facts(environment).id is not None
    files = guard_files(environment)
    return lambda: status(environment) if is_pod or files.state.exists() else None


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
    return steps


def preflight(project: Project, environment: Mapping[str, str]) -> tuple[Provider, Preflight]:
    """Ask the service, without touching the pod. Refused where there is none to ask."""
    settings = settings_of(project)
    provider = provider_for(settings.provider, environment, settings.stop_command)
    if provider is None:
        raise Refused(
            "This machine is no pod that fptui knows how to stop: name a provider or a stop_command in "
            f"[tool.fptui.autostop] of {plain(str(project.path / 'pyproject.toml'))}."
        )
    return provider, provider.preflight()


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


def refuse_while_stopping(environment: Mapping[str, str]) -> None:
    """A run that starts now would be cut off."""
    if guard_files(environment).read_state().status is AutostopStatus.STOPPING:
        raise Refused("This pod is being stopped: `fptui autostop cancel` first, if it is to stay up.")


def cancel(environment: Mapping[str, str], now: float) -> None:
    """A countdown under way ends, and none begins until it is armed again, which the next start does."""
    _needs(environment, lambda state: state.needs_guard, "There is nothing to cancel")
    _ask(environment, Request("cancel", now))


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
        raise FptuiError(f"{plain(str(files.requests))} cannot be written: {error.strerror}.") from None
    ensure_guard(files, environment)
    if not wait_for_answer(files, name):
        raise FptuiError(f"The guard does not answer. Its log: {plain(str(files.log))}")
