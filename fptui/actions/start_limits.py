"""`--max-hours` and `--max-cost` before a start: whether they can be kept, and what a stop by them would cost."""

from collections.abc import Mapping

from fptui.actions.autostop import preflight
from fptui.actions.plan_run import StartOptions
from fptui.core.project import Project
from fptui.core.run import RunRecord
from fptui.errors import Refused


def limit_notes(
    project: Project, options: StartOptions, record: RunRecord, environment: Mapping[str, str], *, is_guarded: bool
) -> list[str]:
    """What the user should know of them. Refused where they could not be kept, or would throw the work away. Asks the
    service for the price, where that is needed."""
    if options.max_hours is None and options.max_cost is None:
        return []
    if not is_guarded:
        raise Refused(
            "--max-hours and --max-cost are kept by the guard, which is armed on a pod and not with --autostop off: "
            "leave them out, or look at `fptui autostop test`."
        )
    if options.max_cost is not None:
        _, found = preflight(project, environment, with_settings=True)
        if found.price_per_hour is None:
            why = " ".join(found.problems) or "The service does not say it."
            raise Refused(
                "--max-cost needs the pod's price: set price_per_hour in [tool.fptui.autostop] of pyproject.toml, in "
                f"dollars. {why}"
            )
    saves = record.saves
    if options.smoke or (saves.state and (saves.every_n_steps or saves.every_n_epochs)):
        return []
    if not (saves.every_n_steps or saves.every_n_epochs):
        raise Refused(
            f"{record.version} saves only at its end (save_every_n_steps is not set), so that --max-hours and "
            "--max-cost would throw its work away: set it, and save_state."
        )
    return [
        f"{record.version} saves no state (save_state is not set): stopped by --max-hours or --max-cost it keeps its "
        "last checkpoint, and cannot be resumed."
    ]
