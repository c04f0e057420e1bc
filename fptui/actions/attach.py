"""Showing a run's own window."""

from collections.abc import Mapping

from fptui.adapters.tmux import Tmux
from fptui.core.run import RunFolder
from fptui.errors import Refused


def attach_command(folder: RunFolder, environment: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """The command and its environment that show the run's window; `Ctrl-b d` comes back. Refused when the window is
    gone, which ends nothing: the run may go on."""
    tmux = Tmux(environment=environment)
    tmux.check()
    window = tmux.window_of(folder.window)
    if window is None:
        raise Refused(f"{folder.id} has no window any more; if it runs, it goes on without: fptui log -f {folder.id}.")
    return tmux.attach_argv(window), tmux.attach_environment(environment)
