"""Which caching programs a version needs now."""

from fptui.actions.plan_run import Planned, RunPlanner
from fptui.core.musubi.cache_items import cache_state
from fptui.core.musubi.command import cache_latents, cache_text
from fptui.core.status import Stage


def missing_caches(planner: RunPlanner, *, everything: bool = False) -> list[Planned]:
    """Latents first, then text encoder outputs; only for what has no file yet, unless `everything`."""
    state = cache_state(planner.version.dataset, planner.project.path)
    todo: list[Planned] = []
    for stage, build, missing in (
        (Stage.CACHE_LATENTS, cache_latents, state.latents_missing),
        (Stage.CACHE_TEXT, cache_text, state.text_missing),
    ):
        if missing or everything:
            follows = todo[-1].record.id if todo else None
            count = state.items if everything else missing
            todo.append(planner.cache(stage, build, follows=follows, items=count, skip_existing=not everything))
    return todo
