"""A look at our tmux server that does not go through the code under test: by libtmux."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    pass


class TmuxServer:
    """The server on a private socket, while there is one."""

    def __init__(self, socket: str) -> None:
        import libtmux

        self.socket = socket
        self._server: libtmux.Server = libtmux.Server(socket_name=socket)

    def cmd(self, *command: str) -> str:
        """What a tmux command prints."""
        return "\n".join(self._server.cmd(*command).stdout)

    @property
    def pid(self) -> int:
        return int(self.cmd("display-message", "-p", "#{pid}"))

    def window(self, run_id: str) -> str | None:
        """The window that shows the run."""
        lines = [
            line.split(" ") for line in self.cmd("list-windows", "-a", "-F", "#{window_id} #{@fptui_runs}").splitlines()
        ]
        return next((window for window, *ids in lines if run_id in ids), None)

    def keys(self, run_id: str, *keys: str) -> None:
        """Type into the run's pane: names of keys, or text."""
        self.cmd("send-keys", "-t", str(self.window(run_id)), *keys)

    def screen(self, run_id: str) -> str:
        """Everything that the run's pane shows, history included."""
        return self.cmd("capture-pane", "-p", "-S", "-", "-t", str(self.window(run_id)))


@pytest.fixture
def tmux_server(tmux_socket: str, monkeypatch: pytest.MonkeyPatch) -> TmuxServer:
    """Our server on a private socket. For import by a conftest."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")  # libtmux fails under LC_ALL=C
    return TmuxServer(tmux_socket)
