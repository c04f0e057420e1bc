from tests.tmux_server import tmux_server

__all__ = ["tmux_server"]
