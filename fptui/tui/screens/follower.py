"""Screens over the dashboard that show parts of its snapshot."""


class Follower:
    """The dashboard tells it of every new snapshot; it has no timer of its own."""

    def follow(self) -> None:
        """Take what is new."""
        raise NotImplementedError
